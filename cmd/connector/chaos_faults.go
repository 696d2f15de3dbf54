package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pbx365/connector/pbx/pbxtest"
)

// line is the edge between the PBXs and the connector, on which requests go wrong.
type line struct {
	share float64
	// rare is the part of the faults that reach what is asked for everybody whenever a PBX
	// connects: where one of these breaks the whole, none would ever succeed.
	rare float64
	fair atomic.Bool // nothing goes wrong any more

	mu  sync.Mutex // protects following
	rng *rand.Rand
}

// newLine has a share of the requests go wrong, and with one in a hundred every tenth copy of all
// users.
func newLine(share float64, people int, seed uint64) *line {
	return &line{share: share, rare: 10 / float64(people), rng: rand.New(rand.NewPCG(seed, 2))}
}

// fault is what happens to a request.
func (l *line) fault(request string) pbxtest.Fault {
	l.mu.Lock()
	strikes, rarely := l.rng.Float64() < l.share, l.rng.Float64() < l.rare
	f := oneOf(l.rng, pbxtest.FaultRefuse, pbxtest.FaultRefuseString, pbxtest.FaultIgnore, pbxtest.FaultDrop,
		pbxtest.FaultDropAfter, pbxtest.FaultLate, pbxtest.FaultSlow, pbxtest.FaultZeroError)
	l.mu.Unlock()
	cut := f == pbxtest.FaultDrop || f == pbxtest.FaultDropAfter
	switch request {
	case "ReplicateNext", "CheckAppLic":
		strikes = strikes && rarely
	case "SubscribePresence", "UnsubscribePresence":
		strikes = strikes && (rarely || !cut)
	}
	if !strikes || l.fair.Load() {
		return pbxtest.FaultNone
	}
	return f
}

// shake breaks the connections of the PBXs, in every way there is, until ctx ends.
func (s *stage) shake(ctx context.Context, seed uint64, every time.Duration) {
	rng := rand.New(rand.NewPCG(seed, 3))
	for wait(ctx, within(rng, 0, 2*every)) {
		pbx := oneOf(rng, s.master, s.slave)
		switch rng.IntN(3) {
		case 0:
			pbx.Drop()
		case 1:
			pbx.Vanish()
		case 2:
			pbx.Duplicate()
		}
	}
}

// wait reports whether the time has passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
