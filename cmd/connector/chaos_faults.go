package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pbx365/connector/pbx/pbxtest"
)

// line is the edge between the PBXs and the connector, on which requests go wrong. A
// refusal is not among that: it is an answer, and not asked for twice.
type line struct {
	// writes and reads are the shares that go wrong. A copy of all users takes some reads
	// for each of them and begins anew where one goes wrong, so that a share fit for
	// writes would let none ever succeed.
	writes, reads float64
	fair          atomic.Bool // nothing goes wrong any more
	// dropped is told of which PBX the connection is cut.
	dropped func(pbx string)

	mu  sync.Mutex // protects following
	rng *rand.Rand
}

// newLine has so many writes go wrong, and with one in a hundred of them every fourth copy.
func newLine(share float64, people int, seed uint64) *line {
	return &line{
		writes: share, reads: share * 10 / float64(people),
		dropped: func(string) {}, rng: rand.New(rand.NewPCG(seed, 2)),
	}
}

// fault is what happens to a request.
func (l *line) fault(pbx, _, request string) pbxtest.Fault {
	share := l.reads
	switch request {
	case "SetPresence", "AddAlienCall", "DelAlienCall":
		share = l.writes
	}
	l.mu.Lock()
	strikes, which := l.rng.Float64() < share, l.rng.IntN(5)
	l.mu.Unlock()
	if !strikes || l.fair.Load() {
		return pbxtest.FaultNone
	}
	f := []pbxtest.Fault{pbxtest.FaultIgnore, pbxtest.FaultDrop, pbxtest.FaultDropAfter, pbxtest.FaultLate, pbxtest.FaultZeroError}[which]
	if f == pbxtest.FaultDrop || f == pbxtest.FaultDropAfter {
		l.dropped(pbx)
	}
	return f
}

// shake breaks the connections of the PBXs, in every way there is, until ctx ends.
func (s *stage) shake(ctx context.Context, seed uint64, every time.Duration, dropped func(pbx string)) {
	rng := rand.New(rand.NewPCG(seed, 3))
	for wait(ctx, within(rng, 0, 2*every)) {
		pbx := oneOf(rng, s.master, s.slave)
		dropped(pbx.Name())
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
