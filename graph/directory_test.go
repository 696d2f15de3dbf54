package graph_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/store/memstore"
)

// lists collects what a Directory says.
type lists struct {
	mu  sync.Mutex
	all [][]graph.Person
}

func (l *lists) sink(people []graph.Person) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, people)
}

// take returns the number of lists since the last call.
func (l *lists) take() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.all)
	l.all = nil
	return n
}

// last returns the newest list.
func (l *lists) last() []graph.Person {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all[len(l.all)-1]
}

func follow(t *testing.T, d *graph.Directory) (*lists, func()) {
	l := &lists{}
	return l, run(t, func(ctx context.Context) error { return d.Run(ctx, l.sink) })
}

func usersOnly(c call) *http.Response {
	if c.Path == "/users" {
		return reply(200, `{"value":[`+person("aa", teamsPlan, true)+`]}`)
	}
	return nil
}

func TestDirectoryListsOnTheInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTenant(t)
		g.failing(usersOnly)
		d := graph.NewDirectory(graph.DirectoryOptions{Client: g.client()})
		require.Equal(t, presence.StateStarting, d.Health()[0].State)
		l, stop := follow(t, d)
		defer stop()
		pass(time.Second)
		require.Equal(t, 1, l.take())
		require.Equal(t, "1 people with Teams", d.Health()[0].Detail)
		pass(3 * time.Hour)
		require.Equal(t, 3, l.take())
		d.Refresh()
		pass(0)
		require.Equal(t, 1, l.take())
		require.Len(t, d.Health(), 1)
		require.Zero(t, g.count("/subscriptions"))
		require.NoError(t, d.Release(t.Context()))
	})
}

func TestDirectoryKeepsTheListItHas(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTenant(t)
		g.failing(func(call) *http.Response { return reply(403, `{"error":{"code":"Authorization_RequestDenied"}}`) })
		d := graph.NewDirectory(graph.DirectoryOptions{Client: g.client()})
		l, stop := follow(t, d)
		defer stop()
		pass(time.Hour)
		require.Zero(t, l.take())
		require.Less(t, g.count("GET /users"), 25)
		require.Equal(t, presence.StateFailed, d.Health()[0].State)
		require.Contains(t, d.Health()[0].Todo, "User.Read.All")

		g.failing(usersOnly)
		d.Refresh()
		pass(0)
		require.Equal(t, 1, l.take())
		require.Equal(t, presence.StateOK, d.Health()[0].State)
	})
}

func TestDirectoryFollowsNotifications(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTenant(t)
		g.failing(usersOnly)
		g.grant = 28 * 24 * time.Hour
		hook, err := graph.NewWebhook(graph.WebhookOptions{PublicURL: hookURL, AppID: appID, Tenant: tenantID, Keys: []graph.Key{newKey()}})
		require.NoError(t, err)
		g.hook = hook
		g.subs["not ours"] = map[string]any{"id": "not ours", "resource": "communications/presences/xx",
			"expirationDateTime": time.Now().Add(time.Hour).Format(time.RFC3339)}
		defer run(t, hook.Run)()
		d := graph.NewDirectory(graph.DirectoryOptions{Client: g.client(), Webhook: hook, Store: memstore.New()})
		l, stop := follow(t, d)
		pass(time.Minute)
		require.Equal(t, 2, l.take(), "the second closes the gap before the subscription")
		require.Equal(t, []string{"not ours", "sub-1"}, g.ids())
		body := g.last("POST /subscriptions").Body
		require.Contains(t, body, `"updated,deleted"`)
		require.NotContains(t, body, "encryptionCertificate")

		g.mu.Lock()
		delete(g.subs, "not ours")
		g.mu.Unlock()
		for range 5 {
			g.deliver(g.item("aa"))
			pass(time.Second)
		}
		require.Zero(t, l.take())
		pass(6 * time.Second)
		require.Equal(t, 1, l.take(), "changes that come together are one")

		pass(24 * time.Hour)
		require.InDelta(t, 24, g.count("PATCH"), 1)
		require.Len(t, d.Health(), 2)
		require.Equal(t, presence.StateOK, d.Health()[1].State)
		require.Contains(t, d.Health()[1].Detail, "everybody until")

		g.failing(func(c call) *http.Response {
			if c.Path == "/users" {
				return reply(500, "")
			}
			return nil
		})
		d.Refresh()
		pass(time.Second)
		before := g.count("GET /users")
		for range 20 {
			pass(30 * time.Second)
			g.deliver(g.item("aa"))
		}
		require.Less(t, g.count("GET /users")-before, 15, "notifications do not shorten the pause")

		stop()
		require.Equal(t, []string{"sub-1"}, g.ids())
		require.NoError(t, d.Release(t.Context()))
		require.Empty(t, g.ids())
	})
}
