package graphtest

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"
)

// Fault is something that goes wrong: an [Answer] or a [Delivery].
type Fault interface {
	install(s *Server) (lift func())
}

// Fault has f go wrong until it has happened as often as its Count or lift is called.
// Of several that fit, the oldest one happens.
func (s *Server) Fault(f Fault) (lift func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f.install(s)
}

// Answer is a fault of a request.
type Answer struct {
	// Route is the request it happens to. Defaults to every request, to Graph and the authority.
	Route Route
	// Count is how often it happens. Zero: until it is lifted.
	Count int
	// Delay passes before the request is looked at.
	Delay time.Duration
	// After has the request carried out before it goes wrong: the client learns of a
	// failure, and the work is done.
	After bool
	// Cut ends the connection without an answer.
	Cut bool
	// Status is the answer. Zero: none but the delay goes wrong.
	Status int
	// Code and Message are those of the error. Default to the usual ones of the status.
	Code, Message string
	// RetryAfter is sent with the answer, in whole seconds, where it is not zero.
	RetryAfter time.Duration
}

// TaskCanceled is the failure that renewals of presence subscriptions are known for: an
// error 500 after a long pause.
func TaskCanceled(pause time.Duration) Answer {
	return Answer{
		Route: RouteRenew, Count: 1, Delay: pause, Status: http.StatusInternalServerError,
		Code: "ExtensionError", Message: "Operation: Update; Exception: [A task was canceled.]",
	}
}

// Delivery is a fault of notifications. Its fields may be combined.
type Delivery struct {
	// Subscription is the id of the one it happens to. Defaults to all.
	Subscription string
	// Count is how many notifications it happens to. Zero: until it is lifted.
	Count int
	// Drop loses them. With Count zero this is a subscription that has silently stopped.
	Drop bool
	// Hold keeps them, and those after them, until the fault is lifted.
	Hold bool
	// Delay passes before each POST.
	Delay time.Duration
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
	// ForeignKey signs the validation tokens with a key that is not published.
	ForeignKey bool
	// Claims replace those of the validation tokens.
	Claims map[string]any
}

type answerFault struct {
	Answer
	left int // negative: any number
}

func (a Answer) install(s *Server) func() {
	f := &answerFault{Answer: a, left: times(a.Count)}
	s.answers = append(s.answers, f)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.answers = slices.DeleteFunc(s.answers, func(o *answerFault) bool { return o == f })
	}
}

// takeAnswer returns the fault that happens to a request, if any. Called with mu held.
func (s *Server) takeAnswer(route Route) Answer {
	for i, f := range s.answers {
		if f.Route != "" && f.Route != route {
			continue
		}
		if f.left--; f.left == 0 {
			s.answers = slices.Delete(s.answers, i, i+1)
		}
		return f.Answer
	}
	return Answer{}
}

type deliveryFault struct {
	Delivery
	left   int
	lifted bool
}

func (d Delivery) install(s *Server) func() {
	d.Claims = maps.Clone(d.Claims)
	f := &deliveryFault{Delivery: d, left: times(d.Count)}
	s.deliveries = append(s.deliveries, f)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		f.lifted = true
		s.deliveries = slices.DeleteFunc(s.deliveries, func(o *deliveryFault) bool { return o == f })
		for _, sub := range s.subscriptions {
			s.kick(sub.box)
		}
	}
}

// takeDelivery returns the fault that happens to a notification, never nil. Called with mu held.
func (s *Server) takeDelivery(subscription string) *deliveryFault {
	for i, f := range s.deliveries {
		if f.Subscription != "" && f.Subscription != subscription {
			continue
		}
		if f.left--; f.left == 0 {
			s.deliveries = slices.Delete(s.deliveries, i, i+1)
		}
		return f
	}
	return s.sound
}

func times(count int) int {
	if count == 0 {
		return -1
	}
	return count
}

// arrive counts a request and returns the fault that happens to it.
func (s *Server) arrive(route Route) Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[route]++
	s.announce()
	return s.takeAnswer(route)
}

// delay lets the fault's pause pass, or less where the client leaves.
func (a Answer) delay(ctx context.Context) { sleep(ctx, a.Delay, nil) }

// happens reports whether the fault takes the place of the request's own answer.
func (a Answer) happens() bool { return a.Cut || a.Status != 0 }

// sleep reports whether d has passed, rather than ctx or stop ended it.
func sleep(ctx context.Context, d time.Duration, stop <-chan struct{}) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
	case <-stop:
	}
	return false
}
