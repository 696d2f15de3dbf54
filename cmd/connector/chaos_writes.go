package main

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/pbx/pbxtest"
)

// slot is a place that holds one thing of a person at a time.
type slot string

const (
	slotSession   slot = "session"
	slotPreferred slot = "preferred presence"
	slotActivity  slot = "activity"
	slotAlien     slot = "alien call"
)

// written is one write of the connector, as a simulator has recorded it.
type written struct {
	at    time.Time
	who   string // object id or guid
	slot  slot
	value string // "" takes back
	pbx   string
	// unsure says that the connector was not told, or told too late, that it was done.
	unsure bool
}

func (w written) String() string {
	value := w.value
	if value == "" {
		value = "taken back"
	}
	if w.unsure {
		value += ", without an answer"
	}
	return fmt.Sprintf("← %s: %s", w.slot, value)
}

// writtenIn are the writes that the simulators have recorded, in the order of time.
func writtenIn(teams []graphtest.Write, phones []pbxtest.Write) (all []written) {
	for _, w := range teams {
		one := written{at: w.Time, who: w.User, slot: slotPreferred, value: w.Activity, unsure: w.Lost || w.Status != http.StatusOK}
		if w.Action == graphtest.RouteSetPresence || w.Action == graphtest.RouteClearPresence {
			one.slot = slotSession
		}
		all = append(all, one)
	}
	for _, w := range phones {
		one := written{at: w.Time, who: w.GUID, slot: slotAlien, pbx: w.PBX, unsure: w.Err != "" || w.Fault != pbxtest.FaultNone}
		switch w.Op {
		case "SetPresence":
			one.slot, one.value = slotActivity, w.Activity
		case "AddAlienCall":
			one.value = "call"
		}
		if w.GUID == "" && w.Err != "" {
			continue // of a call that has ended with its connection; nobody's any more
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b written) int { return a.at.Compare(b.at) })
	return all
}

// causes are what may bring about writes for one person. A notification that tells of the past
// is an input as well, and so is the look that corrects it.
type causes struct {
	inputs []time.Time
	kills  []time.Time
	lost   []loss
	ended  time.Time
}

const (
	// heeded is how long an input may take to be written: it has to be noticed, and a
	// throttled connector has to wait.
	heeded = time.Minute
	// renewed is the least time after which a session is written again.
	renewed = 2 * time.Minute
)

// without are those of one person's writes, in the order of time, that nothing has
// brought about. Another value than before in the same place takes an input, and each
// input is good for one, and for a while. The same value again takes an answer that did not arrive, a kill, a
// renewal, or an input as well.
func (c causes) without(writes []written) (spurious []written) {
	type place struct {
		last   *written
		inputs []time.Time // not used up
	}
	places := map[slot]*place{}
	for _, w := range writes {
		p := places[w.slot]
		if p == nil {
			p = &place{inputs: c.inputs}
			places[w.slot] = p
		}
		if c.repeats(p.last, w) || c.ends(w) {
			p.last = &w
			continue
		}
		for len(p.inputs) > 0 && p.inputs[0].Before(w.at.Add(-heeded)) {
			p.inputs = p.inputs[1:]
		}
		if len(p.inputs) > 0 && p.inputs[0].Before(w.at) {
			p.inputs = p.inputs[1:]
		} else {
			spurious = append(spurious, w)
		}
		p.last = &w
	}
	return spurious
}

// ends reports that w belongs to the end of the connector. What has made room for a call
// comes back before the session goes.
func (c causes) ends(w written) bool {
	return !c.ended.IsZero() && w.at.After(c.ended) && (w.value == "" || w.slot == slotPreferred)
}

// repeats reports that w has to be: the connector cannot know what became of the last
// write in that place. An alien call of which nothing is known is deleted as well.
func (c causes) repeats(last *written, w written) bool {
	if last == nil || last.value != w.value && w.slot != slotAlien {
		return false
	}
	since := func(at time.Time) bool { return at.After(last.at) && at.Before(w.at) }
	return last.unsure ||
		slices.ContainsFunc(c.kills, since) ||
		slices.ContainsFunc(c.lost, func(l loss) bool { return l.pbx == w.pbx && since(l.at) }) ||
		w.slot == slotSession && w.value != "" && w.at.Sub(last.at) >= renewed
}

// spurious are all writes without a cause. For whom nobody acted, none has one.
func (c *crowd) spurious() (all []string) {
	writes := map[string][]written{}
	for _, w := range writtenIn(c.tenant.Writes(), c.system.Writes()) {
		writes[w.who] = append(writes[w.who], w)
	}
	late := map[string][]time.Time{}
	for _, l := range c.tenant.Late() {
		late[l.User] = append(late[l.User], l.Time, l.Time)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	tell := func(p *character, of []written, because causes) {
		for _, w := range because.without(of) {
			all = append(all, fmt.Sprintf("%s: %s %s%s", p.name, w.at.Format("15:04:05.000"), w, p.story(w.at, of)))
		}
	}
	for _, p := range c.people {
		because := causes{kills: c.kills, lost: c.lost, ended: c.ended}
		for _, in := range p.inputs {
			because.inputs = append(because.inputs, in.at)
		}
		because.inputs = append(because.inputs, late[p.id]...)
		slices.SortFunc(because.inputs, time.Time.Compare)
		tell(p, append(writes[p.id], writes[p.guid]...), because)
		delete(writes, p.id)
		delete(writes, p.guid)
	}
	for who, of := range writes {
		tell(&character{actor: actor{name: who, id: who, guid: who}}, of, causes{})
	}
	slices.SortFunc(all, cmp.Compare[string])
	return all
}
