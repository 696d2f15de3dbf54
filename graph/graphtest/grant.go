package graphtest

import (
	"slices"
	"time"
)

// Grant is a fault of the expiry that a subscription gets: the answer is a success and names
// another time than the one asked for.
type Grant struct {
	// Route is RouteSubscribe or RouteRenew. Defaults to both.
	Route Route
	// Share is the part of the grants that it happens to, between 0 and 1. Zero: all.
	Share float64
	// Count is how often it happens. Zero: until it is lifted.
	Count int
	// Lifetime is the most that is granted. Zero: what was asked for.
	Lifetime time.Duration
	// Stay has a renewal leave the expiry where it was.
	Stay bool
}

type grantFault struct {
	Grant
	odds
}

func (g Grant) install(s *Server) func() {
	f := &grantFault{g, s.odds(g.Share, g.Count)}
	s.grants = append(s.grants, f)
	return func() {
		s.grants = slices.DeleteFunc(s.grants, func(o *grantFault) bool { return o == f })
	}
}

// cut shortens what sub was granted by a request, where a fault wants it; before is the expiry
// until then. Called with mu held.
func (s *Server) cut(sub *subscription, route Route, before, now time.Time) {
	for i, f := range s.grants {
		if f.Route != "" && f.Route != route || !f.strikes(string(route)) {
			continue
		}
		if f.spent() {
			s.grants = slices.Delete(s.grants, i, i+1)
		}
		if f.Lifetime > 0 && sub.expires.After(now.Add(f.Lifetime)) {
			sub.expires = now.Add(f.Lifetime).UTC()
		}
		if f.Stay && !before.IsZero() {
			sub.expires = before
		}
		return
	}
}
