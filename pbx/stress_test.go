//lint:file-ignore SA1019 The other end drops in every way that the library can.

package pbx_test

import (
	"context"
	"net/http/httptest"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"nhooyr.io/websocket"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/pbx/pbxtest"
	"github.com/pbx365/connector/presence"
)

// footprint is what a process holds: goroutines, and open files where the system tells.
func footprint() (goroutines, files int) {
	open, _ := os.ReadDir("/proc/self/fd")
	return runtime.NumGoroutine(), len(open)
}

// atRest returns what is held once that has not changed for a while: all that begins with a connection has begun.
func atRest() (goroutines, files int) {
	for since := time.Now(); time.Since(since) < 500*time.Millisecond; runtime.Gosched() {
		if g, f := footprint(); g != goroutines || f != files {
			goroutines, files, since = g, f, time.Now()
		}
	}
	return goroutines, files
}

// shrinksTo waits until no more is held than that.
func shrinksTo(t *testing.T, goroutines, files int) {
	t.Helper()
	var g, f int
	for deadline := time.Now().Add(time.Minute); ; runtime.Gosched() {
		if g, f = footprint(); g <= goroutines && f <= files {
			return
		}
		if time.Now().After(deadline) {
			break
		}
	}
	stacks := make([]byte, 1<<16)
	require.Fail(t, "something stays", "%d goroutines, first %d; %d files, first %d\n%s",
		g, goroutines, f, files, stacks[:runtime.Stack(stacks, true)])
}

// overTCP runs a server on a port and returns it with its address.
func overTCP(t *testing.T, o pbx.Options) (*pbx.Server, string) {
	t.Helper()
	o.Password, o.LicenceOff = password, true
	server, err := pbx.NewServer(o)
	require.NoError(t, err)
	web := httptest.NewServer(server)
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = server.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait(); web.Close() })
	awaitRun(server)
	return server, web.URL
}

// Not parallel: it counts what the whole process holds.
func TestNothingStaysOfPeersThatComeAndGo(t *testing.T) {
	cycles := 10_000
	if testing.Short() {
		cycles = 1000
	}
	server, url := overTCP(t, pbx.Options{OnEvent: func(pbx.Event) {}})
	cycle := func(i int) {
		p := dialPeer(t.Context(), t, url)
		defer p.ws.CloseNow()
		if i%10 == 0 {
			return // not a word
		}
		if p.send(t.Context(), []byte(`{"mt":"AppChallenge"}`)) != nil {
			return
		}
		_, frame, err := p.ws.Read(t.Context())
		if err != nil || i%10 == 1 {
			return // no login
		}
		_ = p.send(t.Context(), []byte(asPBX("master").appLogin(string(between(frame, `"challenge":"`)))))
		if _, _, err := p.ws.Read(t.Context()); err != nil || i%10 == 2 {
			return // no PbxInfo
		}
		_ = p.send(t.Context(), []byte(`{"mt":"PbxInfo","domain":"example.com","pbx":"master","apis":["PbxApi","PbxTableUsers","RCC"]}`))
		if i%10 == 3 {
			_ = p.ws.Close(websocket.StatusNormalClosure, "")
			return
		}
		if i%10 > 5 {
			_, _, _ = p.ws.Read(t.Context()) // in the middle of the first copy
		}
	}
	for range 20 { // what is started once stays
		cycle(4)
	}
	require.Eventually(t, func() bool { return server.Counters().Logins == 20 }, time.Minute, time.Millisecond)
	runtime.GC()
	goroutines, files := atRest()

	var next atomic.Int64
	var workers sync.WaitGroup
	for range 8 {
		workers.Go(func() {
			for i := next.Add(1); i <= int64(cycles); i = next.Add(1) {
				cycle(int(i))
			}
		})
	}
	workers.Wait()
	shrinksTo(t, goroutines, files)
	counters := server.Counters()
	require.EqualValues(t, 20+cycles*8/10, counters.Logins)
	require.EqualValues(t, cycles*2/10, counters.RefusedLogins)
	require.Equal(t, presence.StateStarting, server.Health()[1].State, "waiting for the PBX to come back")
}

// Not parallel either.
func TestNothingStaysOfReplacedConnections(t *testing.T) {
	times := 1000
	if testing.Short() {
		times = 100
	}
	w := newWorld()
	server, url := overTCP(t, pbx.Options{OnEvent: w.learn})
	system := pbxtest.NewSystem("example.com")
	var guids []string
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		guids = append(guids, system.AddUser(pbxtest.User{Name: name}).GUID)
	}
	hq := system.AddPBX(pbxtest.Options{AppURL: url + "/ms365/innovaphone-microsoft365", Password: password})
	pbxtest.Start(t, hq)
	require.NoError(t, system.Await(t.Context(), func() bool { return system.Subscriptions(guids[4]) == 1 }))
	goroutines, files := atRest()

	stop := make(chan struct{})
	var load sync.WaitGroup
	for i, guid := range guids {
		load.Go(func() { // a person sets and calls, and somebody else writes
			for n := i; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				_ = system.SetPresence(guid, "tel:", []string{"away", "dnd", ""}[n%3], "")
				if call, err := system.StartCall(guid, pbxtest.CallOptions{Remote: "1"}); err == nil {
					call.Connect()
					call.HangUp()
				}
				_ = server.SetPresence(t.Context(), guid, pbx.Presence{Activity: "busy"})
			}
		})
	}
	for i := range times {
		require.NoError(t, system.Await(t.Context(), func() bool {
			accepted, _ := hq.Logins()
			return accepted > i && hq.Connected()
		}))
		hq.Duplicate()
	}
	require.Eventually(t, func() bool { return server.Counters().Replaced == uint64(times) }, time.Minute, time.Millisecond)
	close(stop)
	load.Wait()
	for _, guid := range guids {
		require.NoError(t, system.Await(t.Context(), func() bool { return system.Subscriptions(guid) == 1 }), "on one connection")
	}
	shrinksTo(t, goroutines, files)
	require.NoError(t, system.SetPresence(guids[0], "tel:", "vacation", ""))
	require.Eventually(t, func() bool { return w.activity(guids[0]) == "vacation" }, time.Minute, time.Millisecond)
	for _, guid := range guids[1:] {
		require.Eventually(t, func() bool { return w.activity(guid) == system.Activity(guid) }, time.Minute, time.Millisecond)
	}
	require.Eventually(t, func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.calls) == 0
	}, time.Minute, time.Millisecond, "every call has ended")
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Len(t, w.users, len(guids))
	require.Empty(t, w.corrupt)
	require.Zero(t, server.Counters().BadFrames)
}
