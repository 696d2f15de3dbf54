package graphtest_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func TestRemovedPeopleAreGone(t *testing.T) {
	pushed(t, rich, func(t *testing.T, w *world) {
		token := w.app()
		w.RemoveUser(w.ada)
		synctest.Wait()
		require.Empty(t, w.hook.received(), "presence says nothing of it")
		for _, path := range []string{"/users/" + w.ada, "/users/" + w.ada + "/presence"} {
			require.Equal(t, http.StatusNotFound, w.do(token, http.MethodGet, path, nil).Status, path)
		}
		r := w.do(token, http.MethodPost, "/communications/getPresencesByUserId", object{"ids": []string{w.ada}})
		require.Equal(t, map[string]string{w.ada: "PresenceUnknown/PresenceUnknown"}, bulk(r))
		require.Equal(t, http.StatusNotFound, w.setPresence(w.ada, "Away", "Away", "PT5M").Status)

		pass(2 * time.Hour)
		require.Empty(t, w.hook.received(), "nor later")
	})
}

func TestPreferredPresenceRunsOutWhileRunning(t *testing.T) {
	pushed(t, func(*testing.T) object {
		return object{"resource": "users"}
	}, func(t *testing.T, w *world) {
		w.Choose(w.ada, "Busy", "Busy")
		began := time.Now()
		require.NoError(t, w.Await(t.Context(), func() bool { return w.pair(w.ada) == "Available/Available" }))
		require.Equal(t, 24*time.Hour, time.Since(began))
		require.Empty(t, w.hook.received(), "users subscriptions hear nothing of presence")
	})
}

func TestSubscriptionsRunOutWhileRunning(t *testing.T) {
	pushed(t, basic, func(t *testing.T, w *world) {
		began := time.Now()
		require.NoError(t, w.Await(t.Context(), func() bool { return len(w.Subscriptions()) == 0 }))
		require.Equal(t, 59*time.Minute, time.Since(began))
		w.Show(w.ada, "Busy", "Busy")
		synctest.Wait()
		require.Empty(t, w.hook.received())
	})
}

func TestEndingASubscriptionEndsItsDeliveries(t *testing.T) {
	ends := map[string]func(w *world, id string){
		"deleted": func(w *world, id string) {
			require.Equal(w.t, http.StatusNoContent, w.do(w.person("svc@contoso.com"), http.MethodDelete, "/subscriptions/"+id, nil).Status)
		},
		"vanished": func(w *world, id string) { w.Vanish(id) },
		"run out":  func(*world, string) { pass(time.Hour) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := running(t)
				w.hook.answer = func(out http.ResponseWriter, _ int) bool {
					out.WriteHeader(http.StatusInternalServerError)
					return false
				}
				r := w.subscribe()
				require.Equal(t, http.StatusCreated, r.Status)
				w.SignIn(w.ada)
				synctest.Wait()
				require.NotEmpty(t, w.hook.received(), "it is being tried")
				end(w, r.Body["id"].(string))
				synctest.Wait()
				tried := len(w.hook.received())
				pass(3 * time.Hour)
				require.Len(t, w.hook.received(), tried)
			})
		})
	}
}

func TestOnlyOneOfTwoAtOnceIsMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, wall)
		w.hook.validate = func(out http.ResponseWriter, r *http.Request) {
			pass(time.Second) // both are in their handshakes
			out.Header().Set("Content-Type", "text/plain")
			_, _ = fmt.Fprint(out, r.URL.Query().Get("validationToken"))
		}
		statuses := make(chan int)
		for range 2 {
			go func() { statuses <- w.subscribe().Status }()
		}
		require.ElementsMatch(t, []int{http.StatusCreated, http.StatusConflict}, []int{<-statuses, <-statuses})
		require.Len(t, w.Subscriptions(), 1)
	})
}

func TestRenewingWhatEndsMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.subscribe().Body["id"].(string)
	w.hook.validate = func(out http.ResponseWriter, r *http.Request) {
		w.Vanish(id)
		out.Header().Set("Content-Type", "text/plain")
		_, _ = fmt.Fprint(out, r.URL.Query().Get("validationToken"))
	}
	r := w.do(w.person("svc@contoso.com"), http.MethodPatch, "/subscriptions/"+id, object{"notificationUrl": "https://hook.example/moved"})
	require.Equal(t, http.StatusNotFound, r.Status)
}

func TestUsersSubscriptions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Equal(t, http.StatusCreated, w.subscribe(object{"resource": "users/" + w.ada}).Status)
	w.UpdateUser(w.bob, func(u *graphtest.User) { u.DisplayName = "Robert" })
	require.Zero(t, w.Subscriptions()[0].Pending, "somebody else")
	w.UpdateUser(w.ada, func(u *graphtest.User) { u.DisplayName = "Countess"; u.ID = "ignored" })
	require.Equal(t, 1, w.Subscriptions()[0].Pending)
	w.PurgeUser(w.ada)
	require.Equal(t, 1, w.Subscriptions()[0].Pending, "only updates were asked for")

	all := w.subscribe(object{"resource": "users"})
	require.Equal(t, http.StatusCreated, all.Status, "another resource")
	again := w.subscribe(object{"resource": "users"})
	require.Equal(t, http.StatusConflict, again.Status)
	require.Equal(t, "Subscription Id <"+all.Body["id"].(string)+"> already exists for the requested combination", again.message())
}

func TestTheClientOfTheServerHonoursContexts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, wall)
		w.Fault(graphtest.Answer{Route: graphtest.RouteUsers, Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, w.GraphURL()+"/users", nil)
		require.NoError(t, err)
		began := time.Now()
		_, err = w.Client().Do(r)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(began))
	})
}

// TestInstanceDiscovery answers the request that credentials send to the public cloud first
// unless they are told not to.
func TestInstanceDiscovery(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wall)
	options := w.clientOptions()
	options.Cloud = cloud.Configuration{ActiveDirectoryAuthorityHost: w.AuthorityURL()}
	options.Transport = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Host == "login.microsoftonline.com" {
			r = r.Clone(r.Context())
			r.URL.Host, r.Host = "login.graphtest.example", "login.graphtest.example"
		}
		return w.Client().Transport.RoundTrip(r)
	})}
	cred, err := azidentity.NewClientSecretCredential(w.Tenant(), appID, secret, &azidentity.ClientSecretCredentialOptions{ClientOptions: options})
	require.NoError(t, err)
	token, err := w.token(cred)
	require.NoError(t, err)
	require.Equal(t, appID, w.verify(token)["appid"])
	require.NotZero(t, w.Calls()[graphtest.RouteInstance])
}

func TestSecretsAreNotPrinted(t *testing.T) {
	t.Parallel()
	app := graphtest.App{ID: appID, Secret: secret}
	user := graphtest.User{UPN: "ada@contoso.com", Password: password}
	for _, format := range []string{"%v", "%+v", "%s"} {
		require.NotContains(t, fmt.Sprintf(format+" "+format, app, user), secret)
		require.NotContains(t, fmt.Sprintf(format+" "+format, app, user), password)
	}
}
