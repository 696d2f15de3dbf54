package graph

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/store"
)

const (
	// keeperPause is the longest pause between attempts to create or renew.
	keeperPause = 2 * time.Minute
	// minRenew is the shortest time between two renewals.
	minRenew = time.Minute
	// doubtedFor is the shortest life of a subscription that is not trusted.
	doubtedFor = 10 * time.Minute
)

// Records is the part of store.Records that keeps subscriptions.
type Records interface {
	Subscriptions(ctx context.Context) ([]store.Subscription, error)
	Subscription(ctx context.Context, name string) (store.Subscription, error)
	PutSubscription(ctx context.Context, sub store.Subscription) (store.Subscription, error)
	DeleteSubscription(ctx context.Context, name string, revision int64) error
}

// wanted is what a subscription should be for. A zero one means that none is.
type wanted struct {
	any      bool // not known yet: what lives is kept, and nothing is made
	resource string
	members  []string
}

// owner is who gave the people to a keeper, where it is not for everybody. Its methods
// must not block.
type owner interface {
	// covers says of whom a subscription tells from now on; nil means of nobody.
	covers(members []string)
	// proof is the latest evidence that it does not; zero while there is none.
	proof() time.Time
	// tried says how an attempt ended, nil where it was a success.
	tried(err error)
	// taken is somebody whom Graph has taken into a subscription before, whoever it is each
	// time; nil while there is nobody.
	taken() []string
	// leave takes back people with whom Graph creates no subscription.
	leave(members []string)
}

// keeper keeps one subscription alive; the drawing is in the package doc. Its run
// alone touches what follows gone.
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
	owner      owner                                       // nil where it is for everybody
	light      *presence.Light
	log        *slog.Logger

	wake chan struct{}

	mu    sync.Mutex // protects following
	renew bool       // Graph asks for it
	gone  bool       // Graph has removed it

	held    store.Subscription // without an id where none is held
	route   *route
	began   time.Time // when it was adopted or created
	renewAt time.Time
	refused int   // how often in a row a creation failed because of somebody, perhaps
	refusal error // the last time
	failed  bool  // the last attempt
}

// noticed implements listener.
func (k *keeper) noticed(user string, seen *presence.TeamsSeen) { k.notice(user, seen) }

// lifecycle implements listener.
func (k *keeper) lifecycle(event string) {
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
	pause := newPause(keeperPause)
	for {
		err := k.step(ctx)
		wait, wake := time.Duration(0), k.wake
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			wait, wake, k.failed = pause.after(err), nil, true
			if k.held.ID != "" {
				wait = min(wait, time.Until(k.held.Expires)) // then it is made anew
			}
			k.tried(err)
			k.light.Fail(err)
			k.log.Warn("subscription not kept", "name", k.name, "retry_in", wait, "error", err)
		default:
			pause.reset()
			if k.failed {
				k.failed = false
				k.tried(nil)
				k.reread()
			}
			wait = k.report()
		}
		if err := sleep(ctx, wait, wake); err != nil {
			return err
		}
	}
}

// report turns the light to what is the case, and returns how long there is nothing
// to do.
func (k *keeper) report() time.Duration {
	if k.held.ID == "" {
		if k.want().any {
			k.light.Starting("waits for the list of people")
		} else {
			k.light.Off("nobody to watch")
		}
		return forever
	}
	covers := "everybody"
	if n := len(k.held.Members); n > 0 {
		covers = fmt.Sprintf("%d people", n)
	}
	wait := time.Until(k.renewAt)
	if proof := k.proof(); proof.IsZero() {
		k.light.OK(fmt.Sprintf("%s until %s", covers, k.held.Expires.UTC().Format("2 Jan 15:04 MST")))
	} else {
		k.light.Fail(silent{covers})
		if proof.After(k.began) {
			wait = min(wait, time.Until(k.began.Add(doubtedFor)))
		}
	}
	return wait
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
	case !want.any && want.resource == "":
		return k.release(ctx)
	case k.held.ID == "":
		return k.establish(ctx, want)
	case !k.fits(k.held, want):
		return k.establish(ctx, want)
	case k.doubted():
		k.log.Warn("subscription is silent", "id", k.held.ID, "began", k.began)
		return k.establish(ctx, want)
	case !time.Now().Before(k.renewAt):
		return k.extend(ctx, want)
	}
	return nil
}

// doubted reports whether the subscription is to be made anew because it does not
// tell what it should.
func (k *keeper) doubted() bool {
	return k.proof().After(k.began) && time.Since(k.began) >= doubtedFor
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
	held := k.held.ID != ""
	k.held, k.route = store.Subscription{}, nil
	if held {
		k.reread()
		k.covers(nil)
	}
}

func (k *keeper) covers(members []string) {
	if k.owner != nil {
		k.owner.covers(members)
	}
}

func (k *keeper) proof() time.Time {
	if k.owner == nil {
		return time.Time{}
	}
	return k.owner.proof()
}

func (k *keeper) tried(err error) {
	if k.owner != nil {
		k.owner.tried(err)
	}
}

// silent is the error of a subscription that lives and does not tell.
type silent struct{ covers string }

func (s silent) Error() string {
	return "the subscription of " + s.covers + " is alive and silent, about some at least: they are read instead, and it is made anew"
}

// Advice says what an administrator has to look at if it lasts.
func (s silent) Advice() string {
	return "If this lasts for more than an hour, check that Graph still reaches the notification URL from the internet."
}
