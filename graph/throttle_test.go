package graph_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/presence"
)

// gated is a client behind a throttle, and the order in which its requests go out.
type gated struct {
	*graph.Client
	tenant *tenant

	mu   sync.Mutex // protects following
	out  []string
	when []time.Duration
}

func newGate(t *testing.T, throttle *graph.Throttle, fail func(call) *http.Response) *gated {
	t.Helper()
	g := &gated{tenant: newTenant(t)}
	start := time.Now()
	g.tenant.failing(func(c call) *http.Response {
		if fail != nil {
			if resp := fail(c); resp != nil {
				return resp
			}
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		g.out = append(g.out, c.Path[strings.LastIndex(c.Path, "/")+1:])
		g.when = append(g.when, time.Since(start))
		return nil
	})
	var err error
	g.Client, err = graph.New(signedIn{}, graph.Options{Endpoint: endpoint, Transport: g.tenant, AppID: appID, Throttle: throttle})
	require.NoError(t, err)
	return g
}

// order is what has gone out so far.
func (g *gated) order() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.out)
}

func once(status int, headers ...string) func(call) *http.Response {
	var first sync.Once
	return func(call) (resp *http.Response) {
		first.Do(func() { resp = reply(status, `{"error":{"code":"x"}}`, headers...) })
		return resp
	}
}

func TestWhatWaitsIsLetGoInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, &graph.Throttle{Budget: 5}, once(429, "Retry-After", "60"))
		require.Error(t, g.ClearPreferred(t.Context(), user))
		var wg sync.WaitGroup
		ask := func(f func(context.Context) error) {
			wg.Go(func() { require.NoError(t, f(t.Context())) })
			synctest.Wait() // one after the other
		}
		ask(func(ctx context.Context) error { _, err := g.Presences(ctx, []string{user}); return err })
		ask(func(ctx context.Context) error { _, err := g.People(ctx); return err })
		ask(func(ctx context.Context) error { return g.RenewSession(ctx, user, teams("Away"), time.Hour) })
		ask(func(ctx context.Context) error { return g.Unsubscribe(ctx, "s1") })
		ask(func(ctx context.Context) error { _, err := g.Look(ctx, user); return err })
		ask(func(ctx context.Context) error { return g.SetPreferred(ctx, user, teams("Away"), time.Hour) })
		ask(func(ctx context.Context) error { return g.SetSession(ctx, user, teams("Away"), time.Hour) })
		ask(func(ctx context.Context) error { return g.ClearPreferred(ctx, user) })
		ask(func(ctx context.Context) error { return g.ClearSession(ctx, user) })
		require.Empty(t, g.order())
		wg.Wait()
		require.Equal(t, []string{
			"setPresence", "clearPresence",
			"setUserPreferredPresence", "clearUserPreferredPresence",
			"getPresencesByUserId",
			"users", "setPresence", "s1",
			"getPresencesByUserId",
		}, g.order())
		require.Equal(t, time.Minute, g.when[0])
	})
}

// A request that is throttled itself queues again, behind what is more urgent.
func TestARetryWaitsItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, &graph.Throttle{Budget: 2}, once(429, "Retry-After", "10"))
		var wg sync.WaitGroup
		wg.Go(func() { _, err := g.Presences(t.Context(), []string{user}); require.NoError(t, err) })
		synctest.Wait()
		wg.Go(func() { require.NoError(t, g.SetSession(t.Context(), user, teams("Away"), time.Hour)) })
		wg.Wait()
		require.Equal(t, []string{"setPresence", "getPresencesByUserId"}, g.order())
	})
}

func TestRetryAfterIsObeyedAsADate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, nil, once(429, "Retry-After", time.Now().Add(90*time.Second).UTC().Format(http.TimeFormat)))
		require.Error(t, g.ClearPreferred(t.Context(), user))
		require.NoError(t, g.ClearPreferred(t.Context(), user))
		require.Equal(t, []time.Duration{90 * time.Second}, g.when)
	})
}

func TestWhoeverGivesUpHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, nil, once(429, "Retry-After", "60"))
		require.Error(t, g.ClearPreferred(t.Context(), user))
		var wg sync.WaitGroup
		for i := range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i+1)*time.Second)
			defer cancel()
			wg.Go(func() {
				err := g.SetSession(ctx, user, teams("Away"), time.Hour)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.EqualError(t, err, "set presence session: throttled by Graph, or beyond the budget of requests: context deadline exceeded")
			})
		}
		synctest.Wait()
		wg.Go(func() { _, err := g.Look(t.Context(), user); require.NoError(t, err) })
		wg.Wait()
		require.Equal(t, []string{"getPresencesByUserId"}, g.order())
		require.Equal(t, []time.Duration{time.Minute}, g.when)
	})
}

// The time at the gate does not count as time that Graph took.
func TestWaitingIsNoTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(t, nil, once(429, "Retry-After", "3600"))
		require.Error(t, g.ClearPreferred(t.Context(), user))
		require.NoError(t, g.ClearPreferred(t.Context(), user))
		require.Equal(t, []time.Duration{time.Hour}, g.when)
	})
}

func TestTheThrottleHasALight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var throttle graph.Throttle
		light := func() presence.Health { return throttle.Health() }
		require.Equal(t, presence.StateOK, light().State)
		start := time.Now()
		g := newGate(t, &throttle, once(429, "Retry-After", "60"))
		require.Error(t, g.ClearPreferred(t.Context(), user))
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() { require.NoError(t, g.ClearPreferred(t.Context(), user)) })
		}
		<-time.After(10 * time.Second)
		require.Equal(t, presence.Health{
			Name: "requests to Graph", State: presence.StateStarting, Since: start, LastErrorAt: start,
			LastError: "throttled by Graph", Detail: "throttled until 00:01:00 UTC, 2 waiting",
		}, light())
		wg.Wait()
		require.Equal(t, presence.StateOK, light().State)
		require.Equal(t, start.Add(time.Minute), light().Since)
		require.Equal(t, "throttled by Graph", light().LastError, "it stays readable")
		require.Empty(t, light().Detail)
	})
}

type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestGraphThatNeverAnswersIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := graph.New(signedIn{}, graph.Options{Endpoint: endpoint, Transport: silent{}})
		require.NoError(t, err)
		start := time.Now()
		require.EqualError(t, c.ClearPreferred(t.Context(), user), "clear preferred presence: no answer in time: context deadline exceeded")
		require.Equal(t, 100*time.Second, time.Since(start))
	})
}

// TestBudget asserts, for any budget and any load, that no stretch of 30 seconds has more
// requests than the budget, and that it is used up while somebody waits.
func TestBudget(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		budget := rapid.IntRange(1, 60).Draw(rt, "budget")
		waves := rapid.SliceOfN(rapid.IntRange(0, 20), 1, 5).Draw(rt, "waves")
		synctest.Test(t, func(t *testing.T) {
			g := newGate(t, &graph.Throttle{Budget: budget}, nil)
			var wg sync.WaitGroup
			total := 0
			for _, n := range waves {
				total += n
				for range n {
					wg.Go(func() { _ = g.ClearPreferred(t.Context(), user) })
				}
				<-time.After(10 * time.Second)
			}
			wg.Wait()
			require.Len(t, g.when, total)
			for i, from := range g.when {
				within := 0
				for _, at := range g.when[i:] {
					if at < from+graph.AllowanceSpan {
						within++
					}
				}
				require.LessOrEqual(t, within, budget)
			}
			steady := max(1, budget-max(1, budget/5)) // what the burst leaves
			require.LessOrEqual(t, slices.Max(append(g.when, 0)), 10*time.Second*time.Duration(len(waves))+
				graph.AllowanceSpan*time.Duration(total)/time.Duration(steady), "nobody waits in vain")
		})
	})
}

func TestTheBudgetIsThatOfAllClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		shared := &graph.Throttle{Budget: 5}
		a, b := newGate(t, shared, nil), newGate(t, shared, nil)
		var wg sync.WaitGroup
		for i := range 10 {
			g := []*gated{a, b}[i%2]
			wg.Go(func() { require.NoError(t, g.ClearPreferred(t.Context(), user)) })
		}
		wg.Wait()
		all := append(a.when, b.when...)
		slices.Sort(all)
		require.GreaterOrEqual(t, all[5], 7*time.Second, fmt.Sprint(all))
		require.GreaterOrEqual(t, all[9], graph.AllowanceSpan, "the second five")
	})
}
