package graph_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/presence"
)

// throttled has Graph take nothing for d, and returns when that begins.
func (f *office) throttled(d time.Duration) {
	f.t.Helper()
	f.Fault(graphtest.Answer{Count: 1, Route: graphtest.RoutePresences, Status: 429, RetryAfter: d})
	require.NoError(f.t, f.Await(f.t.Context(), func() bool { return f.Tally().Sum().Throttled == 1 }))
	synctest.Wait() // until the answer has arrived
}

// What somebody does while Graph takes nothing, a second between any two steps, and what is
// written of it afterwards.
func TestWhatBecomesObsoleteDuringAHoldIsNotSent(t *testing.T) {
	t.Parallel()
	calls := func(on ...bool) func(*office, string) {
		return func(f *office, id string) {
			for _, o := range on {
				f.call(id, o)
				f.wait(time.Second)
			}
		}
	}
	values := func(activities ...string) func(*office, string) {
		return func(f *office, id string) {
			for _, a := range activities {
				f.set(id, a)
				f.wait(time.Second)
			}
		}
	}
	both := func(steps ...func(*office, string)) func(*office, string) {
		return func(f *office, id string) {
			for _, s := range steps {
				s(f, id)
			}
		}
	}
	session, clear, preferred, lift := graphtest.RouteSetPresence, graphtest.RouteClearPresence, graphtest.RouteSetPreferred, graphtest.RouteClearPreferred
	for name, c := range map[string]struct {
		before, during func(*office, string)
		want           []graphtest.Route
		shows          string
		withdrawn      uint64
	}{
		"a call that begins and ends":             {nil, calls(true, false), nil, "Available/Available", 1},
		"a call that begins, ends and begins":     {nil, calls(true, false, true), []graphtest.Route{session}, "Busy/InACall", 1},
		"five values":                             {nil, values("dnd", "busy", "lunch", "away", "dnd"), []graphtest.Route{preferred}, "DoNotDisturb/DoNotDisturb", 3},
		"a value that is taken back":              {nil, values("dnd", ""), nil, "Available/Available", 1},
		"a value, then a call":                    {nil, both(values("dnd"), calls(true)), []graphtest.Route{session, preferred}, "DoNotDisturb/DoNotDisturb", 1},
		"a value for the length of a call":        {nil, both(calls(true), values("busy"), calls(false)), []graphtest.Route{preferred}, "Busy/Busy", 1},
		"a call that ends and begins again":       {calls(true), calls(false, true), nil, "Busy/InACall", 1},
		"a call that ends":                        {calls(true), calls(false), []graphtest.Route{clear}, "Available/Available", 0},
		"a value that is cleared and comes again": {values("dnd"), values("", "dnd"), nil, "DoNotDisturb/DoNotDisturb", 1},
		"a value that is cleared":                 {values("dnd"), values(""), []graphtest.Route{lift}, "Available/Available", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				f := newOffice(t, 1, graphtest.Options{})
				f.open(graph.SweepOptions{Every: 10 * time.Second})
				anna := f.people[0]
				if c.before != nil {
					c.before(f, anna)
				}
				f.wait(time.Minute)
				f.throttled(time.Minute)
				before := len(f.Writes())
				ends := time.Now().Add(time.Minute)
				c.during(f, anna)
				require.Len(t, f.Writes(), before, "nobody goes")
				require.Equal(t, c.withdrawn, f.bridge.Status().Writes.Withdrawn)
				f.wait(time.Minute)
				var written []graphtest.Route
				for _, w := range f.Writes()[before:] {
					written = append(written, w.Action)
					require.False(t, w.Time.Before(ends))
				}
				require.Equal(t, c.want, written)
				after := f.bridge.Status()
				require.Zero(t, after.Writes.Refused+after.Writes.Failed)
				require.Empty(t, after.Failing)
				f.wait(2 * time.Minute)
				require.Equal(t, c.shows, f.Presence(anna).Pair.String())
			})
		})
	}
}

// A renewal that waits behind everything else makes room for the end of its call.
func TestARenewalIsWithdrawnWhenItsCallEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newOffice(t, 1, graphtest.Options{})
		f.open(graph.SweepOptions{Every: 10 * time.Second})
		f.call(f.people[0], true)
		f.wait(2 * time.Minute)
		f.throttled(7 * time.Minute)
		f.wait(6 * time.Minute) // the renewal is due within
		cost := f.costs(func() {
			f.call(f.people[0], false)
			f.wait(2 * time.Minute)
		})
		require.EqualValues(t, 1, f.bridge.Status().Writes.Withdrawn)
		require.Zero(t, cost[graphtest.RouteSetPresence].Asked)
		require.EqualValues(t, 1, cost[graphtest.RouteClearPresence].Done)
	})
}

// What a stop withdraws is decided again at the next start, so it need not wait for Graph.
func TestAStopDuringAHoldWaitsForNothingThatWasNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newOffice(t, 1, graphtest.Options{})
		var log bytes.Buffer
		f.log = slog.New(slog.NewTextHandler(&log, nil))
		f.open(graph.SweepOptions{Every: 10 * time.Second})
		f.wait(time.Minute)
		f.throttled(time.Minute)
		log.Reset()
		f.call(f.people[0], true)
		f.wait(time.Second)
		begun := time.Now()
		f.stop()
		require.Zero(t, time.Since(begun))
		require.NotContains(t, log.String(), "failed")
	})
}

// withdrawing makes one call that is withdrawn after d, and returns its error.
func (g *gated) withdrawing(t *testing.T, d time.Duration, f func(context.Context) error) error {
	ctx, withdraw := presence.Withdrawable(t.Context())
	time.AfterFunc(d, withdraw)
	return f(ctx)
}

func TestWhatIsWithdrawnLeavesTheThrottleAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var throttle graph.Throttle
		g := newGate(t, &throttle, once(429, "Retry-After", "60"))
		require.Error(t, g.ClearPreferred(t.Context(), user))
		begun := time.Now()
		for i, write := range []func(context.Context) error{
			func(ctx context.Context) error { return g.SetSession(ctx, user, teams("Away"), time.Hour) },
			func(ctx context.Context) error { return g.RenewSession(ctx, user, teams("Away"), time.Hour) },
			func(ctx context.Context) error { return g.ClearSession(ctx, user) },
			func(ctx context.Context) error { return g.SetPreferred(ctx, user, teams("Away"), time.Hour) },
			func(ctx context.Context) error { return g.ClearPreferred(ctx, user) },
			func(ctx context.Context) error { _, err := g.Look(ctx, user); return err },
		} {
			err := g.withdrawing(t, time.Second, write)
			require.ErrorIs(t, err, presence.ErrWithdrawn)
			require.NotErrorIs(t, err, presence.ErrRefused)
			require.Equal(t, time.Duration(i+1)*time.Second, time.Since(begun))
			require.NotContains(t, throttle.Health().Detail, "1 waiting")
		}
		require.NoError(t, g.ClearPreferred(t.Context(), user))
		require.Equal(t, []string{"clearUserPreferredPresence"}, g.order())
		require.Equal(t, []time.Duration{time.Minute}, g.when)
	})
}

// Another attempt is withdrawn only where Graph cannot have carried out one before.
func TestOnlyWhatCannotHaveArrivedIsWithdrawn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer *http.Response
		sent   []string
	}{
		"throttled":   {reply(429, `{"error":{"code":"x"}}`, "Retry-After", "10"), nil},
		"unavailable": {reply(503, `{"error":{"code":"x"}}`, "Retry-After", "10"), []string{"setPresence"}},
		"timed out":   {reply(504, `{"error":{"code":"x"}}`), []string{"setPresence"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				answers := []*http.Response{c.answer}
				g := newGate(t, nil, func(call) (resp *http.Response) {
					if len(answers) > 0 {
						resp, answers = answers[0], answers[1:]
					}
					return resp
				})
				err := g.withdrawing(t, time.Second, func(ctx context.Context) error {
					return g.SetSession(ctx, user, teams("Away"), time.Hour)
				})
				require.Equal(t, c.sent, g.order())
				if c.sent == nil {
					require.ErrorIs(t, err, presence.ErrWithdrawn)
				} else {
					require.NoError(t, err)
				}
			})
		})
	}
}

// slow answers after a while, whatever becomes of the caller's wish.
type slow struct{ next http.RoundTripper }

func (s slow) RoundTrip(r *http.Request) (*http.Response, error) {
	select {
	case <-time.After(30 * time.Second):
		return s.next.RoundTrip(r)
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func TestWhatIsOnItsWayIsNotCutOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, nil, nil)
		var err error
		g.Client, err = graph.New(signedIn{}, graph.Options{Endpoint: endpoint, Transport: slow{g.tenant}, AppID: appID})
		require.NoError(t, err)
		begun := time.Now()
		require.NoError(t, g.withdrawing(t, time.Second, func(ctx context.Context) error { return g.ClearPreferred(ctx, user) }))
		require.Equal(t, 30*time.Second, time.Since(begun))
	})
}
