package pbxtest_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

// TestEverythingAtOnce lets people, administrators and faults loose on PBXs that are
// connected over TLS and real sockets.
func TestEverythingAtOnce(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(readOnly())
	defer server.Close()
	sys := newSystem()
	var pbxs []*pbxtest.PBX
	for i := range 3 {
		pbxs = append(pbxs, sys.AddPBX(pbxtest.Options{
			Name: fmt.Sprint("pbx", i), AppURL: server.URL + "/path/app", HTTPClient: server.Client(),
			MinBackoff: time.Millisecond, PingInterval: time.Second, FragmentSize: 7,
		}))
	}
	require.Equal(t, "pbx2", pbxs[2].Name())
	pbxtest.Start(t, pbxs...)

	var all sync.WaitGroup
	for i, p := range pbxs {
		guid := fmt.Sprint("g", i)
		all.Go(func() {
			for n := range 50 {
				sys.AddUser(pbxtest.User{GUID: guid, Name: guid, Home: p.Name()})
				if call, err := sys.StartCall(guid, pbxtest.CallOptions{}); err == nil {
					call.Connect()
					_ = sys.SetPresence(guid, "tel:", "busy", fmt.Sprint(n))
					call.HangUp()
				}
				sys.RemoveUser(guid)
			}
		})
		all.Go(func() {
			for range 20 {
				p.Duplicate()
				p.Vanish()
				p.Drop()
				p.Pause()
				p.Resume()
			}
		})
	}
	all.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	require.NoError(t, sys.Await(ctx, func() bool {
		for _, p := range pbxs {
			if !p.Connected() {
				return false
			}
		}
		return true
	}))
	require.Len(t, sys.Users(), 2)
}

// TestMain checks that the tests left no goroutine behind.
func TestMain(m *testing.M) {
	code := m.Run()
	deadline := time.Now().Add(5 * time.Second)
	for code == 0 && runtime.NumGoroutine() > 2 {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			fmt.Fprintf(os.Stderr, "goroutines left:\n%s\n", buf[:runtime.Stack(buf, true)])
			code = 1
		}
		runtime.Gosched()
	}
	os.Exit(code)
}
