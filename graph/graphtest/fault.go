package graphtest

import (
	"context"
	"net/http"
	"slices"
	"time"
)

// Fault is something that goes wrong: an [Answer], a [Delivery], a [Grant], or several [Faults].
//
// Where a fault happens to a share only, which ones it happens to depends on [Options.Seed] and
// on how many of the same kind there were before, not on how the kinds interleave: of the
// requests of a route always the same ones, of the notifications about a person as well.
type Fault interface {
	install(s *Server) (lift func()) // both with mu held
}

// Fault has f go wrong until it has happened as often as its Count or lift is called.
// Of several that fit, the oldest one happens.
func (s *Server) Fault(f Fault) (lift func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ends := f.install(s)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		ends()
	}
}

// Answer is a fault of a request.
type Answer struct {
	// Route is the request it happens to. Defaults to every request, to Graph and the authority.
	Route Route
	// User is the object id of a person whom the request must name in its path or its body, as
	// bulk reads and presence subscriptions do. Defaults to every request.
	User string
	// Share is the part of the requests that it happens to, between 0 and 1. Zero: all.
	Share float64
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
	// RetryAfter is sent with the answer where it is not zero: in whole seconds, or with
	// RetryDate as the date when it is over.
	RetryAfter time.Duration
	RetryDate  bool
}

// TaskCanceled is the failure that renewals (RouteRenew) of presence subscriptions are known
// for, and creations (RouteSubscribe) may have as well: one error 500 after a long pause.
func TaskCanceled(route Route, pause time.Duration) Answer {
	operation := "Update"
	if route == RouteSubscribe {
		operation = "Create"
	}
	return Answer{
		Route: route, Count: 1, Delay: pause, Status: http.StatusInternalServerError,
		Code: "ExtensionError", Message: "Operation: " + operation + "; Exception: [A task was canceled.]",
	}
}

type answerFault struct {
	Answer
	odds
}

func (a Answer) install(s *Server) func() {
	f := &answerFault{a, s.odds(a.Share, a.Count)}
	s.answers = append(s.answers, f)
	return func() {
		s.answers = slices.DeleteFunc(s.answers, func(o *answerFault) bool { return o == f })
	}
}

// takeAnswer returns the fault that happens to a request, if any; about says whether the request
// is about a person. Called with mu held.
func (s *Server) takeAnswer(route Route, about func(user string) bool) Answer {
	for i, f := range s.answers {
		if f.Route != "" && f.Route != route || f.User != "" && !about(f.User) || !f.strikes(string(route)) {
			continue
		}
		if f.spent() {
			s.answers = slices.Delete(s.answers, i, i+1)
		}
		return f.Answer
	}
	return Answer{}
}

// arrive counts a request and returns the fault that happens to it.
func (s *Server) arrive(route Route, about func(user string) bool) Answer {
	now := s.begin()
	defer s.mu.Unlock()
	n := s.tally[route]
	n.Asked++
	s.tally[route] = n
	s.announce()
	fault := s.takeAnswer(route, about)
	if route.ofPresence() {
		s.pace(now)
		if left := s.spend(now); left > 0 && !fault.happens() {
			return Answer{Delay: fault.Delay, Status: http.StatusTooManyRequests, RetryAfter: left}
		}
	}
	return fault
}

// delay lets the fault's pause pass, or less where the client leaves.
func (a Answer) delay(ctx context.Context) { sleep(ctx, a.Delay, nil) }

// happens reports whether the fault takes the place of the request's own answer.
func (a Answer) happens() bool { return a.Cut || a.Status != 0 }

// allowanceSpan is what Graph counts presence requests over.
const allowanceSpan = 30 * time.Second

// spend takes one request from the allowance. Where nothing is left it returns how long it
// takes until the next one begins. Called with mu held.
func (s *Server) spend(now time.Time) time.Duration {
	if s.o.Allowance == 0 {
		return 0
	}
	if begun := now.Truncate(allowanceSpan); !begun.Equal(s.allowed) {
		s.allowed, s.asked = begun, 0
	}
	if s.asked++; s.asked <= s.o.Allowance {
		return 0
	}
	return s.allowed.Add(allowanceSpan).Sub(now)
}

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
