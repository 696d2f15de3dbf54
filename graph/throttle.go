package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/pbx365/connector/presence"
)

const (
	// Allowance is the number of requests that Graph takes of an application in a tenant within
	// AllowanceSpan, as the pages of the presence calls say (Graph: throttling limits names a
	// larger one).
	Allowance     = 1500
	AllowanceSpan = 30 * time.Second

	// burstPart of the budget may go out at once, and the rest in even steps.
	burstPart = 5
)

// Throttle is the gate that every request to Graph passes. It keeps them all back while Graph
// throttles one of them, and keeps their number within a budget. Who has to wait is let go in
// the order of what cannot wait: sessions of calls that begin or end, values set by hand,
// reads that a decision depends on, renewals and whatever else keeps things as they are,
// and the reads of a sweep last. What is withdrawn ([presence.Withdrawable]) while it waits
// does not go out.
//
// Graph counts the requests of an application in a tenant, whoever is signed in, so the
// Clients of one app registration should share one. The zero value is ready for use. It is
// safe for concurrent use and must not be copied.
type Throttle struct {
	// Budget is the number of requests within AllowanceSpan that is never exceeded. It must
	// not change once the Throttle is in use. Defaults to 1,200, which leaves a fifth of the
	// Allowance to other programs of the same application.
	Budget int

	mu      sync.Mutex // protects following
	limiter *rate.Limiter
	begun   time.Time // the first request
	held    time.Time // when Graph throttled last
	until   time.Time // when it takes requests again
	queue   queue
}

const defaultRequests = Allowance * 4 / 5

// errHeld is the error of a request that was kept back for as long as its ctx lasted.
var errHeld = errors.New("throttled by Graph, or beyond the budget of requests")

// hold keeps all requests back for d from now, or for longer where they already are. It
// reports whether they were not.
func (t *Throttle) hold(d time.Duration) (began bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if began = !now.Before(t.until); began {
		t.held = now
	}
	if until := now.Add(d); until.After(t.until) {
		t.until = until
	}
	return began
}

// Health returns a light for an operator: whether Graph throttles, and how many requests wait.
func (t *Throttle) Health() presence.Health {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := presence.Health{Name: "requests to Graph", State: presence.StateOK, Since: t.begun}
	if n := len(t.queue.waiters); n > 0 {
		h.Detail = fmt.Sprintf("%d waiting", n)
	}
	if t.until.IsZero() {
		return h
	}
	h.Since, h.LastError, h.LastErrorAt = t.until, "throttled by Graph", t.held
	if time.Now().Before(t.until) {
		h.State, h.Since = presence.StateStarting, t.held
		h.Detail = fmt.Sprintf("throttled until %s, %d waiting", t.until.UTC().Format("15:04:05 MST"), len(t.queue.waiters))
	}
	return h
}

// pass returns when the request may go out, with the error of ctx, or with
// [presence.ErrWithdrawn] where it is not wanted any more and no attempt of it can have been
// carried out. Of those that wait, the first one in the queue watches the clock, and hands that
// on when it goes.
func (t *Throttle) pass(ctx context.Context, e *errand) error {
	w := t.join(e.urgency)
	defer t.leave(w)
	wanted := presence.Wanted(ctx)
	defer context.AfterFunc(wanted, func() { poke(w.wake) })()
	for {
		if wanted.Err() != nil && !e.unsure {
			return presence.ErrWithdrawn
		}
		wait := t.left(w)
		if wait == 0 {
			return ctx.Err()
		}
		if err := sleep(ctx, wait, w.wake); err != nil {
			return fmt.Errorf("%w: %w", errHeld, err)
		}
	}
}

func (t *Throttle) join(u urgency) *waiter {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.queue.join(u)
}

func (t *Throttle) leave(w *waiter) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queue.leave(w)
}

// left is how long w has to wait at least. With zero it may go, and has used up its part of
// the budget.
func (t *Throttle) left(w *waiter) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := time.Now()
	if t.limiter == nil {
		t.begun = now
		budget := cmp.Or(t.Budget, defaultRequests)
		burst := max(1, budget/burstPart)
		t.limiter = rate.NewLimiter(rate.Limit(float64(max(1, budget-burst))/AllowanceSpan.Seconds()), burst)
	}
	switch {
	case !t.queue.first(w):
		return forever
	case now.Before(t.until):
		return t.until.Sub(now)
	}
	r := t.limiter.ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now)
	}
	return wait
}
