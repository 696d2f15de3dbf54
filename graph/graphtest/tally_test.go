package graphtest_test

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func TestTally(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.app()
	require.NoError(t, w.Start())
	t.Cleanup(w.Close)
	before := w.Tally()
	ask := func() { w.do(token, http.MethodGet, "/users", nil) }
	ask()
	w.do("forged", http.MethodGet, "/users", nil)
	w.Fault(graphtest.Answer{Count: 1, Status: 429})
	ask()
	w.Fault(graphtest.Answer{Count: 1, Status: 503})
	ask()
	w.Fault(graphtest.Answer{Count: 1, Cut: true})
	_, err := w.Client().Post(w.GraphURL()+"/users/"+w.ada+"/presence/setPresence", "application/json", http.NoBody)
	require.Error(t, err)
	w.tokens("grant_type", "client_credentials")
	w.do(token, http.MethodPost, "/$batch", object{"requests": []object{{"id": "1", "method": "GET", "url": "/users"}}})

	since := w.Tally().Since(before)
	require.Equal(t, graphtest.Tally{
		graphtest.RouteUsers:       {Asked: 5, Done: 2, Refused: 1, Throttled: 1, Failed: 1},
		graphtest.RouteSetPresence: {Asked: 1, Cut: 1},
		graphtest.RouteBatch:       {Asked: 1, Done: 1},
		graphtest.RouteToken:       {Asked: 1, Refused: 1},
	}, since)
	require.Equal(t, graphtest.Count{Asked: 7, Done: 3, Refused: 1, Throttled: 1, Failed: 1, Cut: 1}, since.Sum(), "without the authority")
	require.Equal(t, graphtest.Count{Asked: 2, Refused: 1, Cut: 1}, since.Sum(graphtest.RouteToken, graphtest.RouteSetPresence))
	require.Empty(t, w.Tally().Since(w.Tally()))
	require.Equal(t, 5, w.Calls()[graphtest.RouteUsers])
}

func TestTallyCountsWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, wall)
		token := w.app()
		w.Fault(graphtest.Answer{Route: graphtest.RouteUsers, Delay: time.Minute})
		go w.do(token, http.MethodGet, "/users", nil)
		synctest.Wait()
		require.Equal(t, graphtest.Count{Asked: 1}, w.Tally()[graphtest.RouteUsers])
		pass(time.Minute)
		synctest.Wait()
		require.Equal(t, graphtest.Count{Asked: 1, Done: 1}, w.Tally()[graphtest.RouteUsers])
	})
}

func TestBusiest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.app()
	require.Zero(t, w.Busiest(time.Minute))
	for _, n := range []int{3, 1, 4, 1, 5} {
		for range n {
			w.do(token, http.MethodGet, "/users/"+w.ada+"/presence", nil)
		}
		w.do(token, http.MethodGet, "/users", nil)
		w.clock.Advance(10 * time.Second)
	}
	for stretch, most := range map[time.Duration]int{1: 5, 10: 5, 11: 6, 21: 10, 31: 11, 40: 11, 41: 14, 3600: 14} {
		require.Equal(t, most, w.Busiest(stretch*time.Second), "%d s", stretch)
	}
}

func TestAllowance(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *graphtest.Options) { o.Allowance = 3 })
	token := w.app()
	read := func() reply { return w.do(token, http.MethodGet, "/users/"+w.ada+"/presence", nil) }
	w.clock.Advance(21 * time.Second)
	for range 3 {
		require.Equal(t, http.StatusOK, read().Status)
	}
	for range 2 {
		r := read()
		require.Equal(t, http.StatusTooManyRequests, r.Status)
		require.Equal(t, "9", r.Header.Get("Retry-After"))
	}
	require.Equal(t, http.StatusTooManyRequests, w.setPresence(w.ada, "Busy", "InACall", "PT5M").Status, "one allowance for all of presence")
	require.Equal(t, http.StatusOK, w.do(token, http.MethodGet, "/users", nil).Status, "and for nothing else")
	w.clock.Advance(9 * time.Second)
	require.Equal(t, http.StatusOK, read().Status)
}

// A tenant of 100,000 is affordable: to fill, to page through, and to leave alone.
func TestManyPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *graphtest.Options) { o.Page = 999 })
	const people = 100_000
	for i := range people - 3 {
		w.AddUser(graphtest.User{UPN: fmt.Sprintf("p%d@contoso.com", i), Teams: i%2 == 0})
	}
	token := w.app()
	before := w.Tally()
	n, licensed := 0, 0
	for next := "/users?$select=id&$top=999"; next != ""; {
		r := w.do(token, http.MethodGet, next, nil)
		require.Equal(t, http.StatusOK, r.Status)
		n += len(r.Body["value"].([]any))
		next = link(r, "nextLink")
	}
	require.Equal(t, people, n)
	for next := "/users/delta?$select=id,assignedPlans"; next != ""; {
		r := w.do(token, http.MethodGet, next, nil)
		for _, one := range r.Body["value"].([]any) {
			if len(one.(object)["assignedPlans"].([]any)) > 0 {
				licensed++
			}
		}
		next = link(r, "nextLink")
	}
	require.Equal(t, people/2+1, licensed)
	require.Equal(t, 101, w.Tally().Since(before)[graphtest.RouteUsers].Done)
	require.Equal(t, 101, w.Tally().Since(before)[graphtest.RouteDelta].Done)
}
