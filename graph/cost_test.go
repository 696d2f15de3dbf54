package graph_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/graph/graphtest"
)

// What things cost in requests to Graph, counted by the simulator in simulated time.

func TestASweepCostsOneCallFor650People(t *testing.T) {
	for people, calls := range map[int]int{1: 1, 649: 1, 650: 1, 651: 2, 1300: 2, 1301: 3, 5_000: 8, 10_000: 16} {
		t.Run(fmt.Sprint(people), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := newOffice(t, people, graphtest.Options{})
				s := graph.NewSweep(f.client, graph.SweepOptions{Every: time.Minute})
				s.Watch(f.people)
				heard := 0
				t.Cleanup(run(t, func(ctx context.Context) error { return s.Run(ctx, func(graph.Presence) { heard++ }) }))
				f.wait(30 * time.Second)
				require.Equal(t, calls, f.Tally()[graphtest.RoutePresences].Done, "the first read")
				for range 3 {
					cost := f.costs(func() { f.wait(time.Minute) })
					require.Equal(t, graphtest.Tally{
						graphtest.RoutePresences: {Asked: calls, Done: calls},
					}, withoutSignIn(cost))
				}
				require.Equal(t, people, heard, "and one word for each of them")
			})
		})
	}
}

// withoutSignIn leaves out what was asked of the authority.
func withoutSignIn(t graphtest.Tally) graphtest.Tally {
	delete(t, graphtest.RouteToken)
	return t
}

// withoutReads leaves out what a sweep costs, and the sign-in.
func withoutReads(t graphtest.Tally) graphtest.Tally {
	delete(t, graphtest.RoutePresences)
	return withoutSignIn(t)
}

func TestOneChangeOnThePBXCostsOneWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newOffice(t, 3, graphtest.Options{})
		f.open(graph.SweepOptions{})
		ada := f.people[0]
		for _, step := range []struct {
			what  string
			do    func()
			route graphtest.Route
			shows string
		}{
			{"lunch", func() { f.set(ada, "lunch") }, graphtest.RouteSetPreferred, "Away/Away"},
			{"do not disturb", func() { f.set(ada, "dnd") }, graphtest.RouteSetPreferred, "DoNotDisturb/DoNotDisturb"},
			{"cleared", func() { f.set(ada, "") }, graphtest.RouteClearPreferred, "Available/Available"},
			{"a call", func() { f.call(ada, true) }, graphtest.RouteSetPresence, "Busy/InACall"},
			{"its end", func() { f.call(ada, false) }, graphtest.RouteClearPresence, "Available/Available"},
		} {
			cost := f.costs(func() { step.do(); f.wait(time.Minute) })
			require.Equal(t, graphtest.Tally{step.route: {Asked: 1, Done: 1}}, withoutReads(cost), step.what)
			require.Equal(t, step.shows, f.Presence(ada).Pair.String(), step.what)
		}
		require.Empty(t, withoutReads(f.costs(func() { f.wait(time.Hour) })), "and nothing after that")
	})
}

// A change in Teams is nothing that Graph has to be told of.
func TestAChangeInTeamsCostsNoWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newOffice(t, 3, graphtest.Options{})
		f.open(graph.SweepOptions{})
		require.Empty(t, withoutReads(f.costs(func() {
			f.Show(f.people[0], "Busy", "InAMeeting")
			f.Choose(f.people[1], "DoNotDisturb", "DoNotDisturb")
			f.Show(f.people[2], "Busy", "InACall")
			f.wait(time.Hour)
		})))
		require.Equal(t, "meeting", f.phones[f.people[0]].Value.Activity)
		require.Equal(t, "dnd", f.phones[f.people[1]].Value.Activity)
	})
}

// A steady hour with 10,000 people and 500 parallel calls, which last half an hour each. Without
// -soak it is the first quarter of it.
func TestASteadyHourCostsUnderATenthOfTheAllowance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const people, calls, length = 10_000, 500, 30 * time.Minute
		span := 15 * time.Minute
		if *soak {
			span = time.Hour
		}
		allowance := graph.Allowance * int(span/graph.AllowanceSpan)
		f := newOffice(t, people, graphtest.Options{Allowance: graph.Allowance})
		f.open(graph.SweepOptions{})
		cost := f.costs(func() {
			// Every 3.6 seconds the longest call ends and somebody else begins one.
			for n := range calls + int(span*calls/length) {
				if n >= calls {
					f.call(f.people[n-calls], false)
					f.wait(length / calls)
				}
				f.call(f.people[n], true)
			}
		})
		all := cost.Sum()
		t.Logf("%v: %d requests, %.1f %% of the allowance, at most %d in 30 s:\n%v", span, all.Asked,
			float64(all.Asked)*100/float64(allowance), f.Busiest(graph.AllowanceSpan), cost)
		require.Equal(t, all.Asked, all.Done, "nothing refused or throttled")
		require.Less(t, all.Asked, allowance/10)
		require.LessOrEqual(t, f.Busiest(graph.AllowanceSpan), graph.Allowance)
	})
}
