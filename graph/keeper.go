package graph

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/store"
)

const (
	// keeperPause is the longest pause between attempts to create or renew.
	keeperPause = 2 * time.Minute
	// minRenew is the shortest time between two renewals.
	minRenew = time.Minute
)

// Records is the part of store.Records that keeps subscriptions.
type Records interface {
	Subscription(ctx context.Context, name string) (store.Subscription, error)
	PutSubscription(ctx context.Context, sub store.Subscription) (store.Subscription, error)
	DeleteSubscription(ctx context.Context, name string, revision int64) error
}

// wanted is what a subscription should be for. A zero one means that none is.
type wanted struct {
	resource string
	members  []string
}

// keeper keeps one subscription alive; the drawing is in the package doc. Its run
// alone touches held, route and renewAt.
type keeper struct {
	name       string // of the record
	client     *Client
	hook       *Webhook
	records    Records
	changes    string // change types, as Graph writes them
	lifetime   time.Duration
	renewEvery time.Duration // upper bound; zero means none
	rich       bool
	want       func() wanted
	rival      func(Subscription) bool                     // one that is in the way of ours
	notice     func(user string, seen *presence.TeamsSeen) // of a change
	reread     func()                                      // something may have been missed
	light      *presence.Light
	log        *slog.Logger

	wake  chan struct{}
	alive atomic.Bool // one is held

	mu    sync.Mutex // protects following
	renew bool       // Graph asks for it
	gone  bool       // Graph has removed it

	held    store.Subscription // without an id where none is held
	route   *route
	renewAt time.Time
}

// noticed implements listener.
func (k *keeper) noticed(user string, seen *presence.TeamsSeen) { k.notice(user, seen) }

// lifecycle implements listener.
func (k *keeper) lifecycle(event string) {
	k.log.Info("lifecycle event", "event", word(event))
	k.mu.Lock()
	switch event {
	case LifecycleReauthorize:
		k.renew = true
	case LifecycleRemoved:
		k.gone = true
	}
	k.mu.Unlock()
	k.reread()
	poke(k.wake)
}

// moved implements listener.
func (k *keeper) moved() { poke(k.wake) }

// run keeps the subscription until ctx ends, whose error it returns. It leaves
// the subscription alive for the next start.
func (k *keeper) run(ctx context.Context) error {
	defer k.hook.leave(k)
	defer k.drop()
	pause, failed := newPause(keeperPause), false
	for {
		err := k.step(ctx)
		wait, wake := time.Duration(0), k.wake
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			wait, wake, failed = pause.after(err), nil, true
			k.light.Fail(err)
			k.log.Warn("subscription not kept", "name", k.name, "retry_in", wait, "error", err)
		default:
			pause.reset()
			if failed {
				failed = false
				k.reread()
			}
			wait = k.report()
		}
		if err := sleep(ctx, wait, wake); err != nil {
			return err
		}
	}
}

// report turns the light green, or to waiting, and returns how long there is
// nothing to do.
func (k *keeper) report() time.Duration {
	if k.held.ID == "" {
		k.light.Starting("nobody to watch")
		return forever
	}
	covers := "everybody"
	if n := len(k.held.Members); n > 0 {
		covers = fmt.Sprintf("%d people", n)
	}
	k.light.OK(fmt.Sprintf("%s until %s", covers, k.held.Expires.UTC().Format("2 Jan 15:04 MST")))
	return time.Until(k.renewAt)
}

// step does what is due now: at most one of create, renew and delete.
func (k *keeper) step(ctx context.Context) error {
	want := k.want()
	renew, gone := k.events()
	if renew {
		k.renewAt = time.Now() // until it succeeds
	}
	if k.held.ID != "" && (gone || !time.Now().Before(k.held.Expires)) {
		k.log.Warn("subscription is gone", "id", k.held.ID, "removed", gone)
		k.drop()
	}
	switch {
	case k.held.ID == "" && want.resource == "":
		return nil
	case k.held.ID == "":
		return k.establish(ctx, want)
	case want.resource == "":
		return k.release(ctx)
	case !k.fits(k.held, want):
		return k.establish(ctx, want)
	case !time.Now().Before(k.renewAt):
		return k.extend(ctx, want)
	}
	return nil
}

func (k *keeper) events() (renew, gone bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	renew, gone = k.renew, k.gone
	k.renew, k.gone = false, false
	return renew, gone
}

// drop forgets the subscription that is held. Whatever happens from now on is not
// told.
func (k *keeper) drop() {
	k.hook.forget(k.route)
	k.held, k.route = store.Subscription{}, nil
	if k.alive.Swap(false) {
		k.reread()
	}
}
