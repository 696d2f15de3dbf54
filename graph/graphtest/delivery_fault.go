package graphtest

import (
	"maps"
	"slices"
	"time"
)

// Delivery is a fault of notifications. Its fields may be combined.
type Delivery struct {
	// Subscription is the id of the one it happens to. Defaults to all.
	Subscription string
	// User is the object id of the person whom they are about. Defaults to everybody.
	User string
	// Share is the part of the notifications that it happens to, between 0 and 1. Zero: all.
	Share float64
	// Count is how many notifications it happens to. Zero: until it is lifted.
	Count int
	// Drop loses them. With Count and Share zero this is a subscription that has silently stopped.
	Drop bool
	// Silence loses them and all that follow, lifecycle events included. The subscription stays
	// as it is, can be renewed, and never says anything again.
	Silence bool
	// Hold keeps them, and those after them, until the fault is lifted.
	Hold bool
	// Delay passes before each POST, and holds up those after it.
	Delay time.Duration
	// Late has them queued that much later, behind what has come meanwhile.
	Late time.Duration
	// Duplicate delivers them twice.
	Duplicate bool
	// Reorder delivers them after the next notification of their subscription.
	Reorder bool
	// Stale has rich notifications show this instead of the truth.
	Stale *Pair
	// WrongState sends another client state.
	WrongState bool
	// WrongSignature spoils the signature of the encrypted content.
	WrongSignature bool
	// Malformed sends something in their place that is no notification.
	Malformed bool
	// ForeignKey signs the validation tokens with a key that is not published.
	ForeignKey bool
	// Claims replace those of the validation tokens.
	Claims map[string]any
}

type deliveryFault struct {
	Delivery
	odds
	lifted bool
}

func (d Delivery) install(s *Server) func() {
	d.Claims = maps.Clone(d.Claims)
	f := &deliveryFault{Delivery: d, odds: s.odds(d.Share, d.Count)}
	s.deliveries = append(s.deliveries, f)
	return func() {
		f.lifted = true
		s.deliveries = slices.DeleteFunc(s.deliveries, func(o *deliveryFault) bool { return o == f })
		for _, sub := range s.subscriptions {
			s.kick(sub.box)
		}
	}
}

// takeDelivery returns the fault that happens to a notification, never nil. Called with mu held.
func (s *Server) takeDelivery(subscription string, it item) *deliveryFault {
	for i, f := range s.deliveries {
		if f.Subscription != "" && f.Subscription != subscription ||
			f.User != "" && normal(f.User) != normal(it.user) || !f.strikes(it.lifecycle+it.user) {
			continue
		}
		if f.spent() {
			s.deliveries = slices.Delete(s.deliveries, i, i+1)
		}
		return f
	}
	return s.sound
}

// whole returns the fault where it is one of the POST, and nil where it is one of a single
// notification in it.
func (f *deliveryFault) whole() *deliveryFault {
	if f.Hold || f.Delay > 0 || f.ForeignKey || f.Claims != nil {
		return f
	}
	return nil
}
