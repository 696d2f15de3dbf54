package pbxtest_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

var _ pbxtest.TB = testing.TB(nil)

// recorder is a test that only notes what happens to it.
type recorder struct {
	cleanups []func()
	errors   []string
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func (r *recorder) end() {
	for _, f := range r.cleanups {
		f()
	}
}

func TestStartFailsTheTestForViolations(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		sys := newSystem()
		p := sys.AddPBX(svc.options())
		var tb recorder
		pbxtest.Start(&tb, p)
		svc.next().send(`{"mt":"Nonsense"}`)
		await(t, sys, func() bool { return len(sys.Violations()) == 1 })
		tb.end()
		require.False(t, p.Connected())
		require.Equal(t, []string{"protocol violation: master: Nonsense: unknown message"}, tb.errors)
	})
}

func TestStartFailsTheTestForAPBXThatCannotRun(t *testing.T) {
	t.Parallel()
	var tb recorder
	pbxtest.Start(&tb, pbxtest.NewSystem("").AddPBX(pbxtest.Options{}))
	tb.end()
	require.Len(t, tb.errors, 1)
	require.Contains(t, tb.errors[0], "run PBX master")
}

func TestListenerAfterClose(t *testing.T) {
	t.Parallel()
	l := pbxtest.NewListener()
	require.NoError(t, l.Close())
	require.NoError(t, l.Close())
	_, err := l.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
	_, err = l.Client().Get("http://anywhere/")
	require.ErrorIs(t, err, net.ErrClosed)
	require.Equal(t, "memory memory", l.Addr().Network()+" "+l.Addr().String())
}

func TestListenerDialEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://anywhere/", nil)
	require.NoError(t, err)
	_, err = pbxtest.NewListener().Client().Do(req)
	require.ErrorIs(t, err, context.Canceled)
}
