package graph_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
)

const teamsPlan = `{"capabilityStatus":"Enabled","service":"TeamspaceAPI","servicePlanId":"57ff2da0-773e-42df-b2af-ffb7a2317929"}`

func person(id, plans string, enabled bool) string {
	return fmt.Sprintf(`{"id":%q,"displayName":"D %[1]s","userPrincipalName":"%[1]s@contoso.com","mail":null,
		"accountEnabled":%t,"assignedPlans":[%s],"proxyAddresses":["SMTP:%[1]s@contoso.com","smtp:alias.%[1]s@contoso.com","SIP:%[1]s@contoso.com","odd"]}`,
		id, enabled, plans)
}

func TestPeopleFollowsThePages(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	g.failing(func(c call) *http.Response {
		q, err := url.ParseQuery(c.Query)
		require.NoError(t, err)
		switch q.Get("page") {
		case "2":
			return reply(200, `{"value":[],"@odata.nextLink":"`+endpoint+`/users?page=3"}`)
		case "3":
			return reply(200, `{"value":[`+person("bb", teamsPlan, true)+`]}`)
		}
		require.Equal(t, "999", q.Get("$top"))
		require.Contains(t, q.Get("$select"), "assignedPlans")
		return reply(200, `{"value":[`+person("aa", teamsPlan, true)+`],"@odata.nextLink":"`+endpoint+`/users?page=2"}`)
	})
	people, err := g.client().People(t.Context())
	require.NoError(t, err)
	require.Equal(t, []graph.Person{
		{ID: "aa", DisplayName: "D aa", UPN: "aa@contoso.com", Addresses: []string{"aa@contoso.com", "alias.aa@contoso.com"}},
		{ID: "bb", DisplayName: "D bb", UPN: "bb@contoso.com", Addresses: []string{"bb@contoso.com", "alias.bb@contoso.com"}},
	}, people)
	require.Equal(t, 3, g.count("GET"))
}

func TestPeopleHaveTeams(t *testing.T) {
	t.Parallel()
	plan := func(status, service, id string) string {
		return fmt.Sprintf(`{"capabilityStatus":%q,"service":%q,"servicePlanId":%q}`, status, service, id)
	}
	const other = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7"
	tests := map[string]struct {
		user string
		want bool
	}{
		"licensed":                {person("aa", teamsPlan, true), true},
		"in the grace period":     {person("aa", plan("Warning", "TeamspaceAPI", other), true), true},
		"another plan of Teams":   {person("aa", plan("enabled", "teamspaceapi", other), true), true},
		"government":              {person("aa", plan("Enabled", "x", "304767db-7d23-49e8-a945-4a7eb65f9f28"), true), true},
		"second of several plans": {person("aa", plan("Enabled", "exchange", other)+","+teamsPlan, true), true},
		"licence taken away":      {person("aa", plan("Deleted", "TeamspaceAPI", other), true), false},
		"suspended":               {person("aa", plan("Suspended", "TeamspaceAPI", other), true), false},
		"only telephony":          {person("aa", plan("Enabled", "MCOEV", other), true), false},
		"no licence":              {person("aa", "", true), false},
		"disabled account":        {person("aa", teamsPlan, false), false},
		"nothing is said":         {`{"id":"aa"}`, false},
		"no id":                   {`{"accountEnabled":true,"assignedPlans":[` + teamsPlan + `]}`, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newTenant(t)
			g.failing(func(call) *http.Response { return reply(200, `{"value":[`+test.user+`]}`) })
			people, err := g.client().People(t.Context())
			require.NoError(t, err)
			require.Equal(t, test.want, len(people) == 1)
		})
	}
}

func TestListsWithoutAListAreNoEmptyLists(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"no body": "", "no value": "{}", "null": `{"value":null}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newTenant(t)
			g.failing(func(c call) *http.Response {
				if c.Query == "page=2" {
					return reply(200, body)
				}
				return reply(200, `{"value":[],"@odata.nextLink":"`+endpoint+c.Path+`?page=2"}`)
			})
			_, err := g.client().People(t.Context())
			require.EqualError(t, err, "list people: the answer holds no list")
			_, err = g.client().Subscriptions(t.Context())
			require.EqualError(t, err, "list subscriptions: the answer holds no list")

			g.failing(func(c call) *http.Response { return reply(200, body) })
			_, err = g.client().People(t.Context())
			require.EqualError(t, err, "list people: the answer holds no list")
			_, err = g.client().Presences(t.Context(), []string{"aa"})
			require.ErrorContains(t, err, "read presence: ")
		})
	}
}

func TestPeopleReturnsNoHalfList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTenant(t)
		g.failing(func(c call) *http.Response {
			if c.Query == "page=2" {
				return reply(500, "")
			}
			return reply(200, `{"value":[`+person("aa", teamsPlan, true)+`],"@odata.nextLink":"`+endpoint+`/users?page=2"}`)
		})
		people, err := g.client().People(t.Context())
		require.ErrorContains(t, err, "list people: Graph answered 500")
		require.Empty(t, people)
		require.Equal(t, 1+4, g.count("GET /users"))
	})
}
