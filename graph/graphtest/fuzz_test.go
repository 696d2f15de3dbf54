package graphtest_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func FuzzParseDuration(f *testing.F) {
	for _, seed := range []string{"PT5M", "P7D", "P1W2DT3H4M5.5S", "PT", "P", "PT1H1H", "PT99999999999H", "PT-1M", "PTNANS", "PT0X1M"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, ok := graphtest.ParseDuration(text)
		if !ok {
			return
		}
		require.GreaterOrEqual(t, d, time.Duration(0))
		require.True(t, strings.HasPrefix(strings.ToUpper(text), "P"))
		require.False(t, strings.ContainsAny(text, "-+ "))
		again, ok := graphtest.ParseDuration(strings.ToLower(text))
		require.True(t, ok)
		require.Equal(t, d, again)
	})
}

func FuzzWatched(f *testing.F) {
	const id = "00000000-0000-4000-8000-00000000000a"
	for _, seed := range []string{
		"users", "users/" + id, "/communications/presences/" + id, "communications/presences?$filter=id in ('" + id + "')",
		"communications/presences?$filter=id+in+(%27" + id + "%27)", "communications/presences?$filter=id in ('''')", "communications/presences?%",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, resource string) {
		ids, ok := graphtest.Watched(resource)
		if !ok {
			return
		}
		for _, id := range ids {
			require.NoError(t, uuid.Validate(id))
			require.Equal(t, strings.ToLower(id), id)
		}
		if len(ids) > 0 {
			again, ok := graphtest.Watched("communications/presences?$filter=id in ('" + strings.Join(ids, "','") + "')")
			require.True(t, ok)
			require.ElementsMatch(t, ids, again)
		}
	})
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{"", teamsFilter, "accountEnabled eq true", "userType eq 'Guest' and accountEnabled eq false", "assignedPlans/any(", "a)b(", " and "} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, filter string) {
		u := graphtest.User{Teams: true}
		passes, ok := graphtest.Passes(filter, u)
		if !ok || strings.TrimSpace(filter) == "" {
			return
		}
		both, ok := graphtest.Passes(filter+" and accountEnabled eq true", u)
		require.True(t, ok)
		require.Equal(t, passes, both)
		none, ok := graphtest.Passes("accountEnabled eq false and "+filter, u)
		require.True(t, ok)
		require.False(t, none)
	})
}

func FuzzDeltaToken(f *testing.F) {
	f.Add("eyJzIjozfQ")
	f.Add("made up")
	f.Fuzz(func(t *testing.T, token string) {
		once, ok := graphtest.DeltaToken(token)
		if !ok {
			return
		}
		twice, ok := graphtest.DeltaToken(once)
		require.True(t, ok)
		require.Equal(t, once, twice)
	})
}
