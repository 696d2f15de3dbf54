package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/presence"
)

// run starts f and returns a function that ends it and asserts how it ended.
func run(t *testing.T, f func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- f(ctx) }()
	return func() {
		t.Helper()
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	}
}

func runFeed(t *testing.T, f graph.Feed, s *seen) (stop func()) {
	t.Helper()
	return run(t, func(ctx context.Context) error { return f.Run(ctx, s.sink) })
}

// pass lets time go by, and everything that happens in it.
func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestSweepPassesOnDifferences(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, s := newTenant(t), &seen{}
		g.show("aa", "Away")
		g.show("bb", "Busy")
		f := graph.NewSweep(g.client(), graph.SweepOptions{Every: 5 * time.Second})
		f.Watch([]string{"aa", "bb", "cc"})
		require.Equal(t, presence.StateStarting, f.Health().State)
		stop := runFeed(t, f, s)
		defer stop()

		pass(time.Second)
		require.Equal(t, []string{"aa Away", "bb Busy", "cc PresenceUnknown"}, s.take())
		require.Equal(t, presence.StateOK, f.Health().State)
		require.Equal(t, "3 people every 5s", f.Health().Detail)

		g.failing(func(call) *http.Response {
			return reply(200, `{"value":[
			{"id":"aa","availability":"Away","activity":"Away","sequenceNumber":"A00000002"},
			{"id":"bb","availability":"Busy","activity":"Busy","sequenceNumber":"A00000003"}]}`)
		})
		pass(5 * time.Second)
		require.Equal(t, []string{"bb Busy"}, s.take(), "a new number of the same value is a difference")
		pass(time.Hour)
		require.Empty(t, s.take())
	})
}

func TestSweepReadsTheNewAtOnceAndForgetsTheGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, s := newTenant(t), &seen{}
		g.show("aa", "Away")
		g.show("bb", "Busy")
		f := graph.NewSweep(g.client(), graph.SweepOptions{Every: time.Hour})
		stop := runFeed(t, f, s)
		defer stop()
		pass(time.Minute)
		require.Empty(t, s.take())
		require.Zero(t, g.count("POST"))

		f.Watch([]string{"aa"})
		pass(0)
		require.Equal(t, []string{"aa Away"}, s.take())

		f.Watch([]string{"AA", "bb"})
		pass(0)
		require.Equal(t, []string{"bb Busy"}, s.take(), "another spelling is nobody new")
		require.JSONEq(t, `{"ids":["bb"]}`, g.last("POST").Body)

		f.Watch([]string{"bb"})
		g.show("aa", "Busy")
		pass(2 * time.Hour)
		require.NotContains(t, s.take(), "aa Busy")

		f.Watch([]string{"aa", "bb"})
		pass(0)
		require.Equal(t, []string{"aa Busy"}, s.take(), "who comes back is told again")
	})
}

func TestSweepStartsOverWithANewSink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTenant(t)
		g.show("aa", "Away")
		f := graph.NewSweep(g.client(), graph.SweepOptions{Every: time.Hour})
		f.Watch([]string{"aa"})
		for range 2 {
			s := &seen{}
			stop := runFeed(t, f, s)
			pass(time.Minute)
			require.Equal(t, []string{"aa Away"}, s.take())
			stop()
		}
	})
}

func TestSweepOneFailingBatchDoesNotHideTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, s := newTenant(t), &seen{}
		users := crowd(1300)
		bad := func(c call) *http.Response {
			if strings.Contains(c.Body, users[0]) {
				return reply(500, `{"error":{"code":"InternalServerError"}}`)
			}
			return nil
		}
		g.failing(bad)
		f := graph.NewSweep(g.client(), graph.SweepOptions{Every: 30 * time.Second})
		f.Watch(users)
		stop := runFeed(t, f, s)
		defer stop()
		pass(10 * time.Second)
		require.Len(t, s.take(), 1299)
		require.Equal(t, users[:1], f.Unreadable())
		require.Equal(t, presence.StateOK, f.Health().State)
		require.Contains(t, f.Health().Detail, "1 cannot be read")

		calls := g.count("POST")
		require.LessOrEqual(t, calls, 2+2*10+2, "a call for each half of what failed")
		pass(14 * time.Minute)
		require.Equal(t, calls+2*28, g.count("POST"), "the rest is read as if nothing were the matter")

		g.failing(nil)
		pass(2 * time.Minute)
		require.Len(t, s.take(), 1)
		require.Empty(t, f.Unreadable())
	})
}

// muteTenant is a tenant that does not answer what names somebody.
type muteTenant struct {
	*tenant
	about atomic.Value // string; empty means nobody
	hung  atomic.Int32
	with  map[string]bool // whoever was named with that one
}

func (h *muteTenant) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	if about := h.about.Load().(string); about != "" && strings.Contains(string(body), about) {
		h.hung.Add(1)
		var in struct{ IDs []string }
		require.NoError(h.t, json.Unmarshal(body, &in))
		h.mu.Lock()
		for _, id := range in.IDs {
			h.with[id] = true
		}
		h.mu.Unlock()
		<-r.Context().Done()
		return nil, r.Context().Err()
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return h.tenant.RoundTrip(r)
}

func TestSweepOneHangingBatchHoldsUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, s := &muteTenant{tenant: newTenant(t), with: map[string]bool{}}, &seen{}
		users := crowd(4 * 650)
		g.about.Store(users[0])
		c, err := graph.New(signedIn{}, graph.Options{Endpoint: endpoint, Transport: g})
		require.NoError(t, err)
		f := graph.NewSweep(c, graph.SweepOptions{Every: 2 * time.Second})
		f.Watch(users)
		defer runFeed(t, f, s)()
		pass(time.Second)
		require.Len(t, s.take(), 3*650)
		pass(10 * time.Second)
		require.Equal(t, presence.StateFailed, f.Health().State)
		require.Contains(t, f.Health().LastError, "no answer in time")
		for i, user := range users {
			if i%50 != 1 || g.with[user] {
				continue
			}
			g.show(user, "Busy")
			pass(2 * time.Second)
			require.Contains(t, s.take(), user+" Busy", "every round")
		}
		require.LessOrEqual(t, g.hung.Load(), int32(6), "it is tried again, ever less often")
		require.Len(t, g.with, 650, "and nobody else is drawn into it")
		require.Empty(t, f.Unreadable())

		g.about.Store("")
		pass(time.Minute + 10*time.Second)
		require.Contains(t, s.take(), users[0]+" PresenceUnknown")
		require.Equal(t, presence.StateOK, f.Health().State)
	})
}

// A call that is repeated inside would keep its people, and its place among those under way.
func TestSweepRepeatsItsCallsItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTenant(t)
		f := graph.NewSweep(g.client(), graph.SweepOptions{Every: time.Hour})
		f.Watch([]string{"aa"})
		defer runFeed(t, f, &seen{})()
		pass(time.Second)
		for name, test := range map[string]struct {
			answer *http.Response
			inside bool
			after  time.Duration
		}{
			"unavailable":        {reply(503, ""), false, 3 * time.Second},
			"unavailable for 9s": {reply(503, "", "Retry-After", "9"), true, 9 * time.Second},
			"in an hour":         {reply(503, "", "Retry-After", "3600"), false, time.Hour},
			"throttled":          {reply(429, "", "Retry-After", "4"), true, 4 * time.Second},
		} {
			t.Log(name)
			g.failing(once(test.answer.StatusCode, "Retry-After", test.answer.Header.Get("Retry-After")))
			g.show("aa", name)
			reads := g.count("POST")
			f.Watch(nil)
			f.Watch([]string{"aa"})
			pass(test.after - time.Second)
			require.Equal(t, 1, g.count("POST")-reads)
			pass(2 * time.Second)
			require.Equal(t, 2, g.count("POST")-reads)
			require.Equal(t, test.inside, g.last("POST").Header.Get("Retry-Attempt") != "")
		}
		g.failing(once(503))
		_, err := g.client().Look(t.Context(), "aa")
		require.NoError(t, err, "somebody waits for this one")
		require.Equal(t, "1", g.last("POST").Header.Get("Retry-Attempt"))
	})
}

func TestSweepBacksOffWhileNothingCanBeRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, s := newTenant(t), &seen{}
		g.show("aa", "Away")
		g.failing(func(call) *http.Response { return reply(500, "") })
		f := graph.NewSweep(g.client(), graph.SweepOptions{Every: time.Second})
		f.Watch([]string{"aa"})
		stop := runFeed(t, f, s)
		defer stop()
		pass(10 * time.Minute)
		require.Less(t, g.count("POST"), 30)
		require.Empty(t, s.take())

		g.failing(nil)
		pass(2 * time.Minute)
		require.Equal(t, []string{"aa Away"}, s.take())
	})
}

// While everything fails nobody is to blame, and nothing is asked often.
func TestSweepOutlivesAnOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, s := newTenant(t), &seen{}
		f := graph.NewSweep(g.client(), graph.SweepOptions{Every: 2 * time.Second})
		f.Watch(crowd(10 * 650))
		defer runFeed(t, f, s)()
		pass(time.Minute)
		require.Len(t, s.take(), 6500)
		g.failing(func(call) *http.Response { return reply(500, "") })
		calls := g.count("POST")
		pass(30 * time.Minute)
		require.LessOrEqual(t, g.count("POST")-calls, 30*(10+14)+100, "each batch and one search, once a minute in the end")
		require.Equal(t, presence.StateFailed, f.Health().State)
		require.Empty(t, f.Unreadable())
		g.failing(nil)
		pass(time.Minute + time.Second)
		require.Equal(t, presence.StateOK, f.Health().State)
		calls = g.count("POST")
		pass(20 * time.Second)
		require.Equal(t, 10*10, g.count("POST")-calls, "everybody at the usual pace")
	})
}

// Who is alone in a batch is to blame where others could be read since it first failed.
func TestSweepFindsWhoFailsAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, s := newTenant(t), &seen{}
		g.failing(func(c call) *http.Response {
			if strings.Contains(c.Body, "bad") {
				return reply(500, "")
			}
			return nil
		})
		f := graph.NewSweep(g.client(), graph.SweepOptions{Every: 5 * time.Second})
		f.Watch([]string{"bad"})
		defer runFeed(t, f, s)()
		pass(10 * time.Minute)
		require.Empty(t, f.Unreadable(), "it may be an outage")
		f.Watch([]string{"bad", "good"})
		pass(time.Minute)
		require.Equal(t, []string{"good PresenceUnknown"}, s.take())
		require.Equal(t, []string{"bad"}, f.Unreadable())
		require.Equal(t, presence.StateOK, f.Health().State)
	})
}

func TestSweepKeepsToItsBudget(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		people  int
		options graph.SweepOptions
		calls   int // within a minute
	}{
		"few people are read every second": {people: 3, calls: 61},
		"more people are read less often":  {people: 6500, calls: 11 * 10},
		"but at least every ten seconds":   {people: 13000, calls: 7 * 20},
		"a small budget":                   {people: 650, options: graph.SweepOptions{Budget: 10}, calls: 11},
		"an own interval":                  {people: 650, options: graph.SweepOptions{Every: 200 * time.Millisecond}, calls: 301},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g := newTenant(t)
				f := graph.NewSweep(g.client(), test.options)
				f.Watch(crowd(test.people))
				stop := runFeed(t, f, &seen{})
				defer stop()
				pass(time.Minute)
				require.Equal(t, test.calls, g.count("POST"))
			})
		})
	}
}

func TestSweepReadsThoseMoreOftenWhoAreActive(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, s := newTenant(t), &seen{}
		g.show("aa", "Available")
		g.show("bb", "InACall")
		f := graph.NewSweep(g.client(), graph.SweepOptions{Every: 30 * time.Second})
		f.Watch([]string{"aa", "bb", "cc"})
		defer runFeed(t, f, s)()
		pass(5 * time.Minute)
		reads := g.count("POST")
		pass(time.Minute)
		require.Equal(t, 2+8, g.count("POST")-reads, "who is in a call five times as often")
		require.Contains(t, f.Health().Detail, "1 of them every 6s")

		g.show("aa", "Busy")
		g.show("bb", "Available")
		pass(30 * time.Second)
		s.take()
		g.show("aa", "Away")
		pass(6 * time.Second)
		require.Contains(t, s.take(), "aa Away", "who has just changed as well")
		pass(4 * time.Minute)
		reads = g.count("POST")
		pass(time.Minute)
		require.Equal(t, 2, g.count("POST")-reads, "and nobody forever")
	})
}

func TestSweepNeverExceedsItsBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTenant(t)
		users := crowd(13_000)
		var times []time.Time
		g.failing(func(c call) *http.Response {
			g.mu.Lock()
			defer g.mu.Unlock()
			times = append(times, time.Now())
			if strings.Contains(c.Body, users[0]) || strings.Contains(c.Body, users[7000]) {
				return reply(400, `{"error":{"code":"BadRequest"}}`)
			}
			return nil
		})
		f := graph.NewSweep(g.client(), graph.SweepOptions{Budget: 50, Every: time.Second})
		f.Watch(users)
		defer runFeed(t, f, &seen{})()
		pass(5 * time.Minute)
		g.mu.Lock()
		defer g.mu.Unlock()
		for i := range times {
			if i >= 50 {
				require.Greater(t, times[i].Sub(times[i-50]), graph.AllowanceSpan-time.Second, "call %d", i)
			}
		}
		require.Greater(t, len(times), 250)
	})
}

func TestSweepTakesTheLargerSequenceNumber(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, s := newTenant(t), &seen{}
		answer := func(activity, number string) {
			g.failing(func(call) *http.Response {
				return reply(200, `{"value":[{"id":"aa","availability":"x","activity":"`+activity+`","sequenceNumber":"`+number+`"}]}`)
			})
		}
		answer("Busy", "A5")
		f := graph.NewSweep(g.client(), graph.SweepOptions{Every: 30 * time.Second})
		f.Watch([]string{"aa"})
		defer runFeed(t, f, s)()
		pass(time.Second)
		require.Equal(t, []string{"aa Busy"}, s.take())
		answer("Away", "A4")
		pass(31 * time.Second)
		answer("Busy", "A5")
		pass(time.Minute)
		require.Empty(t, s.take(), "an old answer counts for nothing")

		answer("Away", "A2")
		pass(time.Minute)
		require.Equal(t, []string{"aa Away"}, s.take(), "unless it is given twice: the numbers have begun anew")
		answer("Busy", "A3")
		pass(time.Minute)
		require.Equal(t, []string{"aa Busy"}, s.take())
	})
}
