package graph

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pbx365/connector/presence"
)

// PushLimit is the number of people one presence subscription covers, and Graph
// gives one to each communication user (Graph: get change notifications for
// presence).
const PushLimit = 650

const (
	// presenceLifetime is what is asked for; Graph grants between 45 and 60 minutes.
	presenceLifetime = 59 * time.Minute

	reconcileEvery = 5 * time.Minute
)

// PushOptions of a Push. What has no default is required.
type PushOptions struct {
	// Name tells this communication user from others: its UPN. It becomes the
	// name of the record, "presence/<name>", and of the light.
	Name string

	// User is signed in as the communication user and owns the subscription.
	User *Client

	// App is signed in as the application and reads presence.
	App *Client

	// Webhook receives the notifications. Its Run must be running.
	Webhook *Webhook

	// Store keeps the subscription over restarts.
	Store Records

	// RenewEvery is the longest time between two renewals. Defaults to about half
	// of what Graph grants, 30 minutes.
	RenewEvery time.Duration

	// ReconcileEvery is the time between two reads of everybody while the
	// subscription is alive. It bounds how long a notification that was lost is
	// missed, and how old is what is known of those who are Uncovered. Defaults to
	// 5 minutes.
	ReconcileEvery time.Duration

	// Logger receives the life of the subscription. Defaults to discarding.
	Logger *slog.Logger
}

// Push is a Feed that is told of changes, by the presence subscription of one
// communication user. It must be made with NewPush.
//
// What a notification says is passed on at once, and the person is read a few
// seconds later, because notifications carry no order. Everybody is read whenever
// something may have been missed, and on an interval: ReconcileEvery while the
// subscription is alive, and as often as a Sweep does by default while it is not.
type Push struct {
	reader reader
	keeper *keeper

	mu        sync.Mutex // protects following
	covered   []string   // in lower case, sorted
	uncovered []string
}

// NewPush returns a Push that watches nobody yet.
func NewPush(o PushOptions) *Push {
	log := logger(o.Logger, "push").With("user", o.Name)
	p := &Push{}
	board := newBoard()
	p.reader = reader{
		client: o.App,
		board:  board,
		light:  presence.NewLight("presence read for " + o.Name),
		log:    log,
		every: func() time.Duration {
			if p.keeper.alive.Load() {
				return cmp.Or(o.ReconcileEvery, reconcileEvery)
			}
			return planned(board.size(), defaultBudget)
		},
		detail: func() string { return fmt.Sprintf("%d people", board.size()) },
	}
	p.keeper = &keeper{
		name:       "presence/" + o.Name,
		client:     o.User,
		hook:       o.Webhook,
		records:    o.Store,
		changes:    "updated",
		lifetime:   presenceLifetime,
		renewEvery: o.RenewEvery,
		rich:       true,
		want:       func() wanted { return presenceOf(p.members()) },
		rival:      isPresence,
		notice:     board.notice,
		reread:     board.ask,
		light:      presence.NewLight("presence subscription of " + o.Name),
		log:        log,
		wake:       make(chan struct{}, 1),
	}
	return p
}

// Watch implements Feed. The first PushLimit people are covered by the
// subscription; the rest are Uncovered. A changed set of the covered costs a new
// subscription, so give all people at once.
func (p *Push) Watch(users []string) {
	p.reader.board.watch(users)
	if p.cover(users) {
		poke(p.keeper.wake)
	}
}

// cover divides the people, and reports whether others are covered than before.
func (p *Push) cover(users []string) bool {
	n := min(len(users), PushLimit)
	covered := make([]string, n)
	for i, user := range users[:n] {
		covered[i] = strings.ToLower(user)
	}
	slices.Sort(covered)
	covered = slices.Compact(covered)
	p.mu.Lock()
	defer p.mu.Unlock()
	changed := !slices.Equal(covered, p.covered)
	p.covered, p.uncovered = covered, slices.Clone(users[n:])
	return changed
}

// members are the people to be covered. Nobody may change the result.
func (p *Push) members() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.covered
}

// Uncovered returns the people beyond PushLimit, who are only read, on an interval.
func (p *Push) Uncovered() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.uncovered)
}

// Run implements Feed. When it ends it leaves the subscription alive, for the
// next start to adopt.
func (p *Push) Run(ctx context.Context, sink Sink) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.reader.run(ctx, sink) })
	g.Go(func() error { return p.keeper.run(ctx) })
	return g.Wait()
}

// Release deletes the subscription, for good. It must not be called during Run.
func (p *Push) Release(ctx context.Context) error { return p.keeper.release(ctx) }

// Health implements Feed: the subscription or the reading, whichever is worse.
func (p *Push) Health() presence.Health {
	subscription, reading := p.keeper.light.Health(), p.reader.light.Health()
	if subscription.State != presence.StateFailed && reading.State == presence.StateFailed {
		return reading
	}
	return subscription
}

// presenceOf is the subscription for these people, who are sorted.
func presenceOf(ids []string) wanted {
	if len(ids) == 0 {
		return wanted{}
	}
	return wanted{
		resource: "/communications/presences?$filter=id in ('" + strings.Join(ids, "','") + "')",
		members:  ids,
	}
}

func isPresence(s Subscription) bool {
	return strings.HasPrefix(strings.ToLower(strings.TrimPrefix(s.Resource, "/")), "communications/presences")
}
