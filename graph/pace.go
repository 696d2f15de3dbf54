package graph

import (
	"strings"
	"time"
)

const (
	// defaultBudget is a third of what Graph allows.
	defaultBudget = Allowance / 3

	// A call more for each round makes rounds this much longer, from minEvery up to
	// easyEvery. Only where even that is beyond the budget do they become longer still.
	perCall   = 600 * time.Millisecond
	minEvery  = time.Second
	easyEvery = 10 * time.Second

	// liveliness is how much more often those are read who are active.
	liveliness = 5
	// activeFor is how long somebody is active after a change.
	activeFor = 3 * time.Minute
)

// pace is how often a person is read.
type pace int

const (
	paceActive pace = iota // just changed, or in a call
	paceIdle
	paceTold // a subscription tells of it
	paces
)

// intervals are the times between two reads, by pace.
type intervals [paces]time.Duration

// plan spreads the reads of that many people, by pace, so that they keep within the
// budget of calls in AllowanceSpan. Half of it is for everybody, half for those who are
// active. every replaces the interval of the idle where it is not zero, and told is
// that of those of whom a subscription tells.
func plan(people [paces]int, budget int, every, told time.Duration) intervals {
	half := max(1, budget/2)
	least := func(people int) time.Duration {
		return time.Duration(batches(people)) * AllowanceSpan / time.Duration(half)
	}
	var i intervals
	idle := people[paceIdle] + people[paceActive]
	if every == 0 {
		every = min(max(time.Duration(batches(idle))*perCall, minEvery), easyEvery)
	}
	i[paceIdle] = max(every, least(idle))
	i[paceActive] = min(max(i[paceIdle]/liveliness, minEvery, least(people[paceActive])), i[paceIdle])
	i[paceTold] = max(told, i[paceIdle], least(idle+people[paceTold]))
	return i
}

func batches(people int) int { return (people + bulkLimit - 1) / bulkLimit }

// pace returns how often a person is read. b.mu is held.
func (b *board) pace(w *watched, now time.Time) pace {
	switch {
	case b.covered(w):
		return paceTold
	case inCall(w.last.Value.Activity) || now.Sub(w.changed) < activeFor:
		return paceActive
	}
	return paceIdle
}

// inCall reports activities that seldom last.
func inCall(activity string) bool {
	return strings.EqualFold(activity, "InACall") || strings.EqualFold(activity, "InAConferenceCall") ||
		strings.EqualFold(activity, "Presenting")
}

// file puts a person where it belongs by its pace. Whoever may have got another one is
// filed; who was active and is no more, when it is read the next time. b.mu is held.
func (b *board) file(w *watched) {
	delete(b.paces[w.pace], w)
	w.pace = b.pace(w, time.Now())
	b.paces[w.pace][w] = true
}

// census counts the people by pace.
func (b *board) census() (n [paces]int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for p := range n {
		n[p] = len(b.paces[p])
	}
	return n
}

// ask makes everybody due who is read at that pace or more often, except those who are
// being read and those who could not be read. Who is told of and due soon is left to that.
func (b *board) ask(most pace) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for p := range most + 1 {
		for w := range b.paces[p] {
			if w.lot == lotUsual && !w.reading && (p != paceTold || w.due.IsZero()) {
				b.plan(w, now)
			}
		}
	}
}
