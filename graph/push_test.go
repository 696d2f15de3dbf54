package graph_test

import (
	"cmp"
	"context"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/store"
	"github.com/pbx365/connector/store/memstore"
)

// pushing is a Push with everything it needs.
type pushing struct {
	*tenant
	push    *graph.Push
	hook    *graph.Webhook
	records store.Store
	seen    *seen
}

func newPushing(t *testing.T, o graph.PushOptions) *pushing {
	p := &pushing{tenant: newTenant(t), records: memstore.New(), seen: &seen{}}
	hook, err := graph.NewWebhook(graph.WebhookOptions{PublicURL: hookURL, Queue: 4})
	require.NoError(t, err)
	p.hook, p.tenant.hook = hook, hook
	o.Users = []graph.PushUser{{Name: "comm@contoso.com", Client: p.client()}}
	o.App, o.Webhook, o.Store = p.client(), hook, p.records
	p.push = graph.NewPush(o)
	return p
}

func (p *pushing) start() (stop func()) {
	stopHook := run(p.t, p.hook.Run)
	stopFeed := runFeed(p.t, p.push, p.seen)
	return func() { stopFeed(); stopHook() }
}

func (p *pushing) record() store.Subscription {
	r, err := p.records.Subscription(p.t.Context(), "presence/comm@contoso.com")
	require.NoError(p.t, err)
	return r
}

func TestPushSubscribesAndReadsEverybody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		p.show("aa", "Away")
		defer p.start()()
		pass(time.Minute)
		require.Equal(t, presence.StateStarting, p.push.Health().State)
		require.Zero(t, p.count("POST /subscriptions"), "nobody is watched yet")

		p.push.Watch([]string{"bb", "aa"})
		pass(3 * time.Second)
		require.Equal(t, []string{"aa Away", "bb PresenceUnknown"}, p.seen.take())
		require.Equal(t, presence.StateOK, p.push.Health().State)
		require.Contains(t, p.push.Health().Detail, "2 people")
		require.Contains(t, p.last("POST /subscriptions").Body, `in ('aa','bb')`)

		r := p.record()
		require.Equal(t, []string{"sub-1"}, p.ids())
		require.Equal(t, "sub-1", r.ID)
		require.Equal(t, []string{"aa", "bb"}, r.Members)
		require.Len(t, r.ClientState, 43)
	})
}

func TestPushPassesOnNotifications(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		p.push.Watch([]string{"aa", "bb"})
		defer p.start()()
		pass(time.Second)
		p.seen.take()

		p.show("aa", "Busy")
		p.show("bb", "Busy")
		p.deliver(p.item("AA"), p.item("stranger"))
		pass(0)
		require.Equal(t, []string{"aa Busy"}, p.seen.take())
		require.JSONEq(t, `{"ids":["aa"]}`, p.last("getPresences").Body)
	})
}

func TestPushRenewsByTheGrantedExpiry(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		grant    time.Duration
		every    time.Duration
		from, to int // renewals within a day
		hours    int // or within fewer hours
	}{
		"an hour":                    {grant: time.Hour, from: 40, to: 56},
		"less than was asked for":    {grant: 45 * time.Minute, from: 54, to: 74},
		"an upper bound":             {grant: time.Hour, every: 10 * time.Minute, from: 142, to: 144},
		"hardly anything is granted": {grant: time.Second, from: 0, to: 0, hours: 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPushing(t, graph.PushOptions{RenewEvery: test.every, ReconcileEvery: 48 * time.Hour})
				p.grant = test.grant
				p.push.Watch([]string{"aa"})
				defer p.start()()
				pass(time.Second)
				reads := p.count("getPresences")
				pass(time.Duration(cmp.Or(test.hours, 24)) * time.Hour)
				renewed := p.count("PATCH")
				require.GreaterOrEqual(t, renewed, test.from)
				require.LessOrEqual(t, renewed, test.to)
				if test.to > 0 {
					require.Equal(t, 1, p.count("POST /subscriptions"))
					require.Equal(t, reads, p.count("getPresences"), "a smooth renewal needs no read")
				}
			})
		})
	}
}

func TestPushAdoptsAcrossARestart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		p.push.Watch([]string{"aa", "bb"})
		stop := p.start()
		pass(time.Minute)
		stop()
		require.Equal(t, []string{"sub-1"}, p.ids(), "it stays alive")
		p.show("aa", "InAMeeting")

		p.push.Watch([]string{"bb", "aa"})
		defer p.start()()
		p.seen.take()
		pass(time.Second)
		require.Equal(t, []string{"aa InAMeeting", "bb PresenceUnknown"}, p.seen.take())
		require.Equal(t, 1, p.count("POST /subscriptions"))

		p.show("bb", "Away")
		p.deliver(p.item("bb"))
		pass(0)
		require.Equal(t, []string{"bb Away"}, p.seen.take())
	})
}

func TestPushReplacesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	tests := map[string]func(p *pushing){
		"no record": func(p *pushing) {
			require.NoError(p.t, p.records.DeleteSubscription(p.t.Context(), p.record().Name, p.record().Revision))
		},
		"another address": func(p *pushing) { p.edit(func(r *store.Subscription) { r.NotificationURL += "/old" }) },
		"another certificate": func(p *pushing) {
			p.edit(func(r *store.Subscription) { r.CertificateID = "last year" })
		},
		"no client state": func(p *pushing) { p.edit(func(r *store.Subscription) { r.ClientState = "" }) },
		"interrupted before its id was stored": func(p *pushing) {
			p.edit(func(r *store.Subscription) { r.ID = "" })
		},
		"about to expire": func(p *pushing) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.subs["sub-1"]["expirationDateTime"] = time.Now().Add(30 * time.Second).UTC().Format(time.RFC3339)
		},
		"other people": func(p *pushing) { p.push.Watch([]string{"aa", "cc"}) },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPushing(t, graph.PushOptions{})
				p.push.Watch([]string{"aa", "bb"})
				stop := p.start()
				pass(time.Minute)
				stop()
				before := p.record()
				change(p)

				defer p.start()()
				pass(time.Second)
				require.Equal(t, []string{"sub-2"}, p.ids())
				require.Equal(t, "sub-2", p.record().ID)
				require.NotEqual(t, before.ClientState, p.record().ClientState)
				require.Equal(t, presence.StateOK, p.push.Health().State)
			})
		})
	}
}

func (p *pushing) edit(f func(*store.Subscription)) {
	r := p.record()
	f(&r)
	_, err := p.records.PutSubscription(p.t.Context(), r)
	require.NoError(p.t, err)
}

func TestPushFollowsTheWatchList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		p.push.Watch([]string{"aa"})
		defer p.start()()
		pass(time.Second)
		p.push.Watch([]string{"aa", "bb"})
		pass(3 * time.Second)
		require.Equal(t, []string{"sub-2"}, p.ids())
		require.Contains(t, p.last("POST /subscriptions").Body, `in ('aa','bb')`)

		p.push.Watch([]string{"bb", "aa"})
		pass(3 * time.Second)
		require.Equal(t, []string{"sub-2"}, p.ids(), "the order does not matter")

		p.push.Watch(nil)
		pass(3 * time.Second)
		require.Empty(t, p.ids())
		_, err := p.records.Subscription(t.Context(), "presence/comm@contoso.com")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestPushNamesThoseItDoesNotCover(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		users := crowd(653)
		p.push.Watch(users)
		require.Len(t, p.push.Uncovered(), 653, "there is no subscription yet")
		defer p.start()()
		pass(time.Second)
		require.Len(t, p.record().Members, 650)
		require.Equal(t, users[650:], p.push.Uncovered())
		p.push.Watch(users[:650])
		require.Empty(t, p.push.Uncovered())
	})
}

func TestPushReadsAgainAfterAGap(t *testing.T) {
	t.Parallel()
	event := func(name string) func(p *pushing) {
		return func(p *pushing) { p.lifecycle(name) }
	}
	tests := map[string]struct {
		happens  func(p *pushing)
		within   time.Duration
		made     int // subscriptions in all
		renewals int
	}{
		"lifecycle event missed":          {happens: event("missed"), made: 1},
		"lifecycle event reauthorization": {happens: event("reauthorizationRequired"), made: 1, renewals: 1},
		"lifecycle event removed":         {happens: func(p *pushing) { event("subscriptionRemoved")(p); p.vanish() }, made: 2},
		"vanished without event":          {happens: func(p *pushing) { p.vanish() }, within: 40 * time.Minute, made: 2, renewals: 1},
		"a renewal fails before it succeeds": {happens: func(p *pushing) {
			p.failing(func(c call) *http.Response {
				if c.Method == "PATCH" && p.count("PATCH") == 1 {
					return reply(500, "")
				}
				return nil
			})
		}, within: 40 * time.Minute, made: 1, renewals: 2},
		"no renewal succeeds until it expires": {happens: func(p *pushing) {
			p.failing(func(c call) *http.Response {
				if c.Method == "PATCH" {
					return reply(500, "")
				}
				return nil
			})
		}, within: 70 * time.Minute, made: 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPushing(t, graph.PushOptions{ReconcileEvery: 48 * time.Hour})
				p.push.Watch([]string{"aa"})
				defer p.start()()
				pass(time.Minute)
				p.seen.take()
				p.show("aa", "Busy")
				test.happens(p)
				pass(test.within + time.Second)
				require.Equal(t, []string{"aa Busy"}, p.seen.take())
				require.Equal(t, test.made, p.count("POST /subscriptions"))
				if test.renewals > 0 {
					require.Equal(t, test.renewals, p.count("PATCH"))
				}
				require.Len(t, p.ids(), 1)
				require.Equal(t, presence.StateOK, p.push.Health().State)
			})
		})
	}
}

func TestPushSurvivesWhatGraphAnswers(t *testing.T) {
	t.Parallel()
	once := func(route string, resp func() *http.Response) func(p *pushing) {
		return func(p *pushing) {
			left := 2
			p.failing(func(c call) *http.Response {
				if c.String() == route && left > 0 {
					left--
					return resp()
				}
				return nil
			})
		}
	}
	tests := map[string]func(p *pushing){
		"500 on create": once("POST /subscriptions", func() *http.Response { return reply(500, "") }),
		"409 on create": once("POST /subscriptions", func() *http.Response {
			return reply(409, `{"error":{"code":"ExtensionError"}}`)
		}),
		"500 on list": once("GET /subscriptions", func() *http.Response { return reply(500, "") }),
		"a task was canceled on renew": once("PATCH /subscriptions/sub-1", func() *http.Response {
			return reply(500, `{"error":{"code":"ExtensionError","message":"A task was canceled."}}`)
		}),
		"somebody else's subscription in the way": func(p *pushing) {
			p.subs["theirs"] = map[string]any{"id": "theirs", "resource": "communications/presences/xx",
				"clientState": "x", "expirationDateTime": p.granted()}
		},
	}
	for name, happens := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPushing(t, graph.PushOptions{})
				happens(p)
				p.push.Watch([]string{"aa"})
				defer p.start()()
				pass(55 * time.Minute)
				require.Equal(t, []string{"sub-1"}, p.ids())
				require.Equal(t, presence.StateOK, p.push.Health().State)
			})
		})
	}
}

func TestPushFailsVisiblyWithAdvice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		p.answering(nil)
		p.push.Watch([]string{"aa"})
		defer p.start()()
		pass(time.Minute)
		h := p.push.Health()
		require.Equal(t, presence.StateFailed, h.State)
		require.Contains(t, h.LastError, "400 ValidationError")
		require.Contains(t, h.Todo, "notification URL")
		require.Equal(t, []string{"aa PresenceUnknown"}, p.seen.take(), "people are read all the same")

		p.answering(p.hook)
		pass(3 * time.Minute)
		require.Equal(t, presence.StateOK, p.push.Health().State)
	})
}

func TestPushReportsFailingReads(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		p.failing(func(c call) *http.Response {
			if c.Path == "/communications/getPresencesByUserId" {
				return reply(403, `{"error":{"code":"Forbidden"}}`)
			}
			return nil
		})
		p.push.Watch([]string{"aa"})
		defer p.start()()
		pass(time.Second)
		require.Equal(t, presence.StateFailed, p.push.Health().State)
		require.Contains(t, p.push.Health().Todo, "Presence.Read.All")
	})
}

func TestPushReleaseDeletes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		require.NoError(t, p.push.Release(t.Context()), "there is nothing yet")
		p.push.Watch([]string{"aa"})
		stop := p.start()
		pass(time.Second)
		stop()
		require.NoError(t, p.push.Release(t.Context()))
		require.Empty(t, p.ids())
		require.NoError(t, p.push.Release(t.Context()))
	})
}

// forgetful is a store that cannot keep anything for a while.
type forgetful struct {
	store.Store
	failing atomic.Bool
}

func (f *forgetful) PutSubscription(ctx context.Context, s store.Subscription) (store.Subscription, error) {
	if f.failing.Load() {
		return s, store.ErrLeaseLost
	}
	return f.Store.PutSubscription(ctx, s)
}

func TestPushCreatesNothingItCannotRemember(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		records := &forgetful{Store: memstore.New()}
		records.failing.Store(true)
		p := newPushing(t, graph.PushOptions{})
		p.push = graph.NewPush(graph.PushOptions{Users: []graph.PushUser{{Name: "u", Client: p.client()}}, App: p.client(), Webhook: p.hook, Store: records})
		p.push.Watch([]string{"aa"})
		defer p.start()()
		pass(time.Minute)
		require.Zero(t, p.count("POST /subscriptions"))
		require.Equal(t, presence.StateFailed, p.push.Health().State)
		records.failing.Store(false)
		pass(3 * time.Minute)
		require.Len(t, p.ids(), 1)
	})
}

func TestPushGoesOnWhenSomebodyElseChangedTheRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		p.push.Watch([]string{"aa"})
		defer p.start()()
		pass(time.Minute)
		p.edit(func(r *store.Subscription) { r.Renewed = time.Time{} })
		pass(2 * time.Hour)
		require.Equal(t, []string{"sub-1"}, p.ids())
		require.False(t, p.record().Renewed.IsZero(), "it was read again and then renewed")
		require.Equal(t, presence.StateOK, p.push.Health().State)
	})
}

func TestPushKnowsNotificationsThatComeBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		p.created = func() { p.deliver(p.item("aa")) }
		p.push.Watch([]string{"aa"})
		defer p.start()()
		pass(time.Minute)
		require.Equal(t, graph.Counts{Received: 1}, p.hook.Counts())
	})
}

func TestPushObeysRetryAfter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		p.failing(func(c call) *http.Response {
			if c.String() == "POST /subscriptions" {
				return reply(503, "", "Retry-After", "600")
			}
			return nil
		})
		p.push.Watch([]string{"aa"})
		defer p.start()()
		pass(599 * time.Second)
		require.Equal(t, 1, p.count("POST /subscriptions"))
		pass(2 * time.Second)
		require.Equal(t, 2, p.count("POST /subscriptions"))
	})
}
