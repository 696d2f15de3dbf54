package main

import (
	"slices"
	"time"

	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/pbx/pbxtest"
)

// causes are what may bring about writes for one person.
type causes struct {
	inputs []reason
	late   []reason
	kills  []time.Time
	starts []start
	lost   []pbxtest.Loss
	chosen []time.Time // when something by hand took the place of what was preferred
	ended  time.Time
}

// reason is good for one write in each place.
type reason struct {
	at time.Time
	// of says which writes it may bring about, and then which ones those take after them.
	of, then func(written) bool
}

const (
	// heeded is how long a reason may take a connector at work to be written: it has to be
	// noticed, and who is throttled has to wait.
	heeded = 20 * time.Second
	// learnt is how long it takes at most to learn of an answer, and to store that.
	learnt = 5 * time.Second
	// underway is how long a request may be on its way after its sender has died.
	underway = 500 * time.Millisecond
	// renewed is the least time after which a session is written again.
	renewed = 2 * time.Minute
)

// reasons are those that lie in what somebody did. A move ends an alien call and begins another
// one.
func (in input) reasons() []reason {
	one := reason{at: in.at, of: func(w written) bool { return in.act.kind.brings(w.slot) }}
	if in.act.kind == moves {
		return []reason{one, one}
	}
	return []reason{one}
}

// echo is a notification that tells of the past: what it says is written back, or takes away what
// stands in its place, until a look corrects that.
func echo(l graphtest.Late) reason {
	return reason{
		at: l.Time,
		of: func(w written) bool {
			switch w.slot {
			case slotActivity:
				return w.value == wordOf(l.Activity)
			case slotAlien:
				return (w.value != "") == isCall(l.Activity)
			}
			return w.slot == slotPreferred && w.value == ""
		},
		then: func(w written) bool { return w.slot != slotSession },
	}
}

// standIn is the refusal of an alien call: busy is set in its place.
func standIn(refused written) reason {
	return reason{at: refused.at, of: func(w written) bool { return w.slot == slotActivity && w.value == "busy" }}
}

// cover is a session that Teams has taken in, and shows before a call of the person that is older
// and no stronger: that ends its alien call.
func cover(session written) reason {
	return reason{at: session.at, of: func(w written) bool { return w.slot == slotAlien && w.value == "" }}
}

// and adds those that lie in what a person did, and in what was written for them.
func (c causes) and(p *character, writes []written) causes {
	for _, in := range p.inputs {
		c.inputs = append(c.inputs, in.reasons()...)
		if in.act.kind == chooses || in.act.kind == resets {
			c.chosen = append(c.chosen, in.at)
		}
	}
	for _, w := range writes {
		if w.slot == slotSession && w.value != "" && !w.undone && p.inCall(w.at) {
			c.inputs = append(c.inputs, cover(w))
		}
	}
	return c
}

// strike uses up the first reason in list that may have brought about w, and forgets those that
// were long ago.
func (c causes) strike(list *[]reason, w written) bool {
	*list = slices.DeleteFunc(*list, func(r reason) bool { return c.worked(r.at, w.at) > heeded })
	i := slices.IndexFunc(*list, func(r reason) bool { return r.at.Before(w.at) && r.of(w) })
	if i < 0 {
		return false
	}
	if used := (*list)[i]; used.then != nil {
		(*list)[i] = reason{at: w.at, of: used.then}
	} else {
		*list = slices.Delete(*list, i, i+1)
	}
	return true
}

// without are those of one person's writes, in the order of time, that nothing has
// brought about. Another value than before in the same place takes a reason, and each is good for
// a while. The same value again takes an answer that did not arrive, a kill, a
// renewal, or a reason as well.
func (c causes) without(writes []written) (spurious []written) {
	type place struct {
		last         *written
		late, inputs []reason // not used up
	}
	places := map[slot]*place{}
	for _, w := range writes {
		p := places[w.slot]
		if p == nil {
			p = &place{late: slices.Clone(c.late), inputs: slices.Clone(c.inputs)}
			places[w.slot] = p
		}
		if !c.repeats(p.last, w) && !c.ends(p.last, w) && !c.strike(&p.late, w) && !c.strike(&p.inputs, w) {
			spurious = append(spurious, w)
		}
		p.last = &w
	}
	return spurious
}

// ends reports that w belongs to the end of the connector, which takes back what there is. What
// has made room for a call, or has waited for its end, comes before the session goes: there is nothing
// of the connector then, because it was taken back or the person has chosen something else.
func (c causes) ends(last *written, w written) bool {
	nothing := last == nil || last.value == "" && !last.undone
	switch {
	case c.ended.IsZero() || w.at.Before(c.ended):
		return false
	case w.value == "":
		return !nothing
	}
	replaced := func(at time.Time) bool { return at.After(last.at) && at.Before(w.at) }
	return w.slot == slotPreferred && (nothing || slices.ContainsFunc(c.chosen, replaced))
}

// repeats reports that w has to be: the connector cannot know what became of the last
// write in that place. An alien call of which nothing is known is deleted as well, and one that
// is known ends with its connection. A PBX may notice that end after the next connection has begun,
// and meanwhile another one may have stood in.
func (c causes) repeats(last *written, w written) bool {
	switch {
	case last == nil:
		return false
	case last.unsure && w.slot == slotAlien:
		return true
	case last.value != w.value:
		return false
	}
	interrupted := func(at, from, to time.Time) bool {
		return at.After(from) && at.Before(to) && (at.Sub(last.at) < learnt || w.slot == slotAlien)
	}
	return last.unsure ||
		slices.ContainsFunc(c.kills, func(at time.Time) bool { return interrupted(at, last.at.Add(-underway), w.at) }) ||
		slices.ContainsFunc(c.lost, func(l pbxtest.Loss) bool {
			return l.PBX == last.pbx && interrupted(l.Time, last.at, w.at.Add(underway))
		}) ||
		w.slot == slotSession && w.value != "" && w.at.Sub(last.at) >= renewed
}
