package graph_test

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/store/memstore"
)

const (
	secret   = "the secret of the application"
	password = "the password of the communication user"
)

// world is a simulated tenant over real HTTP, with two real sign-ins.
type world struct {
	*graphtest.Server
	t         *testing.T
	app, comm *graph.Client
	ada, bob  string
}

func newWorld(t *testing.T, o graphtest.Options) *world {
	t.Helper()
	w := &world{Server: graphtest.Serve(t, o), t: t}
	w.AddApp(graphtest.App{ID: appID, Secret: secret, PublicClient: true,
		Roles:  []string{"User.Read.All", "Presence.Read.All", "Presence.ReadWrite.All"},
		Scopes: []string{"Presence.Read.All", "Presence.ReadWrite"}})
	w.ada = w.AddUser(graphtest.User{DisplayName: "Ada", UPN: "ada@contoso.com", Teams: true})
	w.bob = w.AddUser(graphtest.User{DisplayName: "Bob", UPN: "bob@contoso.com", Teams: true})
	w.AddUser(graphtest.User{DisplayName: "Comm", UPN: "comm@contoso.com", Password: password})
	w.SignIn(w.ada)
	w.SignIn(w.bob)

	app, err := azidentity.NewClientSecretCredential(w.Tenant(), appID, secret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: w.options(), DisableInstanceDiscovery: true})
	require.NoError(t, err)
	w.app = w.client(app)
	//lint:ignore SA1019 many communication users still sign in like this
	options := &azidentity.UsernamePasswordCredentialOptions{ClientOptions: w.options(), DisableInstanceDiscovery: true}
	comm, err := azidentity.NewUsernamePasswordCredential(w.Tenant(), appID, "comm@contoso.com", password, options)
	require.NoError(t, err)
	w.comm = w.client(comm)
	return w
}

func (w *world) options() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: w.AuthorityURL()},
		Transport: w.Client(),
	}
}

func (w *world) client(cred azcore.TokenCredential) *graph.Client {
	c, err := graph.New(cred, graph.Options{Endpoint: w.GraphURL(), AppID: appID})
	require.NoError(w.t, err)
	return c
}

// hook starts a webhook on a real port.
func (w *world) hook(keys ...graph.Key) *graph.Webhook {
	server := httptest.NewUnstartedServer(nil)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(w.t, err)
	server.Listener.Close()
	server.Listener = listener
	hook, err := graph.NewWebhook(graph.WebhookOptions{
		PublicURL: "http://" + listener.Addr().String() + "/graph?site=1",
		AppID:     appID, Tenant: w.Tenant(), Authority: w.AuthorityURL(), HTTP: w.Client(), Keys: keys,
	})
	require.NoError(w.t, err)
	server.Config.Handler = hook
	server.Start()
	w.t.Cleanup(server.Close)
	w.t.Cleanup(run(w.t, hook.Run))
	return hook
}

// told is a sink that can be waited for.
type told chan graph.Presence

func (c told) sink(p graph.Presence) { c <- p }

// await returns once the person shows that activity.
func (c told) await(t *testing.T, user, activity string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for {
		select {
		case p := <-c:
			if p.User == user && p.Seen.Value.Activity == activity {
				return
			}
		case <-ctx.Done():
			t.Fatalf("never heard that %s shows %s", user, activity)
		}
	}
}

func TestAgainstTheSimulatorCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphtest.Options{Page: 1})
	ctx := t.Context()

	people, err := w.app.People(ctx)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"Ada", "Bob"}, []string{people[0].DisplayName, people[1].DisplayName})

	all := append(crowd(700), w.ada)
	read, err := w.app.Presences(ctx, all)
	require.NoError(t, err)
	require.Equal(t, "PresenceUnknown", read[0].Seen.Value.Activity)
	require.Equal(t, "Available", read[700].Seen.Value.Activity)
	require.NotEmpty(t, read[700].Seen.Sequence)

	busy := presence.Teams{Availability: "Busy", Activity: "InACall"}
	require.NoError(t, w.app.SetSession(ctx, w.ada, busy, time.Hour))
	require.Equal(t, "InACall", w.Presence(w.ada).Activity)
	require.NoError(t, w.app.SetPreferred(ctx, w.ada, teams("Away"), 7*24*time.Hour))
	require.Equal(t, "Away", w.Presence(w.ada).Activity)
	preferred, _ := w.Preferred(w.ada)
	require.WithinDuration(t, time.Now().Add(7*24*time.Hour), preferred.Expires, time.Minute)
	require.NoError(t, w.app.ClearPreferred(ctx, w.ada))
	require.NoError(t, w.app.ClearSession(ctx, w.ada))
	require.NoError(t, w.app.ClearSession(ctx, w.ada), "clearing twice is no error")
	require.Equal(t, "Available", w.Presence(w.ada).Activity)
}

func TestAgainstTheSimulatorRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphtest.Options{})
	ctx := t.Context()
	tests := map[string]struct {
		err    error
		status int
	}{
		"a pair that cannot be set":  {w.app.SetSession(ctx, w.ada, teams("Busy"), time.Hour), 400},
		"a lifetime out of range":    {w.app.SetSession(ctx, w.ada, teams("Away"), time.Minute), 400},
		"a user's token for another": {w.comm.SetPreferred(ctx, w.ada, teams("Away"), time.Hour), 401},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var e *graph.Error
			require.ErrorAs(t, test.err, &e)
			require.Equal(t, test.status, e.Status)
			require.ErrorIs(t, test.err, presence.ErrRefused)
		})
	}
	_, err := w.app.Subscribe(ctx, graph.SubscriptionRequest{Resource: "/communications/presences/" + w.ada,
		ChangeType: "updated", NotificationURL: "http://127.0.0.1:1", ClientState: "x", Lifetime: time.Hour})
	var e *graph.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, 403, e.Status)
	require.Contains(t, e.Advice(), "Presence.Read.All")
}

func TestAgainstTheSimulatorSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphtest.Options{})
	w.RequireMFA("comm@contoso.com")
	_, err := w.comm.Subscriptions(t.Context())
	var e *graph.SignInError
	require.ErrorAs(t, err, &e)
	require.Equal(t, []int{50076}, e.Codes)
	require.True(t, e.Permanent())
	require.NotContains(t, err.Error(), "comm@")

	wrong, err := azidentity.NewClientSecretCredential(w.Tenant(), appID, "wrong",
		&azidentity.ClientSecretCredentialOptions{ClientOptions: w.options(), DisableInstanceDiscovery: true})
	require.NoError(t, err)
	_, err = w.client(wrong).People(t.Context())
	require.Contains(t, presence.Advice(err), "secret")
	require.NotContains(t, err.Error(), secret)
}

func TestAgainstTheSimulatorSweep(t *testing.T) {
	t.Parallel()
	w := newWorld(t, graphtest.Options{OmitUnknown: true})
	f := graph.NewSweep(w.app, graph.SweepOptions{Every: 20 * time.Millisecond})
	f.Watch([]string{w.ada, w.bob})
	heard := make(told, 100)
	t.Cleanup(run(t, func(ctx context.Context) error { return f.Run(ctx, heard.sink) }))
	heard.await(t, w.ada, "Available")
	w.Show(w.ada, "Busy", "InAMeeting")
	heard.await(t, w.ada, "InAMeeting")
	lift := w.Fault(graphtest.Answer{Route: graphtest.RoutePresences, Status: 500})
	w.Show(w.ada, "DoNotDisturb", "Presenting")
	lift()
	heard.await(t, w.ada, "Presenting")
	w.SignOut(w.bob)
	heard.await(t, w.bob, "Offline")
}

func TestAgainstTheSimulatorPush(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		options graphtest.Options
		keys    []graph.Key
	}{
		"encrypted":                 {keys: []graph.Key{newKey()}},
		"encrypted, tokens of v1":   {keys: []graph.Key{newKey()}, options: graphtest.Options{TokenV1: true}},
		"encrypted, with sequences": {keys: []graph.Key{newKey()}, options: graphtest.Options{SequenceInRich: true}},
		"basic":                     {},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, test.options)
			hook, records := w.hook(test.keys...), memstore.New()
			newPush := func() *graph.Push {
				p := graph.NewPush(graph.PushOptions{Users: []graph.PushUser{{Name: "comm", Client: w.comm}}, App: w.app, Webhook: hook, Store: records})
				p.Watch([]string{w.ada, w.bob})
				return p
			}
			heard := make(told, 100)
			stop := run(t, func(ctx context.Context) error { return newPush().Run(ctx, heard.sink) })
			require.NoError(t, w.Await(t.Context(), func() bool { return len(w.Subscriptions()) == 1 }))
			first := w.Subscriptions()[0].ID
			heard.await(t, w.ada, "Available")
			w.Show(w.ada, "Busy", "InACall")
			heard.await(t, w.ada, "InACall")
			w.Choose(w.bob, "DoNotDisturb", "DoNotDisturb")
			heard.await(t, w.bob, "DoNotDisturb")
			stop()

			w.Show(w.ada, "Busy", "InAMeeting")
			push := newPush()
			stop = run(t, func(ctx context.Context) error { return push.Run(ctx, heard.sink) })
			heard.await(t, w.ada, "InAMeeting")
			w.Show(w.ada, "Away", "Away")
			heard.await(t, w.ada, "Away")
			require.Len(t, w.Subscriptions(), 1)
			require.Equal(t, first, w.Subscriptions()[0].ID, "it was adopted")
			stop()
			require.NoError(t, push.Release(t.Context()))
			require.Empty(t, w.Subscriptions())
			c := hook.Counts()
			require.Zero(t, c.Forged+c.BadToken+c.Undecryptable+c.Unparsable)
		})
	}
}

func TestAgainstTheSimulatorLies(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fault graphtest.Delivery
		count func(graph.Counts) uint64
	}{
		"wrong signature": {graphtest.Delivery{WrongSignature: true}, func(c graph.Counts) uint64 { return c.Undecryptable }},
		"foreign key":     {graphtest.Delivery{ForeignKey: true}, func(c graph.Counts) uint64 { return c.BadToken }},
		"wrong claims": {graphtest.Delivery{Claims: map[string]any{"azp": "x"}},
			func(c graph.Counts) uint64 { return c.BadToken }},
		"stale data": {graphtest.Delivery{Stale: &graphtest.Pair{Availability: "Away", Activity: "Away"}}, nil},
		"duplicates": {graphtest.Delivery{Duplicate: true}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, graphtest.Options{})
			hook := w.hook(newKey())
			push := graph.NewPush(graph.PushOptions{Users: []graph.PushUser{{Name: "comm", Client: w.comm}}, App: w.app, Webhook: hook, Store: memstore.New()})
			push.Watch([]string{w.ada})
			heard := make(told, 100)
			t.Cleanup(run(t, func(ctx context.Context) error { return push.Run(ctx, heard.sink) }))
			require.NoError(t, w.Await(t.Context(), func() bool { return len(w.Subscriptions()) == 1 }))
			heard.await(t, w.ada, "Available")
			w.Fault(test.fault)
			w.Show(w.ada, "Busy", "InAMeeting") // may be learnt by the read after the subscription
			heard.await(t, w.ada, "InAMeeting")
			w.Show(w.ada, "Busy", "InACall")
			heard.await(t, w.ada, "InACall")
			if test.count != nil {
				require.NotZero(t, test.count(hook.Counts()))
			}
		})
	}
}

// handled is an http.RoundTripper without a network.
type handled struct{ http.Handler }

func (h handled) RoundTrip(r *http.Request) (*http.Response, error) {
	rw := httptest.NewRecorder()
	h.ServeHTTP(rw, r)
	return rw.Result(), nil
}

func TestAgainstTheSimulatorDirectory(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hook, err := graph.NewWebhook(graph.WebhookOptions{PublicURL: "http://localhost/graph"})
		require.NoError(t, err)
		defer run(t, hook.Run)()
		w := graphtest.New(graphtest.Options{DeliverClient: &http.Client{Transport: handled{hook}}})
		defer run(t, w.Run)()
		w.AddApp(graphtest.App{ID: appID, Secret: secret, Roles: []string{"User.Read.All"}})
		w.AddUser(graphtest.User{DisplayName: "Ada", UPN: "ada@contoso.com", Teams: true})
		cred, err := azidentity.NewClientSecretCredential(w.Tenant(), appID, secret,
			&azidentity.ClientSecretCredentialOptions{DisableInstanceDiscovery: true, ClientOptions: azcore.ClientOptions{
				Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: w.AuthorityURL()}, Transport: w.Client()}})
		require.NoError(t, err)
		c, err := graph.New(cred, graph.Options{Endpoint: w.GraphURL(), Transport: w.Client().Transport})
		require.NoError(t, err)

		d := graph.NewDirectory(graph.DirectoryOptions{Client: c, Webhook: hook, Store: memstore.New()})
		l, stop := follow(t, d)
		defer stop()
		pass(time.Minute)
		require.Equal(t, 1, l.take())
		w.AddUser(graphtest.User{DisplayName: "Bob", UPN: "bob@contoso.com", Teams: true})
		w.RemoveUser("ada@contoso.com")
		pass(time.Minute)
		require.Equal(t, "Bob", l.last()[0].DisplayName)
		require.LessOrEqual(t, l.take(), 2)

		lists := w.Calls()[graphtest.RouteUsers]
		shown := func() (all []string) {
			pass(2 * time.Minute)
			for _, p := range l.last() {
				all = append(all, p.DisplayName)
			}
			return all
		}
		carl := w.AddUser(graphtest.User{DisplayName: "Carl", UPN: "carl@contoso.com"})
		pass(2 * time.Minute)
		require.Zero(t, l.take(), "no Teams")
		w.UpdateUser(carl, func(u *graphtest.User) { u.Teams = true })
		require.ElementsMatch(t, []string{"Bob", "Carl"}, shown())
		w.UpdateUser(carl, func(u *graphtest.User) { u.DisplayName = "Charles" })
		require.ElementsMatch(t, []string{"Bob", "Charles"}, shown())
		w.UpdateUser("bob@contoso.com", func(u *graphtest.User) { u.Disabled = true })
		require.ElementsMatch(t, []string{"Charles"}, shown())
		require.Equal(t, lists, w.Calls()[graphtest.RouteUsers], "all of it by delta")
		w.ExpireDelta()
		w.PurgeUser(carl)
		require.Empty(t, shown())
		require.Equal(t, lists+1, w.Calls()[graphtest.RouteUsers])
		pass(40 * 24 * time.Hour)
		require.Len(t, w.Subscriptions(), 1)
		require.Equal(t, 1, w.Calls()[graphtest.RouteSubscribe])
	})
}

func TestAgainstTheSimulatorDeviceCode(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := graphtest.New(graphtest.Options{})
		defer run(t, w.Run)()
		w.AddApp(graphtest.App{ID: appID, PublicClient: true, Scopes: []string{"Presence.Read.All"}})
		w.AddUser(graphtest.User{UPN: commUser, Teams: true})
		w.AddUser(graphtest.User{UPN: "mallory@contoso.com", Teams: true})
		w.RequireMFA(commUser)
		records := memstore.New()
		start := func() *graph.Client {
			cred, err := graph.NewDeviceCode(graph.DeviceCodeOptions{Tenant: w.Tenant(), ClientID: appID, UPN: commUser,
				Authority: w.AuthorityURL(), HTTP: w.Client(), Store: records, Secret: []byte("a secret of some length")})
			require.NoError(t, err)
			c, err := graph.New(cred, graph.Options{Endpoint: w.GraphURL(), Transport: w.Client().Transport})
			require.NoError(t, err)
			return c
		}
		c := start()
		code := func() string {
			t.Helper()
			_, err := c.Subscriptions(t.Context())
			return needed(t, err).Code
		}
		works := func() {
			t.Helper()
			_, err := c.Subscriptions(t.Context())
			require.NoError(t, err)
		}
		first := code()
		require.Equal(t, first, code(), "pending")
		pass(15 * time.Minute)
		second := code()
		require.NotEqual(t, first, second, "expired")
		require.NoError(t, w.DeclineDevice(second))
		third := code()
		require.NotEqual(t, second, third, "declined")
		require.NoError(t, w.ApproveDevice(third, "mallory@contoso.com"))
		fourth := code()
		require.NotEqual(t, third, fourth, "another account")
		require.NoError(t, w.ApproveDevice(fourth, commUser))
		works()

		for range 100 {
			pass(24 * time.Hour)
			works()
		}
		require.Equal(t, 4, w.Calls()[graphtest.RouteDeviceCode], "the refresh token is renewed with each use")
		c = start()
		works()
		w.RevokeSignIns(commUser)
		works()
		pass(time.Hour)
		require.NoError(t, w.ApproveDevice(code(), commUser))
		works()
		w.FailSignIn(commUser, 53003)
		pass(time.Hour)
		_, err := c.Subscriptions(t.Context())
		var refused *graph.SignInError
		require.ErrorAs(t, err, &refused)
		require.True(t, refused.Permanent())
		require.Contains(t, refused.Advice(), "Conditional Access")
		before := w.Calls()[graphtest.RouteToken]
		for range 60 {
			_, _ = c.Subscriptions(t.Context())
			pass(time.Minute)
		}
		require.LessOrEqual(t, w.Calls()[graphtest.RouteToken]-before, 12, "not hammered")
		w.FailSignIn(commUser, 0)
		pass(5 * time.Minute)
		works()
	})
}
