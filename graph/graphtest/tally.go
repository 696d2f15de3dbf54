package graphtest

import (
	"maps"
	"net/http"
	"slices"
	"time"
)

// Count says how often a route was asked for, and what came of it.
type Count struct {
	Asked     int // those without an answer yet included
	Done      int // 2xx
	Refused   int // 4xx but 429
	Throttled int // 429
	Failed    int // 5xx
	Cut       int // no answer
}

// Tally counts the requests of each route, those inside a batch included. Routes that
// nobody has asked for are left out, so that it can be compared as a whole:
//
//	before := s.Tally()
//	…
//	require.Equal(t, graphtest.Tally{
//		graphtest.RoutePresences: {Asked: 16, Done: 16},
//	}, s.Tally().Since(before))
type Tally map[Route]Count

// Tally returns the counts since the server was made.
func (s *Server) Tally() Tally {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.tally)
}

// Calls returns how often each route was asked for.
func (s *Server) Calls() map[Route]int {
	calls := make(map[Route]int)
	for route, n := range s.Tally() {
		calls[route] = n.Asked
	}
	return calls
}

// Since returns what was counted after before.
func (t Tally) Since(before Tally) Tally {
	since := make(Tally)
	for route, n := range t {
		b := before[route]
		n = Count{n.Asked - b.Asked, n.Done - b.Done, n.Refused - b.Refused, n.Throttled - b.Throttled, n.Failed - b.Failed, n.Cut - b.Cut}
		if n != (Count{}) {
			since[route] = n
		}
	}
	return since
}

// Sum adds up the given routes; without any, all those of Graph.
func (t Tally) Sum(routes ...Route) Count {
	var sum Count
	for route, n := range t {
		if len(routes) == 0 && !route.ofGraph() || len(routes) > 0 && !slices.Contains(routes, route) {
			continue
		}
		sum.Asked += n.Asked
		sum.Done += n.Done
		sum.Refused += n.Refused
		sum.Throttled += n.Throttled
		sum.Failed += n.Failed
		sum.Cut += n.Cut
	}
	return sum
}

func (r Route) ofGraph() bool {
	switch r {
	case RouteOpenID, RouteInstance, RouteRealm, RouteKeys, RouteDeviceCode, RouteToken:
		return false
	}
	return true
}

// ofPresence reports whether requests count against the limit of the presence API.
func (r Route) ofPresence() bool {
	switch r {
	case RoutePresence, RoutePresences, RouteSetPresence, RouteClearPresence, RouteSetPreferred, RouteClearPreferred, RouteSetStatus:
		return true
	}
	return false
}

// answered enters what came of a request; status zero is no answer.
func (s *Server) answered(route Route, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.tally[route]
	switch {
	case status == 0:
		n.Cut++
	case status == http.StatusTooManyRequests:
		n.Throttled++
	case status < http.StatusMultipleChoices:
		n.Done++
	case status < http.StatusInternalServerError:
		n.Refused++
	default:
		n.Failed++
	}
	s.tally[route] = n
	s.announce()
}

// second is how many presence requests came within one.
type second struct {
	unix int64
	n    int
}

// pace enters a request of the presence API. Called with mu held.
func (s *Server) pace(now time.Time) {
	unix := now.Unix()
	if last := len(s.paces) - 1; last >= 0 && s.paces[last].unix == unix {
		s.paces[last].n++
		return
	}
	s.paces = append(s.paces, second{unix, 1})
}

// Busiest returns the largest number of presence requests, throttled ones included, that
// came within any stretch of that length, to the second. It is what Graph's limit is about.
func (s *Server) Busiest(stretch time.Duration) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	most, sum, from := 0, 0, 0
	for _, p := range s.paces {
		for sum += p.n; s.paces[from].unix <= p.unix-int64(stretch/time.Second); from++ {
			sum -= s.paces[from].n
		}
		most = max(most, sum)
	}
	return most
}

// statusWriter remembers the status that is written through it.
type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(p)
}
