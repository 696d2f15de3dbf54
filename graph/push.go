package graph

import (
	"cmp"
	"context"
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
	reconcileEvery = 5 * time.Minute

	// A list is taken for complete when it has not changed for listQuiet, or after
	// listMost: each change of it costs a new subscription.
	listQuiet = 2 * time.Second
	listMost  = 20 * time.Second
)

// PushUser is a communication user: an account that owns a presence subscription.
type PushUser struct {
	// Name tells it from others: its UPN. It becomes the name of the record,
	// "presence/<name>", and of the light.
	Name string
	// Client is signed in as that account.
	Client *Client
}

// PushOptions of a Push. What has no default is required.
type PushOptions struct {
	// Users own the subscriptions, each for PushLimit people. With none, in a national
	// cloud, and for people beyond their number, a Push does what a Sweep does.
	Users []PushUser

	// App is signed in as the application and reads presence.
	App *Client

	// Webhook receives the notifications. Its Run must be running. Required with Users.
	Webhook *Webhook

	// Store keeps the subscriptions, and who is in which, over restarts. It must not be
	// shared with another Push: the record of somebody who is not among Users is deleted at
	// start, once its subscription has ended. Required with Users.
	Store Records

	// RenewEvery is the longest time between two renewals. Defaults to about half
	// of what Graph grants, 30 minutes.
	RenewEvery time.Duration

	// ReconcileEvery is the time between two reads of those of whom a subscription
	// tells. It bounds how long a notification that was lost is missed; of whom two in a
	// row were is read as often as if there were no subscription. Defaults to 5 minutes.
	ReconcileEvery time.Duration

	// Sweep is how everybody else is read.
	Sweep SweepOptions

	// Logger receives the life of the subscriptions, and takes the place of that of Sweep.
	// Defaults to discarding.
	Logger *slog.Logger
}

// Push is a Feed that is told of changes, by the presence subscriptions of
// communication users, and sweeps whom none of them covers. It must be made with NewPush.
//
// What a notification says is passed on at once, and the person is read a few
// seconds later, because notifications carry no order. All those covered are read when
// something may have been missed, and every ReconcileEvery. A subscription that has
// not told of what such a read shows is not trusted: its people are swept, it is made
// anew, and it is trusted again when it tells of something. One that is silent about some
// alone is trusted for the others; those are swept until it tells of them.
type Push struct {
	board   *board
	reader  *reader
	shards  []*shard
	records Records
	log     *slog.Logger
	watched chan struct{} // the list of people has changed
	replace chan struct{} // the people are to be divided anew

	mu      sync.Mutex // protects following
	people  []string
	known   bool                 // people were given
	leftOut map[string]time.Time // until when, in lower case
	swept   int                  // people for whom there is no room
}

// NewPush returns a Push that watches nobody yet.
func NewPush(o PushOptions) *Push {
	log := logger(o.Logger, "push")
	board := newBoard()
	p := &Push{
		board:   board,
		reader:  newReader(o.App, board, o.Sweep, cmp.Or(o.ReconcileEvery, reconcileEvery), log),
		records: o.Store,
		log:     log,
		watched: make(chan struct{}, 1),
		replace: make(chan struct{}, 1),
		leftOut: map[string]time.Time{},
	}
	for _, user := range o.Users {
		if !user.Client.tellsPresence() {
			log.Warn("no presence subscriptions in this cloud; people are swept", "user", user.Name)
			continue
		}
		p.shards = append(p.shards, p.newShard(o, user))
	}
	return p
}

// Watch implements Feed. Everybody is assigned to one of the communication users, and
// stays there for as long as there is room. During Run, who is new is swept until the list
// has not changed for some seconds.
func (p *Push) Watch(users []string) {
	p.board.watch(users)
	p.mu.Lock()
	p.people, p.known = slices.Clone(users), true
	p.mu.Unlock()
	poke(p.watched)
}

// Run implements Feed. When it ends it leaves the subscriptions alive, for the
// next start to adopt.
func (p *Push) Run(ctx context.Context, sink Sink) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.reader.run(ctx, sink) })
	if len(p.shards) > 0 {
		g.Go(func() error { return p.keep(ctx) })
	}
	return g.Wait()
}

// keep adopts what there is, and then keeps each shard for its part of the people.
func (p *Push) keep(ctx context.Context) error {
	pause := newPause(keeperPause)
	for err := p.recall(ctx); err != nil; err = p.recall(ctx) {
		for _, s := range p.shards {
			s.keeper.light.Fail(err)
		}
		p.log.Warn("subscriptions not read from the store", "error", err)
		if err := sleep(ctx, pause.after(err), nil); err != nil {
			return err
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range p.shards {
		g.Go(func() error { return s.keeper.run(ctx) })
	}
	g.Go(func() error { return p.divide(ctx) })
	return g.Wait()
}

// divide divides the people at first, where a list was given before Run, and then
// whenever the list is complete, a user comes or goes, or somebody was left out or need not
// be any more.
func (p *Push) divide(ctx context.Context) error {
	for {
		again := time.After(p.place())
		select {
		case <-p.watched:
			if err := p.quiet(ctx); err != nil {
				return err
			}
		case <-p.replace:
		case <-again:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// quiet returns when the list has stopped changing.
func (p *Push) quiet(ctx context.Context) error {
	for end := time.Now().Add(listMost); time.Now().Before(end); {
		begin := time.Now()
		if err := sleep(ctx, listQuiet, p.watched); err != nil {
			return err
		}
		if time.Since(begin) >= listQuiet {
			break
		}
	}
	return nil
}

// Uncovered returns the people of whom no subscription tells at the moment, or none that
// can be trusted to. They are swept.
func (p *Push) Uncovered() []string { return p.board.untold() }

// Unreadable returns the people because of whom calls fail, and who are therefore set
// aside.
func (p *Push) Unreadable() []string { return p.board.unreadable() }

// Release deletes the subscriptions, for good. It must not be called during Run.
func (p *Push) Release(ctx context.Context) error {
	var g errgroup.Group
	for _, s := range p.shards {
		g.Go(func() error { return s.keeper.release(ctx) })
	}
	return g.Wait()
}

// Health implements Feed: the worst of Lights, the subscriptions before the reading.
func (p *Push) Health() presence.Health {
	lights := p.Lights()
	return slices.MaxFunc(append(lights[1:], lights[0]), func(a, b presence.Health) int {
		return badness(a.State) - badness(b.State)
	})
}

// Lights returns the light of the reading, and that of each communication user's
// subscription.
func (p *Push) Lights() []presence.Health {
	lights := []presence.Health{p.reader.light.Health()}
	for _, s := range p.shards {
		lights = append(lights, s.keeper.light.Health())
	}
	return lights
}

func badness(s presence.State) int {
	return slices.Index([]presence.State{presence.StateOff, presence.StateOK, presence.StateStarting, presence.StateFailed}, s)
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
