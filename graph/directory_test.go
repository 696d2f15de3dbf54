package graph_test

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
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

// staff are the users of a tenant with their changes, in pages of two.
type staff struct {
	mu      sync.Mutex
	users   map[string]string // JSON by id
	changes []string          // ids in order; the delta link counts them
	expired bool              // delta links are
}

func newStaff(ids ...string) *staff {
	s := &staff{users: map[string]string{}}
	for _, id := range ids {
		s.users[id] = person(id, teamsPlan, true)
	}
	return s
}

// set changes a user; an empty text removes one.
func (s *staff) set(id, user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes = append(s.changes, id)
	if s.users[id] = user; user == "" {
		delete(s.users, id)
	}
}

func (s *staff) answer(c call) *http.Response {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, _ := url.ParseQuery(c.Query)
	from, _ := strconv.Atoi(q.Get("$skiptoken") + q.Get("$deltatoken"))
	switch {
	case c.Path == "/users":
		return reply(200, `{"value":[`+strings.Join(slices.Collect(maps.Values(s.users)), ",")+`]}`)
	case c.Path != "/users/delta":
		return nil
	case q.Get("$deltatoken") == "latest":
		from = len(s.changes)
	case s.expired:
		s.expired = false
		return reply(410, `{"error":{"code":"syncStateNotFound"}}`)
	}
	var page []string
	for _, id := range s.changes[from:min(from+2, len(s.changes))] {
		if user := s.users[id]; user != "" {
			page = append(page, user)
		} else {
			page = append(page, `{"id":"`+id+`","@removed":{"reason":"deleted"}}`)
		}
	}
	option, next := "nextLink", "skiptoken"
	if from += len(page); from == len(s.changes) {
		option, next = "deltaLink", "deltatoken"
	}
	return reply(200, fmt.Sprintf(`{"value":[%s],"@odata.%s":"%s/users/delta?$%s=%d"}`, strings.Join(page, ","), option, endpoint, next, from))
}

func TestDirectoryListsOnTheInterval(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTenant(t)
		g.failing(newStaff("aa").answer)
		d := graph.NewDirectory(graph.DirectoryOptions{Client: g.client()})
		require.Equal(t, presence.StateStarting, d.Health()[0].State)
		l, stop := follow(t, d)
		defer stop()
		pass(time.Second)
		require.Equal(t, 1, l.take())
		require.Equal(t, "1 people with Teams", d.Health()[0].Detail)
		require.Equal(t, 2, g.count("GET"), "where changes begin, and the list")
		pass(3 * time.Hour)
		require.Zero(t, l.take(), "nothing has changed")
		require.Equal(t, 4, count(g, "GET /users"))
		require.InDelta(t, 18, g.count("GET")-4, 1, "one call each ten minutes")
		d.Refresh()
		pass(0)
		require.Equal(t, 5, count(g, "GET /users"))
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
		require.Less(t, count(g, "GET /users"), 30)
		require.Equal(t, presence.StateFailed, d.Health()[0].State)
		require.Contains(t, d.Health()[0].Todo, "User.Read.All")

		g.failing(newStaff("aa").answer)
		d.Refresh()
		pass(0)
		require.Equal(t, 1, l.take())
		require.Equal(t, presence.StateOK, d.Health()[0].State)
	})
}

func TestDirectoryFollowsNotifications(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, all := newTenant(t), newStaff("aa")
		g.failing(all.answer)
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
		require.Equal(t, 1, l.take())
		require.Equal(t, 1, count(g, "GET /users"))
		require.InDelta(t, 2, g.count("GET /users/delta"), 1, "the last closes the gap before the subscription")
		require.Equal(t, []string{"not ours", "sub-1"}, g.ids())
		body := g.last("POST /subscriptions").Body
		require.Contains(t, body, `"updated,deleted"`)
		require.NotContains(t, body, "encryptionCertificate")

		g.mu.Lock()
		delete(g.subs, "not ours")
		g.mu.Unlock()
		pass(5 * time.Minute)
		before := g.count("GET /users")
		for _, id := range []string{"bb", "cc", "dd", "ee", "ff"} {
			all.set(id, person(id, teamsPlan, true))
			g.deliver(g.item(id))
			pass(time.Second)
		}
		require.Zero(t, l.take())
		pass(6 * time.Second)
		require.Len(t, l.last(), 6)
		require.Equal(t, 1, l.take(), "changes that come together are one")
		pass(3 * time.Minute)
		require.Zero(t, l.take())
		require.Equal(t, 3+2, g.count("GET /users")-before, "three pages, one for those told of meanwhile, and one a minute later")

		before = g.count("GET /users")
		g.deliver(g.item("ff"))
		pass(11 * time.Second)
		require.Equal(t, 1, g.count("GET /users")-before)
		all.set("ff", person("ff", "", true))
		pass(time.Minute)
		require.Equal(t, 2, g.count("GET /users")-before)
		require.Equal(t, 1, l.take(), "what Graph showed late")

		pass(24 * time.Hour)
		require.InDelta(t, 24, g.count("PATCH"), 1)
		require.Len(t, d.Health(), 2)
		require.Equal(t, presence.StateOK, d.Health()[1].State)
		require.Contains(t, d.Health()[1].Detail, "everybody until")

		g.failing(func(c call) *http.Response {
			if strings.HasPrefix(c.Path, "/users") {
				return reply(500, "")
			}
			return nil
		})
		d.Refresh()
		pass(time.Second)
		before = g.count("GET /users")
		for range 20 {
			pass(30 * time.Second)
			g.deliver(g.item("aa"))
		}
		// A look asks four times where the changes begin and four times for the list, which
		// takes 7 s at least. The pauses between looks are half of 1, 2, 4 … 256 and then of
		// 300 s at least, so the twelfth look is later than ten minutes.
		require.LessOrEqual(t, g.count("GET /users")-before, 11*(4+4), "notifications do not shorten the pause")

		stop()
		require.Equal(t, []string{"sub-1"}, g.ids())
		require.NoError(t, d.Release(t.Context()))
		require.Empty(t, g.ids())
	})
}

// count returns how many calls there were of exactly that text.
func count(g *tenant, s string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for _, c := range g.calls {
		if c.String() == s {
			n++
		}
	}
	return n
}

func names(people []graph.Person) (ids []string) {
	for _, p := range people {
		ids = append(ids, p.ID+" "+p.DisplayName)
	}
	return ids
}

func TestDirectoryFollowsEveryKindOfChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, all := newTenant(t), newStaff("aa", "bb", "cc")
		g.failing(all.answer)
		d := graph.NewDirectory(graph.DirectoryOptions{Client: g.client(), FullEvery: 1000 * time.Hour})
		l, stop := follow(t, d)
		defer stop()
		pass(time.Second)
		require.Equal(t, []string{"aa D aa", "bb D bb", "cc D cc"}, names(l.last()))
		steps := []struct {
			what string
			do   func()
			want []string // nil where nobody is told
		}{
			{"disabled", func() { all.set("aa", person("aa", teamsPlan, false)) }, []string{"bb D bb", "cc D cc"}},
			{"enabled", func() { all.set("aa", person("aa", teamsPlan, true)) }, []string{"aa D aa", "bb D bb", "cc D cc"}},
			{"renamed", func() { all.set("bb", strings.Replace(person("bb", teamsPlan, true), "D bb", "Eve", 1)) }, []string{"aa D aa", "bb Eve", "cc D cc"}},
			{"licence taken away", func() { all.set("cc", person("cc", "", true)) }, []string{"aa D aa", "bb Eve"}},
			{"licensed again", func() { all.set("cc", person("cc", teamsPlan, true)) }, []string{"aa D aa", "bb Eve", "cc D cc"}},
			{"removed", func() { all.set("aa", "") }, []string{"bb Eve", "cc D cc"}},
			{"new", func() { all.set("dd", person("dd", teamsPlan, true)) }, []string{"bb Eve", "cc D cc", "dd D dd"}},
			{"new without Teams", func() { all.set("ee", person("ee", "", true)) }, nil},
			{"changed in what is of no interest", func() { all.set("dd", person("dd", teamsPlan, true)) }, nil},
			{"several at once, one twice", func() {
				all.set("bb", "")
				all.set("cc", "")
				all.set("ff", person("ff", teamsPlan, true))
				all.set("bb", person("bb", teamsPlan, true))
			}, []string{"bb D bb", "dd D dd", "ff D ff"}},
		}
		for _, step := range steps {
			l.take()
			step.do()
			pass(10 * time.Minute)
			if step.want == nil {
				require.Zero(t, l.take(), step.what)
				continue
			}
			require.Equal(t, step.want, names(l.last()), step.what)
			require.Equal(t, 1, l.take(), step.what)
		}
		require.Equal(t, 1, count(g, "GET /users"), "all of it without a full list")
	})
}

func TestDirectoryListsEverybodyWhereChangesAreLost(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*staff){
		"an expired link": func(s *staff) { s.expired = true },
		"an incomplete change": func(s *staff) {
			s.changes = append(s.changes, "incomplete")
			s.users["incomplete"] = `{"id":"incomplete"}`
		},
	}
	for name, lose := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				g, all := newTenant(t), newStaff("aa")
				g.failing(all.answer)
				d := graph.NewDirectory(graph.DirectoryOptions{Client: g.client(), FullEvery: 1000 * time.Hour})
				l, stop := follow(t, d)
				defer stop()
				pass(time.Second)
				all.set("aa", "")
				all.set("bb", person("bb", teamsPlan, true))
				all.mu.Lock()
				lose(all)
				all.mu.Unlock()
				pass(10 * time.Minute)
				require.Equal(t, []string{"bb D bb"}, names(l.last()))
				require.Equal(t, 2, count(g, "GET /users"))
				require.Equal(t, presence.StateOK, d.Health()[0].State)
				all.set("cc", person("cc", teamsPlan, true))
				pass(10 * time.Minute)
				require.Equal(t, []string{"bb D bb", "cc D cc"}, names(l.last()), "and goes on from there")
				require.Equal(t, 2, count(g, "GET /users"))
			})
		})
	}
}

func TestDirectoryDoesWithoutDelta(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, all := newTenant(t), newStaff("aa")
		g.failing(func(c call) *http.Response {
			if c.Path == "/users/delta" {
				return reply(400, `{"error":{"code":"Request_UnsupportedQuery"}}`)
			}
			return all.answer(c)
		})
		d := graph.NewDirectory(graph.DirectoryOptions{Client: g.client()})
		l, stop := follow(t, d)
		defer stop()
		pass(time.Second)
		all.set("bb", person("bb", teamsPlan, true))
		pass(10 * time.Minute)
		require.Len(t, l.last(), 2)
	})
}

// The changes alone are out of order: people are listed all the same.
func TestDirectoryListsWhileChangesCannotBeFollowed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g, all := newTenant(t), newStaff("aa")
		g.failing(func(c call) *http.Response {
			if c.Path == "/users/delta" {
				return reply(500, "")
			}
			return all.answer(c)
		})
		d := graph.NewDirectory(graph.DirectoryOptions{Client: g.client()})
		l, stop := follow(t, d)
		defer stop()
		pass(time.Minute)
		require.Equal(t, []string{"aa D aa"}, names(l.last()))
		require.Equal(t, presence.StateFailed, d.Health()[0].State)
		require.Contains(t, d.Health()[0].LastError, "list changes of people: Graph answered 500")
		all.set("bb", person("bb", teamsPlan, true))
		pass(10 * time.Minute)
		require.Equal(t, []string{"aa D aa", "bb D bb"}, names(l.last()))
		require.Equal(t, 2, count(g, "GET /users"), "on the interval, not in a hurry")

		g.failing(all.answer)
		pass(10 * time.Minute)
		require.Equal(t, presence.StateOK, d.Health()[0].State)
		all.set("cc", person("cc", teamsPlan, true))
		pass(10 * time.Minute)
		require.Len(t, l.last(), 3)
		require.Equal(t, 3, count(g, "GET /users"), "followed again")
	})
}
