package graph_test

import (
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/presence/bridge"
)

// The writes of many people at once, from the telephones of an office to the simulator.

func TestRenewalsOfThousandsOfCallsAreSpreadAndNeverLapse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const people = 1_500
		f := newOffice(t, people, graphtest.Options{Allowance: graph.Allowance})
		f.open(graph.SweepOptions{Every: 10 * time.Second})
		begin := f.costs(func() {
			for _, id := range f.people {
				f.call(id, true)
			}
			f.wait(2 * time.Minute)
		})
		require.Equal(t, graphtest.Tally{graphtest.RouteSetPresence: {Asked: people, Done: people}}, withoutReads(begin))
		f.wait(10 * time.Minute) // until everybody has been renewed
		for range 20 {
			cost := f.costs(func() { f.wait(30 * time.Second) })
			require.InDelta(t, people/10, cost[graphtest.RouteSetPresence].Done, people/10/3)
			for _, id := range f.people {
				require.Equal(t, "Busy/InACall", f.Presence(id).Pair.String())
			}
		}
		require.Zero(t, f.Tally().Sum().Throttled)
	})
}

func TestThrottlingLetsCallsGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const each = 20
		f := newOffice(t, 3*each+1, graphtest.Options{}, func(o *graph.Options) { o.Throttle = &graph.Throttle{Budget: 30} })
		f.open(graph.SweepOptions{Every: 10 * time.Second})
		f.Fault(graphtest.Answer{Count: 1, Route: graphtest.RouteSetPreferred, Status: 429, RetryAfter: time.Minute})
		f.set(f.people[3*each], "lunch")
		require.NoError(t, f.Await(t.Context(), func() bool { return f.Tally().Sum().Throttled == 1 }))
		synctest.Wait() // until the answer has arrived
		before, began := len(f.Writes()), time.Now()
		for i := range each {
			f.set(f.people[i], "dnd")
		}
		synctest.Wait()
		for i := range each {
			f.call(f.people[each+i], true)
		}
		f.wait(59 * time.Second)
		require.Len(t, f.Writes(), before, "nobody goes")
		f.wait(5 * time.Minute)
		var order []graphtest.Route
		for _, w := range f.Writes()[before:] {
			order = append(order, w.Action)
			require.GreaterOrEqual(t, w.Time.Sub(began), time.Minute)
		}
		require.Equal(t, slices.Repeat([]graphtest.Route{graphtest.RouteSetPresence}, each), order[:each])
		require.Equal(t, slices.Repeat([]graphtest.Route{graphtest.RouteSetPreferred}, each+1), order[each:2*each+1])
	})
}

// What telephones show reaches Teams whatever goes wrong on the way.
func TestEveryWriteGetsThroughInBadWeather(t *testing.T) {
	for _, seed := range []uint64{1, 2} {
		synctest.Test(t, func(t *testing.T) {
			f := newOffice(t, 200, graphtest.Options{Seed: seed})
			f.open(graph.SweepOptions{Every: 10 * time.Second})
			lift := f.Fault(graphtest.Weather(0.05))
			random := rand.New(rand.NewPCG(seed, 0))
			causes := 0
			for range 2 * 60 * 60 / 5 {
				id := f.people[random.IntN(len(f.people))]
				if causes++; random.IntN(2) == 0 {
					f.call(id, !f.phones[id].OnPhone)
				} else {
					f.set(id, []string{"", "lunch", "busy", "dnd"}[random.IntN(4)])
				}
				f.wait(5 * time.Second)
			}
			require.Positive(t, f.Tally().Sum().Throttled)
			require.Positive(t, f.Tally().Sum().Cut)
			lift()
			f.wait(5 * time.Minute)
			want := map[string]string{"": "Available", "lunch": "Away", "busy": "Busy", "dnd": "DoNotDisturb"}
			for _, id := range f.people {
				phone := f.phones[id]
				shows := want[phone.Value.Activity]
				if phone.OnPhone && shows != "DoNotDisturb" {
					shows = "InACall"
				}
				require.Equal(t, shows, f.Presence(id).Activity, "%s, seed %d: %+v", id, seed, phone)
			}
			require.Empty(t, f.bridge.Status().Failing)
		})
	}
}

func TestWhoIsNotSeenIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newOffice(t, 4, graphtest.Options{})
		f.open(graph.SweepOptions{Every: 10 * time.Second})
		f.Choose(f.people[0], "Offline", "OffWork") // appears offline
		f.SignOut(f.people[1])
		f.Show(f.people[2], "DoNotDisturb", "Presenting")
		f.wait(time.Minute)
		f.call(f.people[0], true)
		f.set(f.people[1], "dnd")
		f.call(f.people[2], true)
		f.call(f.people[3], true)
		f.wait(10 * time.Minute)
		require.Equal(t, []bridge.Trouble{
			{Name: "p0@contoso.com", Reason: "hidden by the person's own status"},
			{Name: "p1@contoso.com", Reason: "not signed in to Teams"},
			{Name: "p2@contoso.com", Reason: "hidden by the person's own status"},
		}, f.bridge.Status().Hidden)
		require.Less(t, f.Tally().Sum(graphtest.RouteSetPresence, graphtest.RouteSetPreferred).Asked, 12, "it is not fought")
	})
}
