package pbx_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"nhooyr.io/websocket" //lint:ignore SA1019 the ceiling is the library that the package uses

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/presence"
)

// window is how many messages are under way at a time, as by default of Options.Outstanding.
const window = 50

// peer is the far end of a websocket over TCP that answers each frame by rote, which
// costs next to nothing: what is measured is the near end.
type peer struct{ ws *websocket.Conn }

func dialPeer(ctx context.Context, b *testing.B, url string) *peer {
	b.Helper()
	ws, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{CompressionMode: websocket.CompressionDisabled})
	require.NoError(b, err)
	ws.SetReadLimit(1 << 20)
	b.Cleanup(func() { _ = ws.CloseNow() })
	return &peer{ws}
}

func (p *peer) send(ctx context.Context, frames ...[]byte) error {
	for _, frame := range frames {
		if err := p.ws.Write(ctx, websocket.MessageText, frame); err != nil {
			return err
		}
	}
	return nil
}

// serve answers until the websocket ends. No answer is nil.
func (p *peer) serve(ctx context.Context, answer func(frame []byte) []byte) {
	for {
		_, frame, err := p.ws.Read(ctx)
		if err != nil {
			return
		}
		if reply := answer(frame); reply != nil && p.send(ctx, reply) != nil {
			return
		}
	}
}

// bare measures round trips over a bare websocket: n frames go out, at most inFlight
// of them unanswered, and each is answered by one frame.
func bare(b *testing.B, n, inFlight int, frame, reply []byte) time.Duration {
	b.Helper()
	var took time.Duration
	done := make(chan struct{})
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer close(done)
		defer func() { _ = ws.CloseNow() }()
		ctx := context.Background()
		tickets := make(chan struct{}, inFlight)
		start := time.Now()
		go func() {
			for range n {
				tickets <- struct{}{}
				if ws.Write(ctx, websocket.MessageText, frame) != nil {
					return
				}
			}
		}()
		for range n {
			if _, _, err := ws.Read(ctx); err != nil {
				return
			}
			<-tickets
		}
		took = time.Since(start)
	}))
	defer web.Close()
	p := dialPeer(b.Context(), b, web.URL)
	go p.serve(b.Context(), func([]byte) []byte { return reply })
	<-done
	return took
}

// benchServer is a running server on a TCP port, and the event it has had last.
type benchServer struct {
	*pbx.Server
	url    string
	synced chan struct{}
}

func newBenchServer(b *testing.B, o pbx.Options) *benchServer {
	b.Helper()
	s := &benchServer{synced: make(chan struct{}, 1)}
	o.Password, o.LicenceOff = password, true
	o.OnEvent = func(e pbx.Event) {
		if _, ok := e.(pbx.UsersSynced); ok {
			s.synced <- struct{}{}
		}
	}
	var err error
	s.Server, err = pbx.NewServer(o)
	require.NoError(b, err)
	web := httptest.NewServer(s)
	s.url = web.URL
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = s.Run(ctx) })
	b.Cleanup(func() { cancel(); running.Wait(); web.Close() })
	for !s.up() {
		runtime.Gosched()
	}
	return s
}

func (s *benchServer) up() bool {
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.Header.Set("Upgrade", "websocket")
	response := httptest.NewRecorder()
	s.ServeHTTP(response, request)
	return response.Code != http.StatusServiceUnavailable
}

// connect logs a PBX in that answers by rote.
func (s *benchServer) connect(b *testing.B, apis string, answer func(frame []byte) []byte) {
	b.Helper()
	p := dialPeer(b.Context(), b, s.url)
	require.NoError(b, p.send(b.Context(), []byte(`{"mt":"AppChallenge"}`)))
	_, frame, err := p.ws.Read(b.Context())
	require.NoError(b, err)
	require.NoError(b, p.send(b.Context(), []byte(asPBX("master").appLogin(string(between(frame, `"challenge":"`))))))
	_, frame, err = p.ws.Read(b.Context())
	require.NoError(b, err)
	require.Contains(b, string(frame), `"ok":true`)
	require.NoError(b, p.send(b.Context(), []byte(`{"mt":"PbxInfo","domain":"example.com","pbx":"master","apis":`+apis+`}`)))
	go p.serve(b.Context(), answer)
}

// between returns what stands after a mark up to the next quotation mark.
func between(frame []byte, mark string) []byte {
	_, rest, _ := bytes.Cut(frame, []byte(mark))
	value, _, _ := bytes.Cut(rest, []byte(`"`))
	return value
}

// replicate answers as the master of n users does.
func replicate(n int) func(frame []byte) []byte {
	i := 0
	rows := make([][]byte, n)
	for i := range rows {
		rows[i] = fmt.Appendf(nil, `"columns":{"guid":"%032x","h323":"user%d","cn":"First Second User %d","dn":"User, First Second %d","e164":"%d","loc":"master","emails":[{"email":"first.user%d"}]}}`, i, i, i, i, 10000+i, i)
	}
	return func(frame []byte) []byte {
		src := between(frame, `"src":"`)
		switch string(between(frame, `"mt":"`)) {
		case "ReplicateStart":
			return fmt.Appendf(nil, `{"api":"PbxTableUsers","mt":"ReplicateStartResult","src":"%s","columns":{}}`, src)
		case "ReplicateNext":
			if i == len(rows) {
				return fmt.Appendf(nil, `{"api":"PbxTableUsers","mt":"ReplicateNextResult","src":"%s"}`, src)
			}
			i++
			return fmt.Appendf(nil, `{"api":"PbxTableUsers","mt":"ReplicateNextResult","src":"%s",%s`, src, rows[i-1])
		case "SetPresence":
			return fmt.Appendf(nil, `{"api":"PbxApi","mt":"SetPresenceResult","src":"%s"}`, src)
		case "SubscribePresence":
			return fmt.Appendf(nil, `{"api":"PbxApi","mt":"SubscribePresenceResult","src":"%s"}`, src)
		}
		return nil
	}
}

// SetPresence, pipelined over one connection, against bare messages of the same size.
func BenchmarkSetPresence(b *testing.B) {
	s := newBenchServer(b, pbx.Options{})
	s.connect(b, `["PbxApi","PbxTableUsers"]`, replicate(1))
	<-s.synced
	guid := fmt.Sprintf("%032x", 0)
	b.ReportAllocs()
	b.ResetTimer()
	start := time.Now()
	var writers sync.WaitGroup
	for w := range window {
		writers.Go(func() {
			for i := w; i < b.N; i += window {
				if err := s.SetPresence(b.Context(), guid, presence.PBX{Activity: "busy", Note: "back at four"}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	writers.Wait()
	took := time.Since(start)
	b.StopTimer()
	request := `{"activity":"busy","api":"PbxApi","contact":"tel:","guid":"` + guid + `","mt":"SetPresence","note":"back at four","src":"12345"}`
	ceiling := bare(b, b.N, window, []byte(request), []byte(`{"api":"PbxApi","mt":"SetPresenceResult","src":"12345"}`))
	b.ReportMetric(float64(b.N)/took.Seconds(), "writes/s")
	b.ReportMetric(ceiling.Seconds()/took.Seconds(), "of-bare")
}

// The first copy of 20,000 users, one question after the other as the protocol wants
// it, against as many bare round trips. B/user is what stays of each.
func BenchmarkFirstCopy(b *testing.B) {
	const users = 20_000
	row := replicate(1)([]byte(`"mt":"ReplicateNext","src":"12345"`))
	var ours, ceiling time.Duration
	var kept float64
	for b.Loop() {
		s := newBenchServer(b, pbx.Options{})
		answer := replicate(users)
		before := heap()
		start := time.Now()
		s.connect(b, `["PbxTableUsers"]`, answer)
		<-s.synced
		ours += time.Since(start)
		kept += float64(heap()-before) / users
		runtime.KeepAlive(answer)
		ceiling += bare(b, users, 1, []byte(`{"api":"PbxTableUsers","mt":"ReplicateNext","src":"12345"}`), row)
	}
	b.ReportMetric(users*float64(b.N)/ours.Seconds(), "rows/s")
	b.ReportMetric(ceiling.Seconds()/ours.Seconds(), "of-bare")
	b.ReportMetric(kept/float64(b.N), "B/user")
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
