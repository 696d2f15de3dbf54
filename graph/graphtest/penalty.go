package graphtest

import (
	"net/url"
	"slices"
	"time"
)

// The penalties of slow endpoints (change-notifications-delivery-webhooks).
const (
	penaltyWindow = 10 * time.Minute // in which answers are judged
	penaltyTime   = 10 * time.Minute // by which notifications are delayed
	slowAnswer    = 3 * time.Second
	slowShare     = 0.10
	deadAnswer    = 10 * time.Second
	deadShare     = 0.15
)

// answerTime is how long an endpoint took for one POST.
type answerTime struct {
	at   time.Time
	took time.Duration
}

// host names the endpoint that a notification URL belongs to.
func host(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Host
}

// judge remembers how long an endpoint took. Called with mu held.
func (s *Server) judge(address string, took time.Duration, now time.Time) {
	if !s.o.Penalties {
		return
	}
	endpoint := host(address)
	times := append(s.answerTimes[endpoint], answerTime{now, took})
	s.answerTimes[endpoint] = slices.DeleteFunc(times, func(a answerTime) bool { return now.Sub(a.at) > penaltyWindow })
}

// penalty says what becomes of a new notification for an endpoint: it is dropped, or comes
// later by that much. Called with mu held.
func (s *Server) penalty(address string, now time.Time) (dropped bool, later time.Duration) {
	var all, slow, dead float64
	for _, a := range s.answerTimes[host(address)] {
		if now.Sub(a.at) > penaltyWindow {
			continue
		}
		all++
		if a.took > slowAnswer {
			slow++
		}
		if a.took >= deadAnswer {
			dead++
		}
	}
	switch {
	case dead > deadShare*all:
		return true, 0
	case slow > slowShare*all:
		return false, penaltyTime
	}
	return false, 0
}
