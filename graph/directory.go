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

	// directoryEvery is the default time between two lists and between two
	// renewals of the users subscription.
	directoryEvery = time.Hour
	// directorySettle is how long after a notification the list is read. Other
	// changes follow within that time, and Graph does not show them at once.
	directorySettle = 10 * time.Second
	// directoryPause is the longest pause between failed lists.
	directoryPause = 5 * time.Minute
)

// DirectoryOptions of a Directory.
type DirectoryOptions struct {
	// Client is signed in as the application. Required.
	Client *Client

	// Every is the time between two lists where nothing else asks for one.
	// Defaults to 60 minutes.
	Every time.Duration

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
	client  *Client
	every   time.Duration
	light   *presence.Light
	log     *slog.Logger
	keeper  *keeper       // nil without a webhook
	refresh chan struct{} // list now
	changed chan struct{} // list soon
}

// NewDirectory returns a Directory that knows nobody yet.
func NewDirectory(o DirectoryOptions) *Directory {
	d := &Directory{
		client:  o.Client,
		every:   cmp.Or(o.Every, directoryEvery),
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
		renewEvery: cmp.Or(o.RenewEvery, directoryEvery),
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

// Run hands the complete list to sink each time it was read: at start, on every
// interval, after Refresh, and some seconds after notifications, possibly twice. It
// runs until ctx ends, whose error it returns. A list that fails is read again with a growing
// delay; until then the one before stands.
func (d *Directory) Run(ctx context.Context, sink func([]Person)) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.follow(ctx, sink) })
	if d.keeper != nil {
		g.Go(func() error { return d.keeper.run(ctx) })
	}
	return g.Wait()
}

// Refresh asks for a list now. It does not wait for it.
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
	for {
		wait := d.every
		people, err := d.client.People(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			wait = pause.after(err)
			d.light.Fail(err)
			d.log.Warn("people not listed", "retry_in", wait, "error", err)
		default:
			pause.reset()
			d.light.OK(fmt.Sprintf("%d people with Teams", len(people)))
			sink(people)
		}
		if err := d.wait(ctx, wait, err == nil); err != nil {
			return err
		}
	}
}

// wait returns when the next list is due. After a failure no notification makes
// it sooner.
func (d *Directory) wait(ctx context.Context, most time.Duration, healthy bool) error {
	changed := d.changed
	if !healthy {
		changed = nil
	}
	begin := time.Now()
	t := time.NewTimer(most)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	case <-d.refresh:
	case <-changed:
		return sleep(ctx, min(directorySettle, most-time.Since(begin)), d.refresh)
	}
	return ctx.Err()
}

func isUsers(s Subscription) bool { return strings.EqualFold(strings.Trim(s.Resource, "/"), "users") }
