package graphtest_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func TestGrants(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	svc := w.person("svc@contoso.com")
	w.Fault(graphtest.Grant{Route: graphtest.RouteSubscribe, Lifetime: 5 * time.Minute})
	r := w.subscribe()
	require.Equal(t, noon.Add(5*time.Minute), r.expiry(t), "whatever the shortest lifetime is")
	path := "/subscriptions/" + r.Body["id"].(string)
	renew := func() time.Time {
		r := w.do(svc, http.MethodPatch, path, expiring(w.now().Add(time.Hour)))
		require.Equal(t, http.StatusOK, r.Status)
		return r.expiry(t)
	}
	w.clock.Advance(time.Minute)
	w.Fault(graphtest.Grant{Count: 1, Stay: true})
	require.Equal(t, noon.Add(5*time.Minute), renew(), "unchanged")
	lift := w.Fault(graphtest.Grant{Lifetime: 10 * time.Minute})
	require.Equal(t, noon.Add(11*time.Minute), renew())
	lift()
	require.Equal(t, noon.Add(61*time.Minute), renew(), "renewals only")
	w.clock.Advance(time.Hour)
	require.Equal(t, http.StatusNotFound, w.do(w.person("svc@contoso.com"), http.MethodGet, path, nil).Status)
}

func TestWhoIsBlamed(t *testing.T) {
	t.Parallel()
	const nobody = "00000000-0000-4000-8000-0000000000ff"
	w := newWorld(t)
	r := w.subscribe(watching(w.ada, nobody))
	require.Equal(t, 500, r.Status)
	require.Contains(t, r.message(), nobody)
	require.NotContains(t, r.message(), w.ada)

	w = newWorld(t, func(o *graphtest.Options) { o.BlameEverybody = true })
	require.Contains(t, w.subscribe(watching(w.ada, nobody)).message(), w.ada)
	require.Equal(t, 201, w.subscribe().Status, "nothing to blame")
}

func TestOnePerApp(t *testing.T) {
	t.Parallel()
	second := func(w *world) int {
		require.Equal(t, 201, w.subscribe(watching(w.ada)).Status)
		body := object{"changeType": "updated", "notificationUrl": hookURL, "resource": "communications/presences/" + w.bob, "expirationDateTime": noon.Add(time.Hour)}
		return w.do(w.person("bob@contoso.com"), http.MethodPost, "/subscriptions", body).Status
	}
	require.Equal(t, 201, second(newWorld(t)), "another person's")
	require.Equal(t, 409, second(newWorld(t, func(o *graphtest.Options) { o.OnePerApp = true })))
}

func TestRefuseUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *graphtest.Options) { o.RefuseUnknown = true })
	token := w.app()
	read := func(ids ...string) int {
		return w.do(token, http.MethodPost, "/communications/getPresencesByUserId", object{"ids": ids}).Status
	}
	require.Equal(t, 200, read(w.ada, w.bob))
	require.Equal(t, 400, read(w.ada, "00000000-0000-4000-8000-0000000000ff"))
	w.RemoveUser(w.bob)
	require.Equal(t, 400, read(w.ada, w.bob))
}

func TestReauthorizeIsAskedFor(t *testing.T) {
	pushed(t, basic, func(t *testing.T, w *world) {
		path := "/subscriptions/" + w.Subscriptions()[0].ID
		events := func() (n int) {
			synctest.Wait()
			for _, item := range w.hook.items() {
				require.Equal(t, "reauthorizationRequired", item["lifecycleEvent"])
				n++
			}
			return n
		}
		pass(19 * time.Minute)
		require.Zero(t, events())
		pass(time.Minute)
		require.Equal(t, 1, events())
		pass(10 * time.Minute)
		svc := w.person("svc@contoso.com")
		require.Equal(t, http.StatusOK, w.do(svc, http.MethodPatch, path, expiring(time.Now().Add(time.Hour))).Status)
		pass(19 * time.Minute)
		require.Equal(t, 1, events(), "a renewal is one")
		pass(time.Minute)
		require.Equal(t, 2, events())
		require.Equal(t, http.StatusNoContent, w.do(svc, http.MethodPost, path+"/reauthorize", nil).Status)
		pass(19 * time.Minute)
		require.Equal(t, 2, events())
		pass(time.Minute)
		require.Equal(t, 3, events())
	}, func(o *graphtest.Options) { o.Reauthorize = 20 * time.Minute })
}

func TestRaggedDelta(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *graphtest.Options) { o.RaggedDelta, o.Page = true, 2 })
	token := w.app()
	round := func(next string) (pages [][]string, delta string) {
		for next != "" {
			r := w.do(token, http.MethodGet, next, nil)
			require.Equal(t, http.StatusOK, r.Status, r.Raw)
			pages, next, delta = append(pages, names(r)), link(r, "nextLink"), link(r, "deltaLink")
		}
		return pages, delta
	}
	pages, delta := round("/users/delta?$select=userPrincipalName")
	require.Equal(t, [][]string{{}, {"ada", "bob"}, {"bob", "svc"}}, pages)
	pages, delta = round(delta)
	require.Equal(t, [][]string{{}, {}}, pages)
	w.RemoveUser(w.bob)
	pages, _ = round(delta)
	require.Equal(t, [][]string{{}, {"-changed"}}, pages)
}

func TestRetiredKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.app()
	ask := func(token string) int { return w.do(token, http.MethodGet, "/users", nil).Status }
	w.RotateKey()
	require.Equal(t, 200, ask(old))
	require.Equal(t, 200, ask(w.app()))
	w.RetireKeys()
	require.Equal(t, 401, ask(old), "also one that was seen before")
	require.Equal(t, 200, ask(w.app()))
	keys := w.get(w.AuthorityURL() + "/common/discovery/v2.0/keys").Body["keys"].([]any)
	require.Len(t, keys, 1)
}
