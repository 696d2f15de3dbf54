package graphtest_test

import (
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

// fates are the answers to n requests for users and for the person, in some order.
func fates(t *testing.T, seed uint64, share float64, n int, mixed bool) (users, me []int) {
	t.Helper()
	w := newWorld(t, func(o *graphtest.Options) { o.Seed = seed })
	token := w.app()
	w.Fault(graphtest.Answer{Share: share, Status: 503})
	askUsers := func() { users = append(users, w.do(token, http.MethodGet, "/users?$top=1", nil).Status) }
	askMe := func() { me = append(me, w.do(token, http.MethodGet, "/users/"+w.ada, nil).Status) }
	for range n {
		askUsers()
		if mixed {
			askMe()
		}
	}
	for range n - len(me) {
		askMe()
	}
	return users, me
}

func TestSharesFollowTheSeed(t *testing.T) {
	t.Parallel()
	const n = 2000
	users, me := fates(t, 1, 0.05, n, true)
	again, alone := fates(t, 1, 0.05, n, false)
	require.Equal(t, users, again)
	require.Equal(t, me, alone, "whatever came in between")
	require.NotEqual(t, users, me, "routes have odds of their own")
	other, _ := fates(t, 2, 0.05, n, false)
	require.NotEqual(t, users, other)

	failed := len(slices.DeleteFunc(users, func(status int) bool { return status == http.StatusOK }))
	require.InDelta(t, 0.05*n, failed, 40, "four standard deviations")
}

func TestSharesKeepTheirCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.app()
	w.Fault(graphtest.Answer{Share: 0.5, Count: 3, Status: 503})
	for range 100 {
		w.do(token, http.MethodGet, "/users?$top=1", nil)
	}
	require.Equal(t, graphtest.Count{Asked: 100, Done: 97, Failed: 3}, w.Tally()[graphtest.RouteUsers])
}

func TestFaultsOfOnePerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.app()
	w.Fault(graphtest.Answer{User: "00000000-0000-4000-8000-00000000000A", Status: 500})
	read := func(ids ...string) int {
		return w.do(token, http.MethodPost, "/communications/getPresencesByUserId", object{"ids": ids}).Status
	}
	require.Equal(t, 500, read(w.bob, w.ada))
	require.Equal(t, 200, read(w.bob, w.svc))
	require.Equal(t, 500, w.do(token, http.MethodGet, "/users/"+w.ada+"/presence", nil).Status)
	require.Equal(t, 200, w.do(token, http.MethodGet, "/users/"+w.bob+"/presence", nil).Status)
	require.Equal(t, 500, w.subscribe().Status)
	require.Equal(t, 201, w.subscribe(watching(w.bob)).Status)
}

func TestRetryAfterAsADate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.clock.Advance(time.Millisecond)
	token := w.app()
	w.Fault(graphtest.Answer{Status: 429, RetryAfter: 90 * time.Second, RetryDate: true})
	r := w.do(token, http.MethodGet, "/users", nil)
	require.Equal(t, "Mon, 14 Sep 2026 12:01:31 GMT", r.Header.Get("Retry-After"), "never early")
	require.Equal(t, r.Header.Get("Retry-After"), w.tokens().Header.Get("Retry-After"))
}

func TestFaultsAreLiftedTogether(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.app()
	lift := w.Fault(graphtest.Faults{
		graphtest.Answer{Count: 1, Status: 500}, graphtest.Answer{Status: 502}, graphtest.Delivery{Drop: true}, graphtest.Grant{Stay: true},
	})
	ask := func() int { return w.do(token, http.MethodGet, "/users", nil).Status }
	require.Equal(t, []int{500, 502, 502}, []int{ask(), ask(), ask()})
	lift()
	lift()
	require.Equal(t, 200, ask())
}

func TestWeather(t *testing.T) {
	pushed(t, basic, func(t *testing.T, w *world) {
		token := w.app()
		id := w.Subscriptions()[0].ID
		lift := w.Fault(graphtest.Weather(0.1))
		var waits []string
		for range 500 {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.GraphURL()+"/users?$top=1", http.NoBody)
			require.NoError(t, err)
			r.Header.Set("Authorization", "Bearer "+token)
			answer, err := w.Client().Do(r)
			if err == nil {
				waits = append(waits, answer.Header.Get("Retry-After"))
				require.NoError(t, answer.Body.Close())
			}
			w.Show(w.ada, "Busy", "Busy")
			w.Show(w.ada, "Away", "Away")
			pass(time.Second)
		}
		lift()
		n := w.Tally()[graphtest.RouteUsers]
		require.InDelta(t, 50, n.Throttled, 30)
		require.InDelta(t, 50, n.Failed, 30)
		require.InDelta(t, 50, n.Cut, 30)
		require.Contains(t, waits, "2")
		require.True(t, slices.ContainsFunc(waits, func(s string) bool { return len(s) > 20 }), "dates")
		sub := w.Subscriptions()[0]
		require.Equal(t, id, sub.ID, "still there")
		require.True(t, sub.Silent)
		require.Less(t, len(w.hook.items()), 500)
	})
}

func TestSilence(t *testing.T) {
	pushed(t, basic, func(t *testing.T, w *world) {
		w.Fault(graphtest.Delivery{User: w.bob, Silence: true, Count: 1})
		w.Show(w.ada, "Busy", "Busy")
		synctest.Wait()
		require.Len(t, w.hook.items(), 1)
		w.Show(w.bob, "Busy", "Busy")
		w.Show(w.ada, "Away", "Away")
		sub := w.Subscriptions()[0]
		require.True(t, w.Lifecycle(sub.ID, "missed"))
		synctest.Wait()
		require.Len(t, w.hook.items(), 1)
		require.True(t, sub.Silent)
		svc := w.person("svc@contoso.com")
		path := "/subscriptions/" + sub.ID
		require.Equal(t, http.StatusOK, w.do(svc, http.MethodPatch, path, expiring(time.Now().Add(time.Hour))).Status)
		require.Equal(t, http.StatusNoContent, w.do(svc, http.MethodDelete, path, nil).Status)
		require.Equal(t, http.StatusCreated, w.subscribe().Status)
		w.Show(w.ada, "Busy", "Busy")
		synctest.Wait()
		require.Len(t, w.hook.items(), 2, "the next one speaks")
	})
}

func TestLateNotifications(t *testing.T) {
	pushed(t, rich, func(t *testing.T, w *world) {
		w.Fault(graphtest.Delivery{Late: time.Minute, Count: 1})
		w.Show(w.ada, "Busy", "Busy")
		pass(30 * time.Second)
		w.Show(w.ada, "Away", "Away")
		pass(29 * time.Second)
		require.Len(t, w.hook.items(), 1, "the others do not wait")
		pass(2 * time.Second)
		items := w.hook.items()
		require.Len(t, items, 2)
		require.Equal(t, "Away/Away", shown(t, items[0]))
		require.Equal(t, "Busy/Busy", shown(t, items[1]))

		w.Fault(graphtest.Delivery{Late: time.Minute, Count: 1})
		w.Show(w.ada, "Busy", "Busy")
		w.Vanish(w.Subscriptions()[0].ID)
		pass(time.Hour)
		require.Len(t, w.hook.items(), 2, "gone with its subscription")
	})
}

func TestBadItemsAmongGoodOnes(t *testing.T) {
	pushed(t, rich, func(t *testing.T, w *world) {
		lift := w.Fault(graphtest.Delivery{Hold: true, Count: 1})
		w.Show(w.ada, "Busy", "Busy")
		w.Fault(graphtest.Faults{
			graphtest.Delivery{Malformed: true, Count: 1}, graphtest.Delivery{WrongState: true, Count: 1}, graphtest.Delivery{WrongSignature: true, Count: 1},
		})
		for _, activity := range []string{"Away", "BeRightBack", "DoNotDisturb", "Available"} {
			w.Show(w.ada, activity, activity)
		}
		lift()
		synctest.Wait()
		posts := w.hook.received()
		require.Len(t, posts, 2, "the held one is alone")
		bad := posts[1].Body.Value
		require.Len(t, bad, 4)
		require.Nil(t, bad[0]["subscriptionId"])
		require.IsType(t, "", bad[0]["resourceData"])
		require.NotEqual(t, "state", bad[1]["clientState"])
		_, err := open(sharedKey(), bad[2]["encryptedContent"].(object))
		require.EqualError(t, err, "wrong signature")
		require.Equal(t, "Available/Available", shown(t, bad[3]))
		require.Equal(t, "state", bad[3]["clientState"])
		require.Len(t, posts[1].Body.Tokens, 1)
	})
}
