package graph

import (
	"slices"
	"time"

	"github.com/pbx365/connector/presence"
)

// linger is how long notifications of a subscription are accepted that has been
// replaced: they may have been on their way.
const linger = time.Minute

// listener takes what the notifications of one subscription say. Its methods may be
// called from several goroutines at a time, for one person from one, and must not
// block.
type listener interface {
	// noticed says what the person shows now, or, where seen is nil, that
	// something has changed.
	noticed(user string, seen *presence.TeamsSeen)
	// lifecycle says what happened to the subscription: one of the lifecycle events.
	lifecycle(event string)
	// moved says that a new subscription would now be made with another address,
	// key or secret.
	moved()
}

// route is the way from a subscription to its listener. The mutex of the Webhook
// protects it.
type route struct {
	id    string // empty until Graph has answered
	state string
	to    listener
	until time.Time // it lingers; zero while it is in use
}

// expect takes in notifications with that client state. It is called before the
// subscription is created, since they may come before its id does.
func (w *Webhook) expect(state string, to listener) *route {
	r := &route{state: state, to: to}
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	w.routes = slices.DeleteFunc(w.routes, func(r *route) bool { return r.ended(now) })
	w.routes = append(w.routes, r)
	return r
}

// bind narrows a route to one subscription.
func (w *Webhook) bind(r *route, id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r.id = id
}

// forget lets a route linger, and drops at once one of a subscription that never
// was; nil is none.
func (w *Webhook) forget(r *route) {
	if r == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	r.until = time.Now()
	if r.id != "" {
		r.until = r.until.Add(linger)
	}
}

// leave drops all routes of a listener at once.
func (w *Webhook) leave(to listener) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.routes = slices.DeleteFunc(w.routes, func(r *route) bool { return r.to == to })
}

func (r *route) ended(now time.Time) bool { return !r.until.IsZero() && !now.Before(r.until) }

// find returns the listener of a notification. It is nil where the client state
// is wrong, and known is false where nobody keeps the subscription. What happened
// to a subscription that was replaced is of no interest any more.
func (w *Webhook) find(n Notification) (to listener, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now()
	for _, r := range w.routes {
		switch {
		case r.ended(now), !r.until.IsZero() && n.Lifecycle != "":
		case r.id == n.Subscription && n.Proves(r.state):
			return r.to, true
		case r.id == n.Subscription:
			return nil, true
		case r.id == "" && n.Proves(r.state):
			return r.to, true
		}
	}
	return nil, false
}
