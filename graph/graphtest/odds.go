package graphtest

import (
	"hash/fnv"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// odds decide how often a fault happens, guarded by the server's lock.
type odds struct {
	share float64
	left  int // negative: any number
	seed  string
	seen  map[string]uint64 // by key
}

// odds are those of a new fault. Called with mu held.
func (s *Server) odds(share float64, count int) odds {
	s.faults++
	if count == 0 {
		count = -1
	}
	return odds{
		share: share, left: count, seen: make(map[string]uint64),
		seed: strconv.FormatUint(s.o.Seed, 36) + "/" + strconv.Itoa(s.faults) + "/",
	}
}

// strikes reports whether the fault happens to the next one with that key.
func (o *odds) strikes(key string) bool {
	if o.share == 0 || o.share >= 1 {
		return true
	}
	o.seen[key]++
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(o.seed + key))
	return rand.New(rand.NewPCG(sum.Sum64(), o.seen[key])).Float64() < o.share
}

// spent takes one off the count and reports whether it was the last.
func (o *odds) spent() bool {
	o.left--
	return o.left == 0
}

// Faults are several that begin and are lifted together. Each has its own odds, and the first one
// that fits happens.
type Faults []Fault

func (f Faults) install(s *Server) func() {
	lifts := make([]func(), len(f))
	for i, one := range f {
		lifts[i] = one.install(s)
	}
	return func() {
		for _, lift := range lifts {
			lift()
		}
	}
}

// Weather is what a day with Graph is like, only more of it. Each of the following happens to
// that share of all requests (to the authority as well) or notifications: throttling with
// Retry-After in seconds and as a date, 500 and 503, connections cut before and after the work
// was done; notifications lost, doubled, overtaken by the next one, late, and a subscription that
// silently stops.
func Weather(share float64) Faults {
	return Faults{
		Answer{Share: share / 2, Status: http.StatusTooManyRequests, RetryAfter: 2 * time.Second},
		Answer{Share: share / 2, Status: http.StatusTooManyRequests, RetryAfter: 3 * time.Second, RetryDate: true},
		Answer{Share: share / 2, Status: http.StatusInternalServerError},
		Answer{Share: share / 2, Status: http.StatusServiceUnavailable},
		Answer{Share: share / 2, Cut: true},
		Answer{Share: share / 2, Cut: true, After: true},
		Delivery{Share: share, Drop: true},
		Delivery{Share: share, Duplicate: true},
		Delivery{Share: share, Reorder: true},
		Delivery{Share: share, Late: 20 * time.Second},
		Delivery{Share: share, Silence: true},
	}
}
