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

// A day with thousands of people takes seconds: everybody changes now and then, holds sessions
// that run out, and is read by all.
func TestDay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := running(t, func(o *graphtest.Options) { o.TokenLifetime = 25 * time.Hour })
		const people, batch = 5_000, 650
		ids := make([]string, people)
		for i := range ids {
			ids[i] = w.AddUser(graphtest.User{UPN: fmt.Sprintf("p%d@contoso.com", i), Teams: true})
			w.SignIn(ids[i])
		}
		require.Equal(t, http.StatusCreated, w.subscribe(watching(ids[:batch]...), expiring(time.Now().Add(time.Hour))).Status)
		app, svc := w.app(), w.person("svc@contoso.com")
		path := "/subscriptions/" + w.Subscriptions()[0].ID
		shows := []string{"Busy", "Away", "Available", "DoNotDisturb"}
		for minute := range 24 * 60 {
			for i := range 50 {
				id := ids[(minute*50+i)*7%people]
				w.Show(id, shows[(minute+i)%4], shows[(minute+i)%4])
				require.Equal(t, http.StatusOK, w.do(app, http.MethodPost, "/users/"+id+"/presence/setPresence",
					`{"sessionId":"`+appID+`","availability":"Busy","activity":"InACall","expirationDuration":"PT5M"}`).Status)
			}
			if minute%30 == 0 {
				require.Equal(t, http.StatusOK, w.do(svc, http.MethodPatch, path, expiring(time.Now().Add(time.Hour))).Status)
			}
			pass(time.Minute)
		}
		synctest.Wait()
		require.Len(t, w.Subscriptions(), 1)
		require.Zero(t, w.Subscriptions()[0].Pending)
		require.Equal(t, 24*60*50, w.Tally()[graphtest.RouteSetPresence].Done)
		require.Greater(t, len(w.hook.items()), 24*60*50*batch/people)
	})
}
