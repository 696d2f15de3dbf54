//lint:file-ignore SA1019 The module has moved, with the same API; moving along is one import line here.

package pbxtest_test

import (
	"context"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// unanswered asserts that a ping gets no pong and the connection no end.
func (l *link) unanswered(wait time.Duration) {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(l.ctx, wait)
	defer cancel()
	require.ErrorIs(l.t, l.ws.Ping(ctx), context.DeadlineExceeded)
}

func TestVanishedPBXLeavesItsConnectionOpen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		sys := newSystem()
		o := svc.options()
		o.PingInterval = 30 * time.Second
		p := sys.AddPBX(o)
		run(t, p)
		old := svc.next()
		old.ask(`{"api":"PbxApi","mt":"SubscribePresence","src":"a","sip":"user1"}`)
		old.next()
		old.next()
		start := time.Now()
		p.Vanish()
		require.False(t, p.Connected())
		require.Zero(t, sys.Subscriptions(guid1))
		require.NoError(t, sys.SetPresence(guid1, "tel:", "busy", ""))
		fresh := svc.next()
		require.Equal(t, time.Second, time.Since(start))
		pass(10*time.Minute + time.Second) // no two pings at the same instant: a pipe has no buffer
		old.silent()
		old.unanswered(time.Minute)
		require.NoError(t, fresh.ws.Ping(fresh.ctx))
		require.True(t, p.Connected())
		require.Empty(t, svc.links, "one connection anew, not one for each ping that fails")
	})
}

func TestVanishedPBXStaysAwayWhilePaused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		p := newSystem().AddPBX(svc.options())
		run(t, p)
		old := svc.next()
		p.Vanish()
		p.Pause()
		pass(time.Hour)
		old.silent()
		require.Empty(t, svc.links)
		p.Resume()
		svc.next()
	})
}

func TestVanishedConnectionsEndWithRun(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(*testing.T, func(*testing.T)){
		"in memory":    synctest.Test,
		"over sockets": func(t *testing.T, f func(*testing.T)) { f(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, func(t *testing.T) {
				svc := newService(t)
				o := svc.options()
				o.MinBackoff = time.Millisecond
				if name == "over sockets" {
					server := httptest.NewTLSServer(svc)
					t.Cleanup(server.Close)
					o.AppURL, o.HTTPClient = server.URL+"/path/app", server.Client()
				}
				p := newSystem().AddPBX(o)
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- p.Run(ctx) }()
				var old []*link
				for range 3 {
					old = append(old, svc.next())
					p.Vanish()
				}
				svc.next().ask(`{"api":"PbxAdminApi","mt":"GetObject","sip":"user1"}`)
				for _, l := range old[1:] {
					l.unanswered(50 * time.Millisecond)
				}
				require.Empty(t, old[0].frames, "open, though nobody is there")
				require.NoError(t, old[0].ctx.Err())
				cancel()
				require.NoError(t, <-ended)
				old[0].gone()
			})
		})
	}
}

func TestVanishWithoutAConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		p := newSystem().AddPBX(svc.options())
		p.Vanish()
		run(t, p)
		svc.next()
	})
}
