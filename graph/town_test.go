package graph_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/store"
	"github.com/pbx365/connector/store/memstore"
)

// town is a simulated tenant in a synctest bubble: people, communication users, and a
// Push that can be restarted. What its reader was told is kept and compared with what
// the tenant shows.
type town struct {
	*graphtest.Server
	t       *testing.T
	people  []string
	users   []string // communication users
	keys    []graph.Key
	options graph.PushOptions
	records store.Store
	hook    *graph.Webhook
	push    *graph.Push

	mu    sync.Mutex
	heard map[string]graphtest.Pair // what the reader knows
	when  map[string]time.Time      // since when
}

// newTown has the tenant run until the end of the test.
func newTown(t *testing.T, users, people int, o graphtest.Options, p graph.PushOptions) *town {
	w := &town{t: t, options: p, records: memstore.New(), heard: map[string]graphtest.Pair{}, when: map[string]time.Time{}}
	o.DeliverClient = &http.Client{Transport: w}
	o.Now = time.Now
	w.Server = graphtest.New(o)
	w.AddApp(graphtest.App{ID: appID, Secret: secret, PublicClient: true,
		Roles: []string{"User.Read.All", "Presence.Read.All"}, Scopes: []string{"Presence.Read.All"}})
	for i := range people {
		id := w.AddUser(graphtest.User{UPN: fmt.Sprintf("p%d@contoso.com", i), Teams: true})
		w.SignIn(id)
		w.people = append(w.people, id)
	}
	for i := range users {
		upn := fmt.Sprintf("comm%d@contoso.com", i)
		w.AddUser(graphtest.User{UPN: upn, Password: password})
		w.users = append(w.users, upn)
	}
	return w
}

// RoundTrip carries what the tenant sends to the webhook that runs now, if any.
func (w *town) RoundTrip(r *http.Request) (*http.Response, error) {
	w.mu.Lock()
	hook := w.hook
	w.mu.Unlock()
	if hook == nil {
		return reply(http.StatusBadGateway, ""), nil
	}
	return handled{hook}.RoundTrip(r)
}

// loopback reaches the tenant at endpoint, for which a token of the global cloud is good.
type loopback struct{ *graphtest.Server }

func (l loopback) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	to, err := url.Parse(l.GraphURL())
	if err != nil {
		return nil, err
	}
	r.URL.Scheme, r.URL.Host, r.Host = to.Scheme, to.Host, to.Host
	return l.Client().Transport.RoundTrip(r)
}

func (w *town) cloud() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: w.AuthorityURL()},
		Transport: w.Client(),
	}
}

// start is a process that starts; it returns how to stop it.
func (w *town) start() (stop func()) {
	throttle := &graph.Throttle{}
	client := func(cred azcore.TokenCredential, err error) *graph.Client {
		require.NoError(w.t, err)
		c, err := graph.New(cred, graph.Options{Endpoint: endpoint, Transport: loopback{w.Server}, AppID: appID, Throttle: throttle})
		require.NoError(w.t, err)
		return c
	}
	hook, err := graph.NewWebhook(graph.WebhookOptions{PublicURL: hookURL, Keys: w.keys,
		AppID: appID, Tenant: w.Tenant(), Authority: w.AuthorityURL(), HTTP: w.Client()})
	require.NoError(w.t, err)
	o := w.options
	o.App = client(azidentity.NewClientSecretCredential(w.Tenant(), appID, secret,
		&azidentity.ClientSecretCredentialOptions{ClientOptions: w.cloud(), DisableInstanceDiscovery: true}))
	o.Webhook, o.Store = hook, w.records
	for _, upn := range w.users {
		//lint:ignore SA1019 many communication users still sign in like this
		options := &azidentity.UsernamePasswordCredentialOptions{ClientOptions: w.cloud(), DisableInstanceDiscovery: true}
		c := client(azidentity.NewUsernamePasswordCredential(w.Tenant(), appID, upn, password, options))
		o.Users = append(o.Users, graph.PushUser{Name: upn, Client: c})
	}
	w.push = graph.NewPush(o)
	w.push.Watch(w.people)
	w.mu.Lock()
	w.hook = hook
	w.mu.Unlock()
	stopHook := run(w.t, hook.Run)
	stopPush := run(w.t, func(ctx context.Context) error { return w.push.Run(ctx, w.hear) })
	return func() {
		stopPush()
		stopHook()
		w.mu.Lock()
		w.hook = nil
		w.mu.Unlock()
	}
}

func (w *town) hear(p graph.Presence) {
	w.mu.Lock()
	defer w.mu.Unlock()
	shows := graphtest.Pair{Availability: p.Seen.Value.Availability, Activity: p.Seen.Value.Activity}
	if w.heard[p.User] != shows {
		w.heard[p.User], w.when[p.User] = shows, time.Now()
	}
}

// drift counts the people of whom the reader believes something else than the tenant shows.
func (w *town) drift() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, id := range w.people {
		if w.Presence(id).Pair != w.heard[id] {
			n++
		}
	}
	return n
}

// learns asserts that the reader learns within that time what a person shows.
func (w *town) learns(person int, activity string, within time.Duration) {
	w.t.Helper()
	w.Show(w.people[person], activity, activity)
	pass(within)
	w.mu.Lock()
	defer w.mu.Unlock()
	require.Equal(w.t, activity, w.heard[w.people[person]].Activity)
}

func (w *town) record(user int) store.Subscription {
	w.t.Helper()
	r, err := w.records.Subscription(w.t.Context(), "presence/"+w.users[user])
	require.NoError(w.t, err)
	return r
}

// member returns the number of somebody whom a communication user is told of.
func (w *town) member(user int) int {
	w.t.Helper()
	first := w.record(user).Members[0]
	return slices.IndexFunc(w.people, func(id string) bool { return strings.EqualFold(id, first) })
}

func inTown(t *testing.T, users, people int, o graphtest.Options, p graph.PushOptions, f func(t *testing.T, w *town)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newTown(t, users, people, o, p)
		defer run(t, w.Run)()
		f(t, w)
	})
}
