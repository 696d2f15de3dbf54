package main

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/pbx/pbxtest"
)

// ambush lies in wait for a write that has to be taken back one day, and kills the connector
// that asks for it: the write is carried out, and nobody learns of it. Whoever has not stored
// before that what is to be written does not know of it any more.
type ambush struct {
	// worth says of which writes.
	worth func(written) bool

	mu     sync.Mutex // protects following
	place  slot       // "" while nobody lies in wait
	victim *process
	struck chan written
}

// lay kills the connector at its next write to a place, and returns that, unless none comes in
// time.
func (a *ambush) lay(ctx context.Context, victim *process, place slot, patience time.Duration) (w written, ok bool) {
	struck := make(chan written, 1)
	a.set(place, victim, struck)
	defer a.set("", nil, nil)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case w = <-struck:
		return w, true
	case <-ctx.Done():
		return written{}, false
	}
}

func (a *ambush) set(place slot, victim *process, struck chan written) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.place, a.victim, a.struck = place, victim, struck
}

func (a *ambush) teams(w graphtest.Write) { a.arrived(writtenIn([]graphtest.Write{w}, nil)) }

func (a *ambush) phones(w pbxtest.Write) { a.arrived(writtenIn(nil, []pbxtest.Write{w})) }

// arrived strikes where a write is what is waited for. Nothing of it has been done yet.
func (a *ambush) arrived(writes []written) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, w := range writes {
		if w.slot == a.place && w.value != "" && a.worth(w) {
			w.at = time.Now()
			a.place = ""
			a.victim.kill()
			a.struck <- w
		}
	}
}

// surprise kills the connector at a write to a place, if one comes before ctx ends. As soon as that is done, its person takes
// back what has brought it about, which the next connector has to find out.
func (c *chaos) surprise(ctx context.Context, place slot) error {
	w, struck := c.ambush.lay(ctx, c.now, place, 2*c.between)
	if !struck {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second) // it goes with its connection, if that ends just now
	defer cancel()
	for !c.crowd.done(w) {
		if !wait(ctx, time.Millisecond) {
			return nil
		}
	}
	c.hits++
	return c.crowd.regret(w)
}

// done reports that a write has been carried out since it arrived, or has come to nothing.
func (c *crowd) done(w written) bool {
	return slices.ContainsFunc(writtenIn(c.tenant.Writes(), c.system.Writes()), func(o written) bool {
		return o.who == w.who && o.slot == w.slot && !o.at.Before(w.at)
	})
}

// regrettable reports that what somebody did last has brought about a write.
func (c *crowd) regrettable(w written) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _, ok := c.opposite(w)
	return ok
}

// regret has a person take back what has brought about a write, if they have not done anything
// else meanwhile.
func (c *crowd) regret(w written) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, a, ok := c.opposite(w); ok {
		return c.act(p, a)
	}
	return nil
}

// opposite takes back what has brought about a write. The caller holds c.mu.
func (c *crowd) opposite(w written) (p *character, a act, ok bool) {
	i := slices.IndexFunc(c.people, func(p *character) bool { return p.id == w.who || p.guid == w.who })
	if i < 0 {
		return nil, act{}, false
	}
	p = c.people[i]
	a, ok = p.last().act.opposite(w.slot)
	return p, a, ok
}

// opposite takes back an act that has something written to a place.
func (a act) opposite(of slot) (act, bool) {
	switch {
	case of == slotSession && a.kind == rings:
		return act{kind: hangsUp}, true
	case of == slotPreferred && a.kind == sets:
		return act{kind: sets}, true
	case (of == slotActivity || of == slotAlien) && a.kind == shows:
		return act{kind: shows, pair: graphtest.Pair{Availability: "Available", Activity: "Available"}}, true
	case of == slotActivity && a.kind == chooses:
		return act{kind: resets}, true
	}
	return act{}, false
}
