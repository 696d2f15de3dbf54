//lint:file-ignore SA1019 The ceiling is the library that the package uses.

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
	"nhooyr.io/websocket"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/presence"
)

// window is how many messages are under way at a time, as by default of Options.Outstanding.
const window = 50

// peer is the far end of a websocket over TCP that answers each frame by rote, which
// costs next to nothing: what is measured is the near end.
type peer struct{ ws *websocket.Conn }

func dialPeer(ctx context.Context, b testing.TB, url string) *peer {
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

// serve answers until the websocket ends.
func (p *peer) serve(ctx context.Context, answer func(frame []byte) [][]byte) {
	for {
		_, frame, err := p.ws.Read(ctx)
		if err != nil || p.send(ctx, answer(frame)...) != nil {
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
	go p.serve(b.Context(), func([]byte) [][]byte { return [][]byte{reply} })
	<-done
	return took
}

// benchServer is a running server on a TCP port.
type benchServer struct {
	*pbx.Server
	url    string
	synced chan struct{} // gets one for each UsersSynced
	shown  chan struct{} // gets one for each PresenceSeen
}

func newBenchServer(b *testing.B, o pbx.Options) *benchServer {
	b.Helper()
	s := &benchServer{synced: make(chan struct{}, 1), shown: make(chan struct{}, 1<<16)}
	o.Password = password
	o.OnEvent = func(e pbx.Event) {
		switch e.(type) {
		case pbx.UsersSynced:
			s.synced <- struct{}{}
		case pbx.PresenceSeen:
			s.shown <- struct{}{}
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
	awaitRun(s)
	return s
}

// awaitRun returns once a server admits peers.
func awaitRun(server http.Handler) {
	for {
		request := httptest.NewRequest(http.MethodGet, "/", nil)
		request.Header.Set("Upgrade", "websocket")
		response := httptest.NewRecorder()
		if server.ServeHTTP(response, request); response.Code != http.StatusServiceUnavailable {
			return
		}
		runtime.Gosched()
	}
}

// connect logs a PBX in that answers by rote.
func (s *benchServer) connect(b *testing.B, apis string, answer func(frame []byte) [][]byte) {
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
func replicate(n int) func(frame []byte) [][]byte {
	next := 0
	rows := make([][]byte, n)
	for i := range rows {
		rows[i] = fmt.Appendf(nil, `,"columns":{"guid":"%032x","h323":"user%d","cn":"First Second User %d","dn":"User, First Second %d","e164":"%d","loc":"master","emails":[{"email":"first.user%d"}]}`, i, i, i, i, 10000+i, i)
	}
	return func(frame []byte) [][]byte {
		api, name, src := between(frame, `"api":"`), between(frame, `"mt":"`), between(frame, `"src":"`)
		result := func(rest string) []byte {
			return fmt.Appendf(nil, `{"api":"%s","mt":"%sResult","src":"%s"%s}`, api, name, src, rest)
		}
		switch string(name) {
		case "ReplicateNext":
			if next == len(rows) {
				return [][]byte{result("")}
			}
			next++
			return [][]byte{result(string(rows[next-1]))}
		case "CheckAppLic":
			return [][]byte{result(`,"ok":true`)}
		case "SubscribePresence":
			return [][]byte{
				result(""),
				fmt.Appendf(nil, `{"api":"PbxApi","mt":"PresenceState","src":"%s","up":true}`, src),
				fmt.Appendf(nil, `{"api":"PbxApi","mt":"PresenceUpdate","src":"%s","presence":[{"contact":"tel:","status":"open","activity":"busy","note":"back at four"},{"contact":"im:","status":"open"}]}`, src),
			}
		}
		return [][]byte{result("")}
	}
}

// SetPresence, pipelined over one connection, against bare messages of the same size.
func BenchmarkSetPresence(b *testing.B) {
	s := newBenchServer(b, pbx.Options{LicenceOff: true})
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
// it, against as many bare round trips.
func BenchmarkFirstCopy(b *testing.B) {
	benchmarkCopy(b, pbx.Options{LicenceOff: true}, `["PbxTableUsers"]`, 0)
}

// The same until every licence is checked and everybody's presence has been shown,
// which takes four more messages from the PBX for each user and two to it.
func BenchmarkFirstCopyWatched(b *testing.B) {
	benchmarkCopy(b, pbx.Options{}, `["PbxTableUsers","PbxAdminApi","PbxApi"]`, copied)
}

// copied is the number of users in a benchmark.
const copied = 20_000

// benchmarkCopy reports as B/user what stays of each.
func benchmarkCopy(b *testing.B, o pbx.Options, apis string, watched int) {
	const users = copied
	row := replicate(1)([]byte(`"api":"PbxTableUsers","mt":"ReplicateNext","src":"12345"`))[0]
	var ours, ceiling time.Duration
	var kept float64
	for b.Loop() {
		s := newBenchServer(b, o)
		answer := replicate(users)
		before := heap()
		start := time.Now()
		s.connect(b, apis, answer)
		<-s.synced
		for range watched {
			<-s.shown
		}
		ours += time.Since(start)
		kept += float64(heap()-before) / users
		runtime.KeepAlive(answer)
		ceiling += bare(b, users, 1, []byte(`{"api":"PbxTableUsers","mt":"ReplicateNext","src":"12345"}`), row)
	}
	b.ReportMetric(users*float64(b.N)/ours.Seconds(), "users/s")
	b.ReportMetric(ceiling.Seconds()/ours.Seconds(), "of-bare")
	b.ReportMetric(kept/float64(b.N), "B/user")
}

// heap is what is in use once the garbage is gone.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
