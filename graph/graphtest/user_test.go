package graphtest_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

const teamsFilter = "assignedPlans/any(a:a/servicePlanId eq 57ff2da0-773e-42df-b2af-ffb7a2317929 and a/capabilityStatus eq 'Enabled')"

// names are the UPN prefixes on a page, removed people as "-" and the reason.
func names(r reply) []string {
	all := []string{}
	list, _ := r.Body["value"].([]any)
	for _, one := range list {
		user := one.(object)
		if removed, ok := user["@removed"].(object); ok {
			all = append(all, "-"+removed["reason"].(string))
			continue
		}
		name, _, _ := strings.Cut(user["userPrincipalName"].(string), "@")
		all = append(all, name)
	}
	return all
}

func link(r reply, name string) string {
	address, _ := r.Body["@odata."+name].(string)
	return address
}

func TestUserResource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.app()
	golden(t, "user_default", w.do(token, http.MethodGet, "/users/"+w.ada, nil))
	golden(t, "user_selected", w.do(token, http.MethodGet, "/users/ada@contoso.com?$select=id,displayName,mail,userPrincipalName,accountEnabled,userType,assignedPlans,proxyAddresses,businessPhones,employeeId,onPremisesExtensionAttributes", nil))
	golden(t, "user_unlicensed", w.do(token, http.MethodGet, "/users/"+w.svc+"?$select=assignedPlans,mail", nil))

	unknown := w.do(token, http.MethodGet, "/users/nobody@contoso.com", nil)
	require.Equal(t, http.StatusNotFound, unknown.Status)
	require.Equal(t, "Request_ResourceNotFound", unknown.code())
	require.Equal(t, http.StatusBadRequest, w.do(token, http.MethodGet, "/users?$select=id,shoeSize", nil).Status)
	require.Equal(t, http.StatusBadRequest, w.do(token, http.MethodGet, "/me", nil).Status, "no person")
}

func TestUserPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *graphtest.Options) { o.Page = 2 })
	w.AddUser(graphtest.User{UPN: "dan@contoso.com"})
	w.AddUser(graphtest.User{UPN: "eve@contoso.com"})
	token := w.app()

	first := w.do(token, http.MethodGet, "/users?$select=id,userPrincipalName", nil)
	require.Equal(t, []string{"ada", "bob"}, names(first))
	require.True(t, strings.HasPrefix(link(first, "nextLink"), w.GraphURL()+"/users?"), link(first, "nextLink"))
	require.Contains(t, link(first, "nextLink"), "$skiptoken=")
	w.RemoveUser(w.ada)
	second := w.do(token, http.MethodGet, link(first, "nextLink"), nil)
	require.Equal(t, []string{"svc", "dan"}, names(second), "a removal does not shift the pages")
	require.NotContains(t, second.Raw, "displayName", "the selection goes on")
	last := w.do(token, http.MethodGet, link(second, "nextLink"), nil)
	require.Equal(t, []string{"eve"}, names(last))
	require.Empty(t, link(last, "nextLink"))

	require.Equal(t, []string{"bob", "svc", "dan"}, names(w.do(token, http.MethodGet, "/users?$top=3", nil)))
	for _, top := range []string{"0", "1000", "-1", "many"} {
		r := w.do(token, http.MethodGet, "/users?$top="+top, nil)
		require.Equal(t, http.StatusBadRequest, r.Status, top)
	}
	require.Equal(t, http.StatusOK, w.do(token, http.MethodGet, "/users?$top=999", nil).Status)
	require.Equal(t, http.StatusBadRequest, w.do(token, http.MethodGet, "/users?$skiptoken=-1", nil).Status)
}

func TestUserFilters(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *graphtest.Options) { o.Page = 2 })
	w.AddUser(graphtest.User{UPN: "grace@contoso.com", Teams: true, PlanStatus: "Warning"})
	w.AddUser(graphtest.User{UPN: "heidi@contoso.com", Teams: true, Disabled: true})
	w.AddUser(graphtest.User{UPN: "guest@contoso.com", Guest: true})
	token := w.app()
	ask := func(filter string, options string, headers ...string) reply {
		return w.do(token, http.MethodGet, "/users?$top=50&$filter="+url.QueryEscape(filter)+options, nil, headers...)
	}
	eventual := []string{"ConsistencyLevel", "eventual"}

	tests := map[string]struct {
		filter string
		want   []string
	}{
		"licensed":             {teamsFilter, []string{"ada", "bob", "heidi"}},
		"by service":           {"assignedPlans/any(p:p/service eq 'TeamspaceAPI')", []string{"ada", "bob", "grace", "heidi"}},
		"licensed and enabled": {teamsFilter + " and accountEnabled eq true", []string{"ada", "bob"}},
		"enabled and licensed": {"accountEnabled eq true and " + teamsFilter, []string{"ada", "bob"}},
		"disabled":             {"accountEnabled eq false", []string{"heidi"}},
		"guests":               {"userType eq 'Guest'", []string{"guest"}},
		"another plan":         {"assignedPlans/any(a:a/servicePlanId eq 4828c8ec-dc2e-4779-b502-87ac9ce28ab7)", []string{}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := ask(test.filter, "&$count=true", eventual...)
			require.Equal(t, http.StatusOK, r.Status, r.Raw)
			require.Equal(t, test.want, names(r))
			require.Equal(t, float64(len(test.want)), r.Body["@odata.count"])
		})
	}

	for name, r := range map[string]reply{
		"no header":        ask(teamsFilter, "&$count=true"),
		"no count":         ask(teamsFilter, "", eventual...),
		"neither":          ask(teamsFilter, ""),
		"unknown property": ask("shoeSize eq 42", "&$count=true", eventual...),
		"unknown operator": ask("accountEnabled ne true", "&$count=true", eventual...),
		"disjunction":      ask("accountEnabled eq true or userType eq 'Guest'", "&$count=true", eventual...),
		"foreign variable": ask("assignedPlans/any(a:b/service eq 'TeamspaceAPI')", "&$count=true", eventual...),
		"no variable":      ask("assignedPlans/any()", "&$count=true", eventual...),
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, http.StatusBadRequest, r.Status, r.Raw)
			require.Equal(t, "Request_UnsupportedQuery", r.code())
		})
	}

	t.Run("the header is needed on each page", func(t *testing.T) {
		r := w.do(token, http.MethodGet, "/users?$count=true&$filter="+url.QueryEscape(teamsFilter), nil, eventual...)
		require.Equal(t, []string{"ada", "bob"}, names(r))
		require.Equal(t, http.StatusBadRequest, w.do(token, http.MethodGet, link(r, "nextLink"), nil).Status)
		require.Equal(t, []string{"heidi"}, names(w.do(token, http.MethodGet, link(r, "nextLink"), nil, eventual...)))
	})
}

func TestDelta(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *graphtest.Options) { o.Page = 2 })
	token := w.app()
	get := func(address string) reply {
		t.Helper()
		r := w.do(token, http.MethodGet, address, nil)
		require.Equal(t, http.StatusOK, r.Status, r.Raw)
		return r
	}

	first := get("/users/delta?$select=id,userPrincipalName,assignedPlans")
	require.Equal(t, []string{"ada", "bob"}, names(first))
	require.Empty(t, link(first, "deltaLink"))
	w.UpdateUser(w.ada, func(u *graphtest.User) { u.DisplayName = "Countess" })
	last := get(link(first, "nextLink"))
	require.Equal(t, []string{"svc"}, names(last))
	require.Contains(t, last.Raw, "assignedPlans")
	require.NotContains(t, last.Raw, "displayName")

	round := get(link(last, "deltaLink"))
	require.Equal(t, []string{"ada"}, names(round), "changed while the pages were read")
	require.Empty(t, names(get(link(round, "deltaLink"))))

	w.AddUser(graphtest.User{UPN: "dan@contoso.com"})
	w.RemoveUser(w.bob)
	w.PurgeUser(w.svc)
	round = get(link(round, "deltaLink"))
	require.Equal(t, []string{"-changed", "-deleted"}, names(round))
	require.Equal(t, []string{"dan"}, names(get(link(round, "nextLink"))))

	require.NotContains(t, fmt.Sprint(names(get("/users/delta"))), "-", "a first round has no removals")
}

func TestDeltaForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.app()
	for _, path := range []string{"/users/delta", "/users/delta()", "/users/microsoft.graph.delta()"} {
		require.Equal(t, []string{"ada", "bob", "svc"}, names(w.do(token, http.MethodGet, path, nil)), path)
	}
	require.Equal(t, 3, w.Calls()[graphtest.RouteDelta])

	latest := w.do(token, http.MethodGet, "/users/delta?$deltatoken=latest", nil)
	require.Empty(t, names(latest))
	w.AddUser(graphtest.User{UPN: "dan@contoso.com"})
	require.Equal(t, []string{"dan"}, names(w.do(token, http.MethodGet, link(latest, "deltaLink"), nil)))

	for _, option := range []string{"$top=5", "$expand=manager", "$orderby=id", "$filter=" + url.QueryEscape("accountEnabled eq true")} {
		require.Equal(t, http.StatusBadRequest, w.do(token, http.MethodGet, "/users/delta?"+option, nil).Status, option)
	}
	require.Equal(t, http.StatusBadRequest, w.do(token, http.MethodGet, "/users/delta?$deltatoken=made-up", nil).Status)
}

func TestDeltaTokensExpire(t *testing.T) {
	t.Parallel()
	for name, expire := range map[string]func(*world){
		"after a week": func(w *world) { w.clock.Advance(7*24*time.Hour + time.Second) },
		"on demand":    func(w *world) { w.ExpireDelta() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.do(w.app(), http.MethodGet, "/users/delta", nil)
			expire(w)
			gone := w.do(w.app(), http.MethodGet, link(r, "deltaLink"), nil)
			require.Equal(t, http.StatusGone, gone.Status)
			require.Equal(t, "syncStateNotFound", gone.code())
			require.Equal(t, http.StatusOK, w.do(w.app(), http.MethodGet, "/users/delta", nil).Status)
		})
	}
}

func TestUsersAreKeptApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	list := w.Users()
	list[0].Addresses[0] = "changed"
	require.Equal(t, []string{"SMTP:ada@contoso.com"}, w.Users()[0].Addresses)
	require.Panics(t, func() { w.AddUser(graphtest.User{ID: w.ada}) })
	id := w.AddUser(graphtest.User{UPN: "dan@contoso.com"})
	require.Regexp(t, "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id)
	w.RemoveUser(id)
	require.Len(t, w.Users(), 3)
	require.Equal(t, id, w.AddUser(graphtest.User{UPN: "dan@contoso.com"}), "the id may come back")
}

func TestBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Fault(graphtest.Answer{Route: graphtest.RouteUser, Count: 1, Status: http.StatusTooManyRequests, RetryAfter: 1500 * time.Millisecond})
	token := w.app()
	r := w.do(token, http.MethodPost, "/$batch", object{"requests": []object{
		{"id": "1", "method": "POST", "url": "/users/" + w.ada + "/presence/setPresence", "headers": object{"Content-Type": "application/json"}, "body": object{"sessionId": appID, "availability": "Busy", "activity": "InACall"}},
		{"id": "2", "method": "GET", "url": "/users/" + w.ada},
		{"id": "3", "method": "GET", "url": "users/" + w.ada + "/presence"},
	}})
	require.Equal(t, http.StatusOK, r.Status, r.Raw)
	answers := map[any]object{}
	for _, one := range r.Body["responses"].([]any) {
		answers[one.(object)["id"]] = one.(object)
	}
	require.Equal(t, 200.0, answers["1"]["status"])
	require.NotContains(t, answers["1"], "body")
	require.Equal(t, 429.0, answers["2"]["status"])
	require.Equal(t, "2", answers["2"]["headers"].(object)["Retry-After"])
	require.Equal(t, "InACall", answers["3"]["body"].(object)["activity"])
	require.Equal(t, 1, w.Calls()[graphtest.RouteSetPresence])

	many := make([]object, 21)
	for i := range many {
		many[i] = object{"id": fmt.Sprint(i), "method": "GET", "url": "/users"}
	}
	for name, requests := range map[string][]object{
		"too many": many,
		"none":     {},
		"same id":  {{"id": "1", "method": "GET", "url": "/users"}, {"id": "1", "method": "GET", "url": "/users"}},
		"nested":   {{"id": "1", "method": "POST", "url": "/$batch"}},
	} {
		require.Equal(t, http.StatusBadRequest, w.do(token, http.MethodPost, "/$batch", object{"requests": requests}).Status, name)
	}
	require.Equal(t, http.StatusOK, w.do(token, http.MethodPost, "/$batch", object{"requests": many[:20]}).Status)
}
