package graph

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pbx365/connector/presence"
)

const (
	// usersLifetime is what is asked for; Graph grants at most 29 days.
	usersLifetime = 28 * 24 * time.Hour

	// directoryEvery is the default time between two looks at what has changed,
	// directoryFull that between two full lists and between two renewals of the users
	// subscription.
	directoryEvery = 10 * time.Minute
	directoryFull  = time.Hour
	// directorySettle is how long after a notification the changes are read. Others
	// follow within that time, and Graph does not show them at once: directoryAgain
	// later they are read once more.
	directorySettle = 10 * time.Second
	directoryAgain  = time.Minute
	// directoryPause is the longest pause between failed lists.
	directoryPause = 5 * time.Minute
)

// DirectoryOptions of a Directory.
type DirectoryOptions struct {
	// Client is signed in as the application. Required.
	Client *Client

	// Every is the time between two looks at what has changed (delta query), one call
	// each. Defaults to 10 minutes.
	Every time.Duration

	// FullEvery is the time between two full lists, of one call for 999 users. Graph
	// does not promise to report every change of a licence as a change of the user.
	// Defaults to 60 minutes.
	FullEvery time.Duration

	// Webhook receives the notifications of a users subscription. Its Run must be
	// running. None means that only the interval tells of changes.
	Webhook *Webhook

	// Store keeps that subscription over restarts, under the name "users".
	// Required with a Webhook.
	Store Records

	// RenewEvery is the longest time between two renewals of it. Defaults to 60
	// minutes.
	RenewEvery time.Duration

	// Logger receives failed lists and the life of the subscription. Defaults to
	// discarding.
	Logger *slog.Logger
}

// Directory follows the list of people. It must be made with NewDirectory.
type Directory struct {
	roster  *roster
	every   time.Duration
	full    time.Duration
	light   *presence.Light
	log     *slog.Logger
	keeper  *keeper       // nil without a webhook
	refresh chan struct{} // list everybody now
	changed chan struct{} // look soon
	again   bool          // look once more after that; of Run alone
}

// NewDirectory returns a Directory that knows nobody yet.
func NewDirectory(o DirectoryOptions) *Directory {
	d := &Directory{
		roster:  &roster{client: o.Client},
		every:   cmp.Or(o.Every, directoryEvery),
		full:    cmp.Or(o.FullEvery, directoryFull),
		light:   presence.NewLight("people"),
		log:     logger(o.Logger, "directory"),
		refresh: make(chan struct{}, 1),
		changed: make(chan struct{}, 1),
	}
	if o.Webhook == nil {
		return d
	}
	d.keeper = &keeper{
		name:       "users",
		client:     o.Client,
		hook:       o.Webhook,
		records:    o.Store,
		changes:    "updated,deleted",
		lifetime:   usersLifetime,
		renewEvery: cmp.Or(o.RenewEvery, directoryFull),
		want:       func() wanted { return wanted{resource: "users"} },
		rival:      func(s Subscription) bool { return isUsers(s) && s.NotificationURL == o.Webhook.publicURL() },
		notice:     func(string, *presence.TeamsSeen) { poke(d.changed) },
		reread:     func() { poke(d.changed) },
		light:      presence.NewLight("users subscription"),
		log:        d.log,
		wake:       make(chan struct{}, 1),
	}
	return d
}

// Run hands the complete list to sink at start and whenever it has changed. It looks on
// both intervals, after Refresh, and some seconds after notifications. It runs until ctx
// ends, whose error it returns. What fails is tried again with a growing delay; until
// then the list stands. Where Graph has lost track of the changes, everybody is listed;
// while it does not tell them, that happens each time and the light says why.
func (d *Directory) Run(ctx context.Context, sink func([]Person)) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.follow(ctx, sink) })
	if d.keeper != nil {
		g.Go(func() error { return d.keeper.run(ctx) })
	}
	return g.Wait()
}

// Refresh asks for a full list now. It does not wait for it.
func (d *Directory) Refresh() { poke(d.refresh) }

// Release deletes the users subscription, for good. It must not be called during
// Run.
func (d *Directory) Release(ctx context.Context) error {
	if d.keeper == nil {
		return nil
	}
	return d.keeper.release(ctx)
}

// Health returns the light of the list and, with a webhook, that of the
// subscription.
func (d *Directory) Health() []presence.Health {
	all := []presence.Health{d.light.Health()}
	if d.keeper != nil {
		all = append(all, d.keeper.light.Health())
	}
	return all
}

func (d *Directory) follow(ctx context.Context, sink func([]Person)) error {
	pause := newPause(directoryPause)
	full, wait := true, time.Duration(0)
	for {
		changed, err := d.look(ctx, full)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			wait = pause.after(err)
			d.light.Fail(err)
			d.log.Warn("people not listed", "retry_in", wait, "error", err)
		default:
			pause.reset()
			wait, err = d.every, d.roster.lost
			d.report(err)
			if changed {
				sink(d.roster.all())
			}
		}
		if full, err = d.wait(ctx, wait, err == nil); err != nil {
			return err
		}
	}
}

// report says that the list is up to date, and lost whether its changes cannot be followed.
func (d *Directory) report(lost error) {
	if lost == nil {
		d.light.OK(fmt.Sprintf("%d people with Teams", len(d.roster.people)))
		return
	}
	d.light.Fail(lost)
	d.log.Warn("changes of people not followed, everybody is listed instead", "every", d.every, "error", lost)
}

// look reads everybody where that is asked for or due, and else what has changed.
func (d *Directory) look(ctx context.Context, full bool) (changed bool, err error) {
	if full || time.Since(d.roster.full) >= d.full {
		return d.roster.list(ctx)
	}
	return d.roster.follow(ctx)
}

// wait returns when the next look is due, and whether it must be a full one. After a
// failure no notification makes it sooner.
func (d *Directory) wait(ctx context.Context, most time.Duration, healthy bool) (full bool, err error) {
	changed, again := d.changed, d.again
	d.again = false
	if !healthy {
		changed = nil
	} else if again {
		most = min(most, directoryAgain)
	}
	begin := time.Now()
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-d.refresh:
		return true, ctx.Err()
	case <-changed:
		d.again = true
		return false, sleep(ctx, min(directorySettle, most-time.Since(begin)), nil)
	}
	return false, ctx.Err()
}

func isUsers(s Subscription) bool { return strings.EqualFold(strings.Trim(s.Resource, "/"), "users") }
