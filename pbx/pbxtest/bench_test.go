//lint:file-ignore SA1019 The module has moved, with the same API; moving along is one import line here.

package pbxtest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"nhooyr.io/websocket"

	"github.com/pbx365/connector/pbx/pbxtest"
)

// town is the number of users of a large system.
const town = 20_000

// crowd returns a system with that many users.
func crowd(n int) *pbxtest.System {
	sys := pbxtest.NewSystem("example.com")
	for i := range n {
		sys.AddUser(pbxtest.User{
			GUID: fmt.Sprintf("%032x", i), Name: fmt.Sprint("user", i), LongName: fmt.Sprint("User ", i),
			Number: fmt.Sprint(i), Emails: []string{fmt.Sprintf("user%d@example.com", i)}, Licensed: true,
		})
	}
	return sys
}

// wire is the service's end of a websocket over a real socket.
type wire struct {
	b  *testing.B
	ws *websocket.Conn
}

// listen has one websocket opened to a server and returns the server's end, after serve
// has let the other end in.
func listen(b *testing.B, open func(url string, client *http.Client)) wire {
	b.Helper()
	accepted := make(chan *websocket.Conn)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		ws.SetReadLimit(-1)
		accepted <- ws
	}))
	open(server.URL, server.Client())
	w := wire{b, <-accepted}
	b.Cleanup(func() {
		_ = w.ws.CloseNow()
		server.Close()
	})
	return w
}

// dialled is the end of a PBX of the system, logged in.
func dialled(b *testing.B, sys *pbxtest.System) wire {
	b.Helper()
	w := listen(b, func(url string, client *http.Client) {
		pbxtest.Start(b, sys.AddPBX(pbxtest.Options{AppURL: url + "/path/app", HTTPClient: client, QueueLimit: 1 << 22}))
	})
	w.read()
	w.write(`{"mt":"AppChallengeResult","challenge":"1"}`)
	w.read()
	w.write(`{"mt":"AppLoginResult","ok":true}`)
	w.read()
	w.read()
	return w
}

// bare is a websocket whose other end is serve and no PBX.
func bare(b *testing.B, serve func(*websocket.Conn)) wire {
	b.Helper()
	return listen(b, func(url string, client *http.Client) {
		go func() {
			ws, _, err := websocket.Dial(context.Background(), url, &websocket.DialOptions{
				HTTPClient: client, CompressionMode: websocket.CompressionDisabled,
			})
			if err != nil {
				return
			}
			defer ws.CloseNow()
			ws.SetReadLimit(-1)
			serve(ws)
		}()
	})
}

func (w wire) read() []byte {
	_, raw, err := w.ws.Read(context.Background())
	require.NoError(w.b, err)
	return raw
}

func (w wire) write(text string) {
	require.NoError(w.b, w.ws.Write(context.Background(), websocket.MessageText, []byte(text)))
}

// report gives the rate of n things and its share of what a bare websocket does.
func report(b *testing.B, what string, n int, took, bare time.Duration) {
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(n)/took.Seconds(), what+"/s")
	b.ReportMetric(float64(bare)/float64(took), "of-bare")
}

// BenchmarkFirstCopy replicates a town, row by row as the protocol has it, beside an echo
// of as many bytes.
func BenchmarkFirstCopy(b *testing.B) {
	next := `{"api":"PbxTableUsers","mt":"ReplicateNext","src":"repl"}`
	w := dialled(b, crowd(town))
	var took, echoed time.Duration
	var row []byte
	for b.Loop() {
		w.write(`{"api":"PbxTableUsers","mt":"ReplicateStart","src":"repl","columns":{` +
			`"guid":{},"h323":{},"cn":{},"dn":{},"e164":{},"loc":{},"h323-email":{},"emails":{},"grps":{}}}`)
		w.read()
		start := time.Now()
		for range town {
			w.write(next)
			row = w.read()
		}
		took += time.Since(start)
		require.Contains(b, string(row), fmt.Sprintf(`"cn":"User %d"`, town-1))
		w.write(next)
		require.NotContains(b, string(w.read()), "columns")

		echo := bare(b, func(ws *websocket.Conn) {
			for {
				if _, _, err := ws.Read(context.Background()); err != nil {
					return
				}
				if ws.Write(context.Background(), websocket.MessageText, row) != nil {
					return
				}
			}
		})
		start = time.Now()
		for range town {
			echo.write(next)
			echo.read()
		}
		echoed += time.Since(start)
	}
	report(b, "rows", town*b.N, took, echoed)
}

// BenchmarkPresenceChanges changes the presence of everybody in a town, all subscribed,
// beside a stream of the same frames.
func BenchmarkPresenceChanges(b *testing.B) {
	sys := crowd(town)
	w := dialled(b, sys)
	users := sys.Users()
	go func() {
		for _, u := range users {
			_ = w.ws.Write(context.Background(), websocket.MessageText,
				fmt.Appendf(nil, `{"api":"PbxApi","mt":"SubscribePresence","src":%q,"sip":%q}`, u.GUID, u.Name))
		}
	}()
	for range 3 * town {
		w.read()
	}
	var took, streamed time.Duration
	activities := []string{"busy", ""}
	var frame []byte
	for round := 0; b.Loop(); round++ {
		start := time.Now()
		go func() {
			for _, u := range users {
				_ = sys.SetPresence(u.GUID, "tel:", activities[round%2], "")
			}
		}()
		for range town {
			frame = w.read()
		}
		took += time.Since(start)
		require.Contains(b, string(frame), "PresenceUpdate")

		stream := bare(b, func(ws *websocket.Conn) {
			for range town {
				if ws.Write(context.Background(), websocket.MessageText, frame) != nil {
					return
				}
			}
			_, _, _ = ws.Read(context.Background())
		})
		start = time.Now()
		for range town {
			stream.read()
		}
		streamed += time.Since(start)
	}
	report(b, "changes", town*b.N, took, streamed)
}

// BenchmarkPopulation adds users, subscribes to them, adds and deletes an impersonation for
// each and removes them. The time and memory per user must not grow with their number.
func BenchmarkPopulation(b *testing.B) {
	for _, n := range []int{1_000, town} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var took time.Duration
			var used uint64
			for b.Loop() {
				before := heap()
				start := time.Now()
				sys := crowd(n)
				w := dialled(b, sys)
				go func() {
					for _, u := range sys.Users() {
						for _, request := range []string{
							`{"api":"PbxApi","mt":"SubscribePresence","src":%q,"sip":%q}`,
							`{"api":"PbxImpersonation","mt":"CreateApi","src":%q,"target":"PbxApi","sip":%q}`,
						} {
							_ = w.ws.Write(context.Background(), websocket.MessageText, fmt.Appendf(nil, request, u.GUID, u.Name))
						}
					}
				}()
				for range 4 * n {
					w.read()
				}
				took += time.Since(start)
				used += heap() - before
				start = time.Now()
				go func() {
					for i, u := range sys.Users() {
						for _, request := range []string{
							fmt.Sprintf(`{"api":"PbxApi","mt":"UnsubscribePresence","src":%q}`, u.GUID),
							fmt.Sprintf(`{"api":"PbxImpersonation","mt":"DeleteApi","target":"PbxApi.%d"}`, i),
						} {
							_ = w.ws.Write(context.Background(), websocket.MessageText, []byte(request))
						}
					}
				}()
				for range 2 * n {
					require.NotContains(b, string(w.read()), "error")
				}
				for _, u := range sys.Users() {
					sys.RemoveUser(u.GUID)
				}
				took += time.Since(start)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(took.Nanoseconds())/float64(n*b.N), "ns/user")
			b.ReportMetric(float64(used)/float64(n*b.N), "B/user")
		})
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
