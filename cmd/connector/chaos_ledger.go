package main

import (
	"slices"
	"time"

	"github.com/pbx365/connector/pbx/pbxtest"
)

// ledger tells when the connector last wrote, by person, and what was refused for them since.
type ledger struct {
	preferred, activity, alien map[string]entry
}

// entry is the last write of a person to a place, and the refusal that came after it.
type entry struct {
	written, refused written
}

func (c *crowd) ledger() ledger {
	return newLedger(writtenIn(c.tenant.Writes(), c.system.Writes()), c.system.Failures())
}

// newLedger enters what was written. An alien call is refused as well where the API for it is.
// What could not be taken back is nobody's any more.
func newLedger(writes []written, failures []pbxtest.Failure) ledger {
	writes = append(writes, withoutAPI(failures)...)
	slices.SortStableFunc(writes, func(a, b written) int { return a.at.Compare(b.at) })
	l := ledger{map[string]entry{}, map[string]entry{}, map[string]entry{}}
	places := map[slot]map[string]entry{slotPreferred: l.preferred, slotActivity: l.activity, slotAlien: l.alien}
	for _, w := range writes {
		place := places[w.slot]
		switch {
		case place == nil:
		case w.refused() && w.value == "":
			place[w.who] = entry{refused: w}
		case w.refused():
			place[w.who] = entry{written: place[w.who].written, refused: w}
		case !w.undone:
			place[w.who] = entry{written: w}
		}
	}
	return l
}

// withoutAPI are the alien calls that were refused before they were asked for.
func withoutAPI(failures []pbxtest.Failure) (all []written) {
	for _, f := range failures {
		if f.Op == "CreateApi" && f.Fault.Refuses() {
			all = append(all, written{at: f.Time, who: f.GUID, slot: slotAlien, value: "call", pbx: f.PBX, undone: true})
		}
	}
	return all
}

// refusals are what was refused for a person, and holds: an activity until what the person shows
// has changed, and an alien call as long as the call in Teams lasts.
type refusals struct {
	activity, alien bool
	word            string    // the activity
	since           time.Time // of the alien call
}

func (p *character) refusals(l ledger) (r refusals) {
	w := l.activity[p.guid].refused
	changed := func(in input) bool { return in.at.After(w.at) && in.before != in.after }
	if !w.at.IsZero() && !slices.ContainsFunc(p.inputs, changed) {
		r.activity, r.word = true, w.value
	}
	w = l.alien[p.guid].refused
	over := func(in input) bool {
		return in.at.After(w.at) && !(isCall(in.before.teams) && isCall(in.after.teams))
	}
	r.alien, r.since = w.value != "" && !slices.ContainsFunc(p.inputs, over), w.at
	return r
}

// stoodIn says that nothing stands in for an alien call that was refused: busy does, unless
// the person has set something.
func (p *character) stoodIn(now glance, h held, r refusals) string {
	shown := now.pbx
	if r.activity {
		shown = r.word
	}
	own := h.activity == "" && !p.setAt().IsZero() && (shown != "" || p.setAt().After(r.since))
	if shown == "busy" || own {
		return ""
	}
	return "the PBX has refused the alien call, and does not show busy in its place"
}
