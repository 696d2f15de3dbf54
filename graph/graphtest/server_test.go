package graphtest_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func TestStartAndClose(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Close()
	require.Equal(t, "https://graph.graphtest.example/v1.0", w.GraphURL())
	for range 2 {
		require.NoError(t, w.Start())
		require.Error(t, w.Start(), "listening already")
		require.Regexp(t, `^http://127\.0\.0\.1:\d+/v1\.0$`, w.GraphURL())
		require.Regexp(t, `^https://127\.0\.0\.1:\d+$`, w.AuthorityURL())
		require.Equal(t, http.StatusOK, w.do(w.app(), http.MethodGet, "/users", nil).Status)
		stopped := w.GraphURL()
		w.Close()
		w.Close()
		_, err := w.Client().Get(stopped)
		require.Error(t, err)
	}
	require.Equal(t, http.StatusOK, w.do(w.app(), http.MethodGet, "/users", nil).Status, "in memory it is always there")
}

func TestCloseCutsOpenRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.Start())
	w.Fault(graphtest.Answer{Delay: time.Hour})
	done := make(chan error, 1)
	go func() {
		_, err := http.Get(w.GraphURL() + "/users")
		done <- err
	}()
	require.NoError(t, w.Await(t.Context(), func() bool { return w.Calls()[graphtest.RouteUsers] == 1 }))
	w.Close()
	require.Error(t, <-done)
}

func TestOverSockets(t *testing.T) {
	t.Parallel()
	endpoint := &hook{}
	w := newWorld(t, wall, func(o *graphtest.Options) { o.DeliverClient = nil })
	require.NoError(t, w.Start())
	t.Cleanup(w.Close)
	site := httptest.NewUnstartedServer(endpoint)
	site.Config.ErrorLog = log.New(io.Discard, "", 0)
	site.TLS = w.TLS("127.0.0.1")
	site.StartTLS()
	t.Cleanup(site.Close)

	r := w.subscribe(rich(t), object{"notificationUrl": site.URL, "lifecycleNotificationUrl": nil})
	require.Equal(t, http.StatusCreated, r.Status, r.Raw)
	w.SignIn(w.ada)
	require.NoError(t, w.Await(t.Context(), func() bool { return len(w.Attempts()) == 1 }))
	require.Equal(t, "Available/Available", shown(t, endpoint.items()[0]))

	stranger := httptest.NewUnstartedServer(endpoint)
	stranger.Config.ErrorLog = site.Config.ErrorLog
	stranger.StartTLS()
	t.Cleanup(stranger.Close)
	w.Vanish(r.Body["id"].(string))
	untrusted := w.subscribe(object{"notificationUrl": stranger.URL, "lifecycleNotificationUrl": nil})
	require.Equal(t, http.StatusBadRequest, untrusted.Status)
	require.Contains(t, untrusted.message(), "could not be reached")
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		began := time.Now()
		require.ErrorIs(t, w.Await(ctx, func() bool { return false }), context.DeadlineExceeded)
		require.Equal(t, time.Minute, time.Since(began))
		require.NoError(t, w.Await(ctx, func() bool { return true }))
	})
}

func TestAwaitSeesEveryChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		done := make(chan error)
		go func() {
			done <- w.Await(t.Context(), func() bool { return w.pair(w.ada) == "Busy/InACall" && len(w.Users()) == 4 })
		}()
		synctest.Wait()
		w.Show(w.ada, "Busy", "InACall")
		synctest.Wait()
		w.AddUser(graphtest.User{UPN: "dan@contoso.com"})
		require.NoError(t, <-done)
	})
}

func TestTickAfterMovingTheClock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Equal(t, http.StatusCreated, w.subscribe().Status)
	w.setPresence(w.ada, "Busy", "InACall", "PT5M")
	require.Equal(t, 1, w.Subscriptions()[0].Pending)
	w.clock.Advance(5 * time.Minute)
	w.Tick()
	require.Equal(t, 2, w.Subscriptions()[0].Pending)
}

func TestHandlersMayBeMountedElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mux := http.NewServeMux()
	mux.Handle("/v1.0/", w.GraphHandler())
	mux.Handle("/", w.AuthorityHandler())
	site := httptest.NewUnstartedServer(mux)
	site.TLS = w.TLS("localhost", "127.0.0.1")
	site.StartTLS()
	t.Cleanup(site.Close)
	elsewhere := x509.NewCertPool()
	require.True(t, elsewhere.AppendCertsFromPEM(w.CAFile()))
	for _, trusted := range []*x509.CertPool{w.CA(), elsewhere} {
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}
		t.Cleanup(client.CloseIdleConnections)
		for path, want := range map[string]int{"/common/discovery/v2.0/keys": 200, "/v1.0/users": 401} {
			answer, err := client.Get(site.URL + path)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			require.Equal(t, want, answer.StatusCode, path)
		}
	}
}

func TestQueuesAndHistoriesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.Equal(t, http.StatusCreated, w.subscribe().Status)
	for range 5_001 {
		w.SignIn(w.ada)
		w.SignOut(w.ada)
	}
	require.Equal(t, 10_000, w.Subscriptions()[0].Pending)

	var history []int
	for i := range 10_001 {
		history = graphtest.Record(history, i)
	}
	require.Len(t, history, 5_001)
	require.Equal(t, 10_000, history[5_000], "the newest are kept")
}

// recorder is a graphtest.TB.
type recorder struct{ cleanups []func() }

func (*recorder) Helper()               {}
func (*recorder) Fatalf(string, ...any) {}
func (r *recorder) Cleanup(f func())    { r.cleanups = append(r.cleanups, f) }

func TestServeCleansUp(t *testing.T) {
	t.Parallel()
	tb := &recorder{}
	s := graphtest.Serve(tb, graphtest.Options{Key: sharedKey()})
	require.Contains(t, s.GraphURL(), "127.0.0.1")
	require.Len(t, tb.cleanups, 1)
	tb.cleanups[0]()
	require.NotContains(t, s.GraphURL(), "127.0.0.1")
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wall)
	require.NoError(t, w.Start())
	t.Cleanup(w.Close)
	require.Equal(t, http.StatusCreated, w.subscribe(rich(t)).Status)
	token := w.app()
	done := make(chan struct{})
	const workers = 8
	for i := range workers {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 10 {
				if i%2 == 0 {
					w.Show(w.ada, "Busy", "InACall")
					w.SignOut(w.ada)
				} else {
					w.do(token, http.MethodPost, "/users/"+w.bob+"/presence/setPresence", object{"sessionId": appID, "availability": "Away", "activity": "Away"})
					w.do(token, http.MethodPost, "/users/"+w.bob+"/presence/clearPresence", object{"sessionId": appID})
				}
			}
		}()
	}
	for range workers {
		<-done
	}
	require.NoError(t, w.Await(t.Context(), func() bool { return w.Subscriptions()[0].Pending == 0 }))
	last := map[any]string{}
	for _, item := range w.hook.items() {
		last[item["resourceData"].(object)["id"]] = shown(t, item)
	}
	require.Equal(t, map[any]string{w.ada: w.pair(w.ada), w.bob: w.pair(w.bob)}, last, "the last notification is the truth")
}
