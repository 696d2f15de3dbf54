package graphtest_test

import (
	"crypto/rsa"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func TestAnswerFaults(t *testing.T) {
	t.Parallel()
	ask := func(w *world, token string) reply { return w.do(token, http.MethodGet, "/users", nil) }

	t.Run("as often as counted", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		token := w.app()
		w.Fault(graphtest.Answer{Route: graphtest.RouteUsers, Count: 2, Status: 429, RetryAfter: 10 * time.Second})
		for range 2 {
			r := ask(w, token)
			require.Equal(t, http.StatusTooManyRequests, r.Status)
			require.Equal(t, "10", r.Header.Get("Retry-After"))
			goldenJSON(t, "throttled", blank(r.Body, "request-id", "client-request-id"))
			require.Equal(t, http.StatusOK, w.do(token, http.MethodGet, "/users/delta", nil).Status, "another route")
		}
		require.Equal(t, http.StatusOK, ask(w, token).Status)
		require.Equal(t, 3, w.Calls()[graphtest.RouteUsers])
	})
	t.Run("until lifted", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		token := w.app()
		lift := w.Fault(graphtest.Answer{Status: 503})
		for range 5 {
			require.Equal(t, "serviceNotAvailable", ask(w, token).code())
		}
		require.Equal(t, http.StatusServiceUnavailable, w.tokens("grant_type", "client_credentials").Status, "the authority too")
		lift()
		lift()
		require.Equal(t, http.StatusOK, ask(w, token).Status)
	})
	t.Run("worded", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		token := w.app()
		for status, code := range map[int]string{400: "BadRequest", 401: "InvalidAuthenticationToken", 403: "Forbidden", 404: "NotFound", 409: "ExtensionError", 500: "UnknownError"} {
			w.Fault(graphtest.Answer{Count: 1, Status: status})
			require.Equal(t, code, ask(w, token).code())
		}
		w.Fault(graphtest.Answer{Count: 1, Status: 500, Code: "Mine", Message: "My words."})
		r := ask(w, token)
		require.Equal(t, "Mine", r.code())
		require.Equal(t, "My words.", r.message())
	})
	t.Run("oldest first", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		token := w.app()
		w.Fault(graphtest.Answer{Count: 1, Status: 500})
		w.Fault(graphtest.Answer{Count: 1, Status: 502})
		require.Equal(t, 500, ask(w, token).Status)
		require.Equal(t, 502, ask(w, token).Status)
		require.Equal(t, 200, ask(w, token).Status)
	})
	t.Run("after the work", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.Fault(graphtest.Answer{Route: graphtest.RouteSubscribe, Count: 1, Status: 504, After: true})
		require.Equal(t, http.StatusGatewayTimeout, w.subscribe().Status)
		require.Len(t, w.Subscriptions(), 1)
		require.Equal(t, http.StatusConflict, w.subscribe().Status)
	})
	t.Run("cut", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		token := w.app()
		require.NoError(t, w.Start())
		t.Cleanup(w.Close)
		for _, address := range []string{"https://graph.graphtest.example/v1.0/users", w.GraphURL() + "/users", w.AuthorityURL() + "/common/discovery/v2.0/keys"} {
			w.Fault(graphtest.Answer{Count: 1, Cut: true})
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, http.NoBody)
			require.NoError(t, err)
			r.Method = http.MethodGet
			r.Header.Set("Authorization", "Bearer "+token)
			_, err = w.Client().Transport.RoundTrip(r)
			require.Error(t, err, address)
		}
	})
}

func TestDelayedAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, wall)
		r := w.subscribe()
		token := w.person("svc@contoso.com")
		patch := func() reply {
			return w.do(token, http.MethodPatch, "/subscriptions/"+r.Body["id"].(string), expiring(time.Now().Add(time.Hour)))
		}
		w.Fault(graphtest.TaskCanceled(graphtest.RouteRenew, 40*time.Second))
		began := time.Now()
		failed := patch()
		require.Equal(t, 40*time.Second, time.Since(began))
		require.Equal(t, http.StatusInternalServerError, failed.Status)
		require.Equal(t, "Operation: Update; Exception: [A task was canceled.]", failed.message())
		require.Equal(t, http.StatusOK, patch().Status)

		w.Fault(graphtest.Answer{Count: 1, Delay: time.Second})
		began = time.Now()
		require.Equal(t, http.StatusOK, patch().Status, "late, but right")
		require.Equal(t, time.Second, time.Since(began))
	})
}

func TestDeliveryFaults(t *testing.T) {
	act := func(w *world) {
		w.Show(w.ada, "Busy", "Busy")
		synctest.Wait()
		w.Show(w.ada, "Away", "Away")
		synctest.Wait()
		w.Show(w.ada, "DoNotDisturb", "Presenting")
		synctest.Wait()
	}
	tests := map[string]struct {
		fault graphtest.Delivery
		want  []string
	}{
		"dropped":             {graphtest.Delivery{Drop: true, Count: 2}, []string{"DoNotDisturb/Presenting"}},
		"silently stopped":    {graphtest.Delivery{Drop: true}, nil},
		"held":                {graphtest.Delivery{Hold: true}, nil},
		"held, and all after": {graphtest.Delivery{Hold: true, Count: 1}, nil},
		"duplicated":          {graphtest.Delivery{Duplicate: true, Count: 1}, []string{"Busy/Busy", "Busy/Busy", "Away/Away", "DoNotDisturb/Presenting"}},
		"reordered":           {graphtest.Delivery{Reorder: true, Count: 1}, []string{"Away/Away", "Busy/Busy", "DoNotDisturb/Presenting"}},
		"stale":               {graphtest.Delivery{Stale: &graphtest.Pair{Availability: "Offline", Activity: "Offline"}, Count: 1}, []string{"Offline/Offline", "Away/Away", "DoNotDisturb/Presenting"}},
		"of another one":      {graphtest.Delivery{Subscription: "x", Drop: true}, []string{"Busy/Busy", "Away/Away", "DoNotDisturb/Presenting"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			pushed(t, rich, func(t *testing.T, w *world) {
				w.Fault(test.fault)
				act(w)
				var got []string
				for _, item := range w.hook.items() {
					got = append(got, shown(t, item))
				}
				require.Equal(t, test.want, got)
			})
		})
	}
}

func TestHeldNotificationsCome(t *testing.T) {
	pushed(t, rich, func(t *testing.T, w *world) {
		lift := w.Fault(graphtest.Delivery{Hold: true})
		w.Show(w.ada, "Busy", "Busy")
		w.Show(w.ada, "Away", "Away")
		synctest.Wait()
		require.Empty(t, w.hook.received())
		require.Equal(t, 2, w.Subscriptions()[0].Pending)
		lift()
		synctest.Wait()
		require.Len(t, w.hook.received(), 1, "in one POST")
		require.Equal(t, "Busy/Busy", shown(t, w.hook.items()[0]))
		require.Equal(t, "Away/Away", shown(t, w.hook.items()[1]))
		require.Len(t, w.hook.received()[0].Body.Tokens, 1, "one token for all")
	})
}

func TestNotificationsOfThePastAreRemembered(t *testing.T) {
	pushed(t, rich, func(t *testing.T, w *world) {
		w.Show(w.ada, "Busy", "Busy")
		synctest.Wait()
		require.Empty(t, w.Late(), "it told of the present")
		w.Fault(graphtest.Delivery{Reorder: true, Count: 1})
		w.Show(w.ada, "Away", "Away")
		w.Show(w.bob, "Busy", "Busy")
		synctest.Wait()
		require.Empty(t, w.Late(), "so did both, in the wrong order")
		lift := w.Fault(graphtest.Delivery{Hold: true})
		w.Show(w.ada, "DoNotDisturb", "Presenting")
		w.Show(w.bob, "Away", "Away")
		w.Show(w.bob, "Busy", "Busy")
		w.Show(w.bob, "Away", "Away") // as the first of them says
		began := time.Now()
		w.Show(w.ada, "Available", "Available")
		lift()
		synctest.Wait()
		require.Equal(t, []graphtest.Late{{
			Time: began, User: w.ada, Pair: graphtest.Pair{Availability: "DoNotDisturb", Activity: "Presenting"},
		}, {
			Time: began, User: w.bob, Pair: graphtest.Pair{Availability: "Busy", Activity: "Busy"},
		}}, w.Late())
	}, wall)
}

func TestBatchesAreLimited(t *testing.T) {
	pushed(t, basic, func(t *testing.T, w *world) {
		lift := w.Fault(graphtest.Delivery{Hold: true})
		for range 3 {
			w.Show(w.ada, "Busy", "Busy")
			w.Show(w.ada, "Away", "Away")
		}
		lift()
		synctest.Wait()
		var sizes []int
		for _, a := range w.Attempts() {
			sizes = append(sizes, a.Items)
		}
		require.Equal(t, []int{4, 2}, sizes)
	}, func(o *graphtest.Options) { o.Batch = 4 })
}

func TestDelayedDelivery(t *testing.T) {
	pushed(t, basic, func(t *testing.T, w *world) {
		w.Fault(graphtest.Delivery{Delay: time.Minute, Count: 1})
		began := time.Now()
		w.Show(w.ada, "Busy", "Busy")
		require.NoError(t, w.Await(t.Context(), func() bool { return len(w.Attempts()) == 1 }))
		require.Equal(t, time.Minute, time.Since(began))
	})
}

func TestForgedNotifications(t *testing.T) {
	forged := func(t *testing.T, fault graphtest.Delivery, check func(t *testing.T, w *world, p post)) {
		t.Helper()
		pushed(t, rich, func(t *testing.T, w *world) {
			fault.Count = 1
			w.Fault(fault)
			w.Show(w.ada, "Busy", "Busy")
			synctest.Wait()
			check(t, w, w.hook.received()[0])
			w.Show(w.ada, "Away", "Away")
			synctest.Wait()
			sound := w.hook.received()[1]
			require.Equal(t, "state", sound.Body.Value[0]["clientState"])
			require.Equal(t, "Away/Away", shown(t, sound.Body.Value[0]))
			w.verify(sound.Body.Tokens[0])
		})
	}
	t.Run("client state", func(t *testing.T) {
		forged(t, graphtest.Delivery{WrongState: true}, func(t *testing.T, _ *world, p post) {
			require.NotEqual(t, "state", p.Body.Value[0]["clientState"])
		})
	})
	t.Run("signature", func(t *testing.T) {
		forged(t, graphtest.Delivery{WrongSignature: true}, func(t *testing.T, _ *world, p post) {
			_, err := open(sharedKey(), p.Body.Value[0]["encryptedContent"].(object))
			require.EqualError(t, err, "wrong signature")
		})
	})
	t.Run("key of the token", func(t *testing.T) {
		forged(t, graphtest.Delivery{ForeignKey: true}, func(t *testing.T, w *world, p post) {
			_, err := jwt.NewParser(jwt.WithTimeFunc(w.now)).Parse(p.Body.Tokens[0], w.published)
			require.ErrorIs(t, err, rsa.ErrVerification)
		})
	})
	t.Run("claims of the token", func(t *testing.T) {
		forged(t, graphtest.Delivery{Claims: object{"aud": "another", "exp": 1}}, func(t *testing.T, w *world, p post) {
			claims := jwt.MapClaims{}
			_, err := jwt.NewParser(jwt.WithTimeFunc(w.now)).ParseWithClaims(p.Body.Tokens[0], claims, w.published)
			require.True(t, errors.Is(err, jwt.ErrTokenExpired))
			require.Equal(t, "another", claims["aud"])
		})
	})
}
