package graph_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/presence"
)

// easy has those who are swept read seldom, so that hours of it are soon over.
var easy = graph.PushOptions{Sweep: graph.SweepOptions{Every: time.Minute}}

func TestPoolCoversEverybodyItHasRoomFor(t *testing.T) {
	t.Parallel()
	inTown(t, 2, 1400, graphtest.Options{}, graph.PushOptions{}, func(t *testing.T, w *town) {
		defer w.start()()
		pass(time.Minute)
		require.Len(t, w.Subscriptions(), 2)
		require.Equal(t, 100, len(w.push.Uncovered()))
		require.Zero(t, w.drift())
		w.learns(w.member(0), "Busy", time.Second)
		w.learns(w.member(1), "Busy", time.Second)

		w.people = w.people[:1300]
		w.push.Watch(w.people)
		pass(10 * time.Second)
		require.Zero(t, len(w.push.Uncovered()))
	})
}

func TestPoolWithoutUsersIsASweep(t *testing.T) {
	t.Parallel()
	inTown(t, 0, 700, graphtest.Options{}, graph.PushOptions{}, func(t *testing.T, w *town) {
		defer w.start()()
		pass(time.Minute)
		before := w.Tally()
		pass(time.Minute)
		require.Equal(t, graphtest.Tally{graphtest.RoutePresences: {Asked: 100, Done: 100}}, w.Tally().Since(before), "two calls every 1.2 s")
		require.Equal(t, presence.StateOK, w.push.Health().State)
		w.learns(3, "Away", 2*time.Second)
	})
}

func TestPoolRestartsAtOnceAndNobodyMoves(t *testing.T) {
	t.Parallel()
	inTown(t, 3, 1000, graphtest.Options{}, graph.PushOptions{}, func(t *testing.T, w *town) {
		stop := w.start()
		pass(time.Minute)
		stop()
		w.Show(w.people[5], "Busy", "InAMeeting")
		before := w.Tally()
		w.people[0], w.people[999] = w.people[999], w.people[0] // another order
		defer w.start()()
		pass(time.Second)
		require.Zero(t, w.drift())
		require.Zero(t, len(w.push.Uncovered()))
		cost := w.Tally().Since(before)
		require.Zero(t, cost[graphtest.RouteSubscribe].Asked)
		require.Zero(t, cost[graphtest.RouteUnsubscribe].Asked)
		w.learns(w.member(1), "Away", time.Second)
	})
}

func TestPoolAdoptsBeforeItKnowsThePeople(t *testing.T) {
	t.Parallel()
	inTown(t, 1, 10, graphtest.Options{}, graph.PushOptions{}, func(t *testing.T, w *town) {
		w.start()()
		stop := w.start()
		pass(time.Minute)
		stop()
		all := w.people
		w.people = nil
		defer w.start()()
		pass(time.Minute)
		w.people = all
		for n := 1; n <= 10; n++ { // the list comes in pieces
			w.push.Watch(all[:n])
			pass(time.Second)
		}
		pass(time.Minute)
		require.LessOrEqual(t, w.Tally()[graphtest.RouteSubscribe].Done, 3)
		require.Zero(t, w.drift())
		require.Zero(t, len(w.push.Uncovered()))
	})
}

func TestPoolMovesPeopleFromAUserWhoCannotSignIn(t *testing.T) {
	t.Parallel()
	inTown(t, 3, 1200, graphtest.Options{}, easy, func(t *testing.T, w *town) {
		defer w.start()()
		pass(time.Minute)
		require.Len(t, w.record(1).Members, 400)
		w.FailSignIn(w.users[1], 50076)
		pass(3 * time.Hour) // its token runs out, and then its subscription
		require.Len(t, w.Subscriptions(), 2)
		require.Zero(t, len(w.push.Uncovered()))
		require.Equal(t, presence.StateFailed, w.push.Health().State)
		require.Contains(t, w.push.Health().Todo, "multi-factor")

		for range 200 { // more than there is room for
			id := w.AddUser(graphtest.User{UPN: "new" + time.Now().String(), Teams: true})
			w.people = append(w.people, id)
			pass(time.Millisecond)
		}
		w.push.Watch(w.people)
		pass(time.Minute)
		require.Equal(t, 100, len(w.push.Uncovered()))

		w.AddUser(graphtest.User{UPN: "other@contoso.com"})
		w.FailSignIn(w.users[0], 50057)
		pass(2 * time.Hour) // its token runs out
		require.Equal(t, 750, len(w.push.Uncovered()))
		w.FailSignIn(w.users[0], 0)
		pass(20 * time.Minute)
		require.Equal(t, 100, len(w.push.Uncovered()))
		require.Zero(t, w.drift())
	})
}

func TestPoolLeavesOutWhomGraphRefuses(t *testing.T) {
	t.Parallel()
	inTown(t, 1, 600, graphtest.Options{}, easy, func(t *testing.T, w *town) {
		w.RemoveUser(w.people[77])
		defer w.start()()
		pass(5 * time.Minute)
		require.Len(t, w.Subscriptions(), 1)
		require.Equal(t, []string{w.people[77]}, w.push.Uncovered())
		require.Less(t, w.Tally()[graphtest.RouteSubscribe].Asked, 30)
		asked := w.Tally()[graphtest.RouteSubscribe].Asked
		pass(5 * time.Hour)
		require.Equal(t, asked, w.Tally()[graphtest.RouteSubscribe].Asked)
	})
}

func TestPoolNoticesSilence(t *testing.T) {
	t.Parallel()
	inTown(t, 2, 100, graphtest.Options{}, graph.PushOptions{}, func(t *testing.T, w *town) {
		defer w.start()()
		pass(time.Minute)
		dead, alive := w.member(0), w.member(1)
		w.Fault(graphtest.Delivery{Subscription: w.record(0).ID, Silence: true})
		pass(12 * time.Hour)
		require.Zero(t, len(w.push.Uncovered()), "silence alone is no evidence")
		first := w.record(0).ID

		w.Show(w.people[dead], "Busy", "Busy")
		w.Show(w.people[alive], "Busy", "Busy")
		pass(7 * time.Minute) // a round, and the grace
		require.Equal(t, 50, len(w.push.Uncovered()))
		require.Equal(t, presence.StateFailed, w.push.Lights()[1].State)
		require.Contains(t, w.push.Lights()[1].LastError, "silent")
		require.Equal(t, presence.StateOK, w.push.Lights()[2].State)
		require.NotEqual(t, first, w.record(0).ID, "it was made anew")
		w.learns(dead, "Away", time.Second)
		require.Zero(t, len(w.push.Uncovered()), "it has told of something")
		require.Equal(t, presence.StateOK, w.push.Health().State)
		second := w.record(0).ID
		pass(12 * time.Hour)
		require.Equal(t, second, w.record(0).ID)
	})
}

func TestPoolDoesNotTakeALostNotificationForSilence(t *testing.T) {
	t.Parallel()
	inTown(t, 1, 100, graphtest.Options{}, graph.PushOptions{}, func(t *testing.T, w *town) {
		defer w.start()()
		pass(time.Minute)
		w.Fault(graphtest.Delivery{User: w.people[3], Drop: true})
		for i := range 200 {
			w.Show(w.people[i%100], []string{"Busy", "Away"}[i/100], []string{"Busy", "Away"}[i/100])
			pass(20 * time.Second)
		}
		require.Equal(t, 1, w.Tally()[graphtest.RouteSubscribe].Asked)
		require.Zero(t, len(w.push.Uncovered()))
		pass(6 * time.Minute)
		require.Zero(t, w.drift())
	})
}

func TestPoolInANationalCloudIsASweep(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	c, err := graph.New(signedIn{}, graph.Options{Endpoint: "https://graph.microsoft.us/v1.0", Transport: g})
	require.NoError(t, err)
	push := graph.NewPush(graph.PushOptions{App: c, Users: []graph.PushUser{{Name: "comm", Client: c}}})
	require.Len(t, push.Lights(), 1)
}

func TestPoolKeepsItsSubscriptionsAlive(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]graphtest.Fault{
		"grants of five minutes":          graphtest.Grant{Lifetime: 5 * time.Minute},
		"renewals that change nothing":    graphtest.Grant{Route: graphtest.RouteRenew, Stay: true},
		"a task was cancelled":            graphtest.TaskCanceled(graphtest.RouteRenew, 40*time.Second),
		"no renewal is answered":          graphtest.Answer{Route: graphtest.RouteRenew, Cut: true},
		"a creation that was carried out": graphtest.Answer{Route: graphtest.RouteSubscribe, Cut: true, After: true, Count: 2},
		"a conflict":                      graphtest.Answer{Route: graphtest.RouteSubscribe, Status: 409, Count: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inTown(t, 2, 20, graphtest.Options{}, easy, func(t *testing.T, w *town) {
				w.Fault(fault)
				defer w.start()()
				pass(5 * time.Minute)
				for hour := range 12 {
					value := []string{"Busy", "Away"}[hour%2]
					w.learns(w.member(0), value, time.Second)
					w.learns(w.member(1), value, time.Second)
					require.Len(t, w.Subscriptions(), 2)
					pass(53 * time.Minute)
				}
			})
		})
	}
}

func TestPoolReplacesWhatVanishes(t *testing.T) {
	t.Parallel()
	inTown(t, 2, 20, graphtest.Options{}, easy, func(t *testing.T, w *town) {
		defer w.start()()
		pass(time.Minute)
		w.Vanish(w.record(0).ID)
		pass(40 * time.Minute) // the renewal finds out
		require.Len(t, w.Subscriptions(), 2)
		w.learns(w.member(0), "Busy", time.Second)
	})
}

func TestPoolWhereOneSubscriptionIsAllThatGraphGives(t *testing.T) {
	t.Parallel()
	inTown(t, 2, 20, graphtest.Options{OnePerApp: true}, easy, func(t *testing.T, w *town) {
		defer w.start()()
		pass(10 * time.Minute)
		require.Len(t, w.Subscriptions(), 1)
		require.Equal(t, 10, len(w.push.Uncovered()))
		require.Equal(t, presence.StateFailed, w.push.Health().State)
		require.Contains(t, w.push.Health().Todo, "Another program")
		for i := range w.people {
			w.Show(w.people[i], "Busy", "Busy")
		}
		pass(time.Minute + time.Second)
		require.Zero(t, w.drift())
	})
}

func TestPoolMovesOverWhenTheWebhookChanges(t *testing.T) {
	t.Parallel()
	inTown(t, 1, 20, graphtest.Options{}, easy, func(t *testing.T, w *town) {
		defer w.start()()
		pass(time.Minute)
		first := w.record(0).ID
		require.NoError(t, w.hook.SetPublicURL(hookURL+"/new"))
		w.Show(w.people[3], "Away", "Away") // in between
		pass(5 * time.Second)
		require.NotEqual(t, first, w.record(0).ID)
		require.Equal(t, hookURL+"/new", w.Subscriptions()[0].NotificationURL)
		require.Zero(t, w.drift())
		w.learns(4, "Busy", time.Second)
	})
}
