package graph

import (
	"slices"

	"github.com/pbx365/connector/presence"
)

// listener takes what the notifications of one subscription say. Its methods
// must not block.
type listener interface {
	// noticed says what the person shows now, or, where seen is nil, that
	// something has changed.
	noticed(user string, seen *presence.TeamsSeen)
	// lifecycle says what happened to the subscription.
	lifecycle(event string)
	// moved says that a new subscription would now be made with another address,
	// key or secret.
	moved()
}

// route is the way from a subscription to its listener.
type route struct {
	id    string // empty until Graph has answered; guarded by the mutex of the Webhook
	state string
	to    listener
}

// expect takes in notifications with that client state. It is called before the
// subscription is created, since they may come before its id does.
func (w *Webhook) expect(state string, to listener) *route {
	r := &route{state: state, to: to}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.routes = append(w.routes, r)
	return r
}

// bind narrows a route to one subscription.
func (w *Webhook) bind(r *route, id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r.id = id
}

// forget drops a route; nil is none.
func (w *Webhook) forget(r *route) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.routes = slices.DeleteFunc(w.routes, func(other *route) bool { return other == r })
}

// find returns the listener of a notification. It is nil where the client state
// is wrong, and known is false where nobody keeps the subscription.
func (w *Webhook) find(n Notification) (to listener, known bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range w.routes {
		switch {
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

// everybody tells all listeners of a lifecycle event.
func (w *Webhook) everybody(event string) {
	w.mu.Lock()
	routes := slices.Clone(w.routes)
	w.mu.Unlock()
	for _, r := range routes {
		r.to.lifecycle(event)
	}
}
