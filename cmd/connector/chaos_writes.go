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
	// undone says that nothing came of it.
	undone bool
	// unsure says that the connector was not told, or told too late, what came of it.
	unsure bool
}

// refused reports that the connector was told that nothing came of it.
func (w written) refused() bool { return w.undone && !w.unsure }

func (w written) String() string {
	value := w.value
	if value == "" {
		value = "taken back"
	}
	if w.undone {
		value += ", in vain"
	}
	if w.unsure {
		value += ", without an answer"
	}
	if w.pbx != "" {
		value += ", on " + w.pbx
	}
	return fmt.Sprintf("← %s: %s", w.slot, value)
}

// writtenIn are the writes that the simulators have recorded, in the order of time.
func writtenIn(teams []graphtest.Write, phones []pbxtest.Write) (all []written) {
	for _, w := range teams {
		one := written{at: w.Time, who: w.User, slot: slotPreferred, value: w.Activity, undone: w.Status != http.StatusOK, unsure: w.Lost}
		if w.Action == graphtest.RouteSetPresence || w.Action == graphtest.RouteClearPresence {
			one.slot = slotSession
		}
		all = append(all, one)
	}
	for _, w := range phones {
		one := written{at: w.Time, who: w.GUID, slot: slotAlien, pbx: w.PBX, undone: w.Err != ""}
		switch w.Fault {
		case pbxtest.FaultIgnore, pbxtest.FaultDrop, pbxtest.FaultDropAfter, pbxtest.FaultLate:
			one.unsure = true
		}
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

// spurious are all writes without a cause. For whom nobody acted, none has one.
func (c *crowd) spurious() (all []string) {
	everything, writes := writtenIn(c.tenant.Writes(), c.system.Writes()), map[string][]written{}
	for _, w := range everything {
		writes[w.who] = append(writes[w.who], w)
	}
	late := map[string][]reason{}
	for _, l := range c.tenant.Late() {
		late[l.User] = append(late[l.User], echo(l))
	}
	refused := map[string][]reason{}
	for _, w := range append(writtenIn(nil, c.system.Writes()), withoutAPI(c.system.Failures())...) {
		if w.slot == slotAlien && w.value != "" && w.refused() {
			refused[w.who] = append(refused[w.who], standIn(w))
		}
	}
	losses := c.system.Losses()
	c.mu.Lock()
	defer c.mu.Unlock()
	broken, starts := interruptions(c.kills, losses), startsIn(c.kills, everything)
	tell := func(p *character, of []written, because causes) {
		for _, w := range because.without(of) {
			all = append(all, fmt.Sprintf("%s: %s %s%s", p.name, w.at.Format("15:04:05.000"), w, p.story(w.at, of, broken)))
		}
	}
	for _, p := range c.people {
		because := causes{inputs: refused[p.guid], late: late[p.id], kills: c.kills, starts: starts, lost: losses, ended: c.ended}
		of := append(writes[p.id], writes[p.guid]...)
		tell(p, of, because.and(p, of))
		delete(writes, p.id)
		delete(writes, p.guid)
	}
	for who, of := range writes {
		tell(&character{actor: actor{name: who, id: who, guid: who}}, of, causes{})
	}
	slices.SortFunc(all, cmp.Compare[string])
	return all
}
