package graph_test

import (
	"testing"
	"testing/synctest"
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
		lift := w.Fault(graphtest.Delivery{User: w.people[3], Drop: true})
		for i := range 200 {
			w.Show(w.people[i%100], []string{"Busy", "Away"}[i/100], []string{"Busy", "Away"}[i/100])
			pass(20 * time.Second)
		}
		require.Equal(t, []string{w.people[3]}, w.push.Uncovered(), "missed twice in a row")
		require.Zero(t, w.drift())
		require.Equal(t, 1, w.Tally()[graphtest.RouteSubscribe].Asked)
		require.Equal(t, presence.StateOK, w.push.Health().State)
		w.learns(3, "Busy", 2*time.Second)
		lift()
		w.learns(3, "Away", time.Second)
		require.Empty(t, w.push.Uncovered(), "it was told of again")
	})
}

func TestPoolNoticesSilenceAboutSome(t *testing.T) {
	t.Parallel()
	inTown(t, 1, 100, graphtest.Options{}, graph.PushOptions{}, func(t *testing.T, w *town) {
		defer w.start()()
		pass(15 * time.Minute)
		first := w.record(0).ID
		change := func(value string) { // of everybody, within 50 minutes
			for _, id := range w.people {
				w.Show(id, value, value)
				pass(30 * time.Second)
			}
			pass(7 * time.Minute) // a round, and the grace
		}
		var faults graphtest.Faults
		for _, id := range w.people[:3] {
			faults = append(faults, graphtest.Delivery{Subscription: first, User: id, Drop: true})
		}
		lift := w.Fault(faults)
		change("Busy")
		require.Empty(t, w.push.Uncovered(), "one of each may be lost")
		require.Equal(t, first, w.record(0).ID)
		change("Away")
		second := w.record(0).ID
		require.NotEqual(t, first, second, "it was made anew, whatever it told of others")
		require.Equal(t, presence.StateOK, w.push.Health().State)
		require.ElementsMatch(t, w.people[:3], w.push.Uncovered(), "until they are told of")
		change("Busy")
		require.Empty(t, w.push.Uncovered())
		require.Equal(t, second, w.record(0).ID)
		lift()

		faults = nil
		for _, id := range w.people[:5] {
			faults = append(faults, graphtest.Delivery{User: id, Drop: true})
		}
		w.Fault(faults)
		made := w.Tally()[graphtest.RouteSubscribe].Asked
		for range 5 {
			change("Away")
			change("Busy")
		}
		require.Equal(t, made+1, w.Tally()[graphtest.RouteSubscribe].Asked, "a new one was no better: that is all that it is tried")
		require.ElementsMatch(t, w.people[:5], w.push.Uncovered())
		for i := range 5 {
			w.learns(i, "DoNotDisturb", 2*time.Second)
		}
		w.learns(50, "DoNotDisturb", time.Second)
		require.Zero(t, w.drift())
	})
}

func TestPoolInANationalCloudIsASweep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, s := newTenant(t), &seen{}
		c, err := graph.New(signedIn{}, graph.Options{Endpoint: "https://graph.microsoft.us/v1.0", Transport: g})
		require.NoError(t, err)
		push := graph.NewPush(graph.PushOptions{App: c, Users: []graph.PushUser{{Name: "comm", Client: c}}})
		require.Len(t, push.Lights(), 1)
		push.Watch([]string{"aa", "bb"})
		defer runFeed(t, push, s)()
		pass(time.Minute)
		s.take()
		for _, activity := range []string{"Busy", "Away"} {
			g.show("bb", activity)
			pass(time.Second)
			require.Equal(t, []string{"bb " + activity}, s.take())
		}
		require.Equal(t, []string{"aa", "bb"}, push.Uncovered())
		require.Equal(t, presence.StateOK, push.Health().State)
		require.Zero(t, g.count("subscriptions"))
	})
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
