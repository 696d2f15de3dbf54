package presence_test

import (
	"cmp"
	"slices"
	"time"

	"github.com/pbx365/connector/presence"
)

// quiet is longer than anything of the schedules takes to have its effect.
const quiet = 3 * time.Minute

// sweep is how long after the last change Teams is read at the latest.
const sweep = 20 * time.Second

// play plays a schedule and asserts what holds of every one. Before anna changes something for
// the last time all that is late or lost is made good.
func (m *model) play(s schedule) {
	m.schedule = s
	for ; slices.Contains(circumstances, s[0].what); s = s[1:] {
		s[0].what.do(m, s[0].value)
	}
	events, heals, last, ending := s.parts()
	m.connector.start()
	for _, e := range events {
		m.pass(e)
	}
	m.until(heals)
	m.heal("")
	healed := m.now
	m.until(last[0].at - time.Second)
	m.connector.read(latency)
	m.advance(time.Second)
	m.recover(healed)
	if m.now.Sub(healed) >= quiet {
		m.atRest()
	}
	thoughts, change := last[:len(last)-1], last[len(last)-1]
	for _, e := range thoughts {
		m.pass(e)
	}
	m.until(change.at)
	expect := m.expect(healed)
	m.pass(change)
	changed := m.now
	m.advance(sweep)
	m.mute = 0
	m.connector.read(m.reads)
	m.advance(quiet)
	m.recover(changed)
	m.atRest()
	expect()
	m.pass(ending)
	m.still()
}

// recover gives a connector another while that was killed after that time, or from which
// something has run out.
func (m *model) recover(since time.Time) {
	if c := m.connector; !c.up || c.started.After(since) || m.ranOut.After(since) || c.licensed && (c.memory.Agreed == nil || c.pbx == nil) {
		m.advance(quiet)
	}
}

// until lets time pass up to a time of the schedule.
func (m *model) until(at time.Duration) { m.advance(max(0, m.begin.Add(at).Sub(m.now))) }

func (m *model) pass(e event) {
	m.until(e.at)
	m.note("— %v", e)
	e.what.do(m, e.value)
}

// heal ends every trouble, but a write may yet be lost, and the connector killed.
func (m *model) heal(string) {
	m.reads, m.answers, m.exchange.delay, m.office.lag = latency, latency, latency, 0
	m.deaf, m.blind = time.Time{}, time.Time{}
	m.mute, m.faults = 0, slices.DeleteFunc(m.faults, func(f fault) bool { return f == refused || f == ignored })
	m.note("all troubles end")
	if m.connector.stopping {
		m.connector.end()
	}
	m.restart()
	m.connector.read(latency)
	m.after(14*time.Second, func() { m.connector.read(latency) })
}

// atRest asserts what holds once nothing has happened for a while.
func (m *model) atRest() {
	o, x, c := m.office, m.exchange, m.connector
	if !c.licensed {
		switch {
		case c.linked, c.memory.Owns():
			m.failf("the licence is lost and the link is left: %+v", c.memory)
		case !o.session.IsZero() && !o.refused, len(x.aliens) > 0, x.by == ours && x.activity != "", o.slotBy == ours && !o.slot.IsZero():
			m.failf("something is left behind: session %v, %d alien calls, %q by %s, %v by %s", o.session, len(x.aliens), x.activity, x.by, o.slot, o.slotBy)
		}
		return
	}
	for _, a := range []presence.Action{c.doing, c.rules.Merge(c.memory, c.view()).Action} {
		if _, renewal := a.(presence.RenewSession); a != nil && !renewal {
			m.failf("it has not come to rest: %v", a)
		}
	}
	m.callsAtRest()
	m.valuesAtRest()
}

func (m *model) endCalls(string) {
	if o := m.office; !o.session.IsZero() && o.call.Shows(o.session) && strength(o.client) >= strength(o.session) {
		m.owed = presence.Teams{} // what her call hides may be a choice
	}
	m.call(0)
	m.meet("")
	ended := m.now
	m.advance(quiet)
	m.recover(ended)
	if m.atRest(); !m.owed.IsZero() && m.now.Before(m.owedUntil) && m.office.slot != m.owed {
		m.failf("after the call the preferred presence is %v instead of %v", m.office.slot, m.owed)
	}
}

// endByStop asserts that a stop leaves nothing that would go on without the connector.
func (m *model) endByStop(string) {
	m.faults, m.killAt = nil, ""
	m.advance(time.Minute) // what failed last is made good
	m.pause(time.Minute)
	m.advance(time.Minute)
	if o, x := m.office, m.exchange; !o.session.IsZero() && !o.refused || len(x.aliens) > 0 {
		m.failf("the connector was stopped, and left are session %v and %d alien calls", o.session, len(x.aliens))
	}
	m.advance(quiet)
	m.recover(m.now.Add(-quiet))
	m.atRest()
	m.endCalls("")
}

// endLink asserts that the end of a link takes back what is the connector's, and no more.
func (m *model) endLink(string) {
	o, x := m.office, m.exchange
	activity, by, slot, slotBy, slotUntil := x.activity, x.by, o.slot, o.slotBy, o.slotUntil
	m.license(false)
	m.advance(quiet)
	m.atRest()
	if by == anna && !x.covers && x.activity != activity || slotBy == anna && o.slot != slot && m.now.Before(slotUntil) {
		m.failf("anna had set %q and %v, and the end of the link has left %q and %v", activity, slot, x.activity, o.slot)
	}
}

// still asserts that nothing is written where nothing changes, whatever is heard again and
// however often the connector starts. What runs out meanwhile is a change.
func (m *model) still() {
	m.faults, m.killAt = nil, ""
	before, expired := len(m.made), m.expired
	for range 3 {
		m.again()
		m.connector.read(latency)
		m.advance(time.Second)
		m.kill(3 * time.Second)
		m.advance(time.Hour)
	}
	if after := m.made[before:]; len(after) > 0 && m.expired == expired {
		m.failf("nothing has changed, and written is %q", after)
	}
	m.atRest()
}

// callsAtRest asserts that calls are mirrored.
func (m *model) callsAtRest() {
	o, x, c := m.office, m.exchange, m.connector
	if o.refused && (!o.session.IsZero() || c.memory.Session != nil || o.now.Sub(o.sessionUntil) < quiet) {
		return // what may not be ended looks like a call, until it runs out
	}
	refusedSession := c.memory.Session != nil && (c.memory.Session.Stage == presence.Refused || c.memory.Session.Stage == presence.Gone)
	clear := x.counted || len(x.aliens) == 0 // else nobody can tell whether a call goes on
	if held := !o.session.IsZero(); held != (x.calls > 0 && m.carries(presence.SideTeams)) && clear && !refusedSession {
		m.failf("a call on the PBX: %v, a session: %v", x.calls > 0, held)
	}
	inCall := inCall(m.office.shown) && !m.ownCall()
	refusedCall := c.memory.Call != nil && c.memory.Call.Stage == presence.Refused
	if want := inCall && !refusedCall && m.carries(presence.SidePBX); want != (len(x.aliens) == 1) || len(x.aliens) > 1 {
		m.failf("Teams shows %v, and there are %d alien calls", o.shown, len(x.aliens))
	}
}

func unknown(t presence.Teams) bool {
	_, known := rules.Tables.ToPBX(t.Activity)
	return !known
}

func inCall(t presence.Teams) bool {
	word, _ := rules.Tables.ToPBX(t.Activity)
	return word == presence.OnThePhone
}

// ownCall reports that what Teams shows may be the session of the connector.
func (m *model) ownCall() bool {
	return !m.office.session.IsZero() && m.office.shown.Shows(m.office.session)
}

// valuesAtRest asserts that what the connector has written is what the other side says.
func (m *model) valuesAtRest() {
	o, x, c := m.office, m.exchange, m.connector
	word, known := rules.Tables.ToPBX(o.shown.Activity)
	if word == presence.Online {
		word = ""
	}
	visible := known && !inCall(m.office.shown)
	refusedCall := c.memory.Call != nil && c.memory.Call.Stage == presence.Refused
	if x.by == ours && x.activity != "" && visible && x.activity != word && !x.refused {
		m.failf("the connector has set %q on the PBX, and Teams shows %v", x.activity, o.shown)
	}
	if x.by == ours && x.activity != "" && !visible && known && refusedCall && x.activity != presence.Busy && !x.refused {
		m.failf("the PBX shows %q in place of an alien call", x.activity)
	}
	if visible && word != "" && o.shown == m.said && m.carries(presence.SidePBX) && x.activity != word && !x.refused {
		m.failf("anna has gone to %v in Teams and done nothing since, and the PBX shows %q", m.said, x.activity)
	}
	manual, inTable := rules.Tables.ToTeams(x.activity)
	if o.slotBy == ours && !o.slot.IsZero() && inTable && !x.covered() && !o.kept && !x.refused && o.slot != manual.Value {
		m.failf("the connector has preferred %v, and the PBX shows %q", o.slot, x.activity)
	}
	if o.slotBy == ours && x.calls > 0 && !o.session.IsZero() && !o.refused && !o.kept && weaker(o.slot) {
		m.failf("%v hides the call", o.slot)
	}
	lifted := c.memory.ToTeams != nil && c.memory.ToTeams.Stage == presence.Lifted
	if x.covered() && c.memory.Agreed == nil {
		return // nothing can be agreed before the call ends
	}
	if a := c.memory.Agreed; visible && !lifted && !a.Teams.Shows(o.shown) || inTable && a.PBX != x.activity && !x.covered() {
		m.failf("agreed on %v and %q, shown are %v and %q", a.Teams, a.PBX, o.shown, x.activity)
	}
}

// expect returns what is to be asserted once the last event has had its effect: that it was
// carried over as the tables say.
func (m *model) expect(begun time.Time) func() {
	o, x, c := m.office, m.exchange, m.connector
	if !c.licensed || !c.up || c.memory.Agreed == nil || c.started.After(begun) || !m.caughtUp() {
		return func() {}
	}
	if c.memory.PBXRival.Pauses(m.now) || c.memory.TeamsRival.Pauses(m.now) {
		return func() {} // she has changed her mind so often that she is taken for a program
	}
	if m.unnumbered && m.missed.After(begun) {
		return func() {} // whether Teams went back to what it showed is anybody's guess
	}
	agreed, shown, beneath, held, heldBy := *c.memory.Agreed, o.shown, o.slot, x.activity, x.by
	if h := c.memory.Session; h != nil && (h.Stage == presence.Refused || h.Stage == presence.Gone) || o.refused {
		return func() {} // what is beneath a call that cannot be shown is anybody's guess
	}
	if o.due > 0 && inCall(o.aggregate()) != inCall(o.shown) {
		return func() {} // a call comes or goes just then
	}
	unchanged, written := agreed.Teams, c.memory.ToTeams
	if written != nil && written.Stage == presence.Lifted && (inCall(o.shown) && !o.session.IsZero() || !agreed.Teams.IsZero()) {
		agreed.Teams = written.Value
	}
	begin := m.now
	talking := x.calls > 0 || inCall(o.shown) && !m.ownCall()
	return func() {
		lifted := c.memory.ToTeams != nil && c.memory.ToTeams.Stage == presence.Lifted
		switch {
		case !c.licensed, x.covered() && x.by != ours:
		case x.activity != held && x.activity == agreed.PBX:
		case x.activity != held && x.by == anna && m.carries(presence.SideTeams):
			m.expectInTeams(talking)
		case x.activity != held && x.by != ours:
		case o.slotBy != anna && !o.slot.IsZero(), o.shown.Shows(shown), o.shown.Shows(agreed.Teams), agreed.Teams.IsZero(), heldBy == both:
		case m.ranOut.After(begin): // what a session has hidden came to light
		case !x.counted && m.ownCall(): // it was hidden by the alien call until now
		case o.shown.Shows(unchanged): // whatever a call has hidden meanwhile
		case written != nil && (o.shown.Shows(written.Value) || beneath == written.Value && (lifted || written.Stage == presence.Lifted)): // it says what the PBX says
		default:
			m.expectOnPBX(agreed.Teams, shown, held, heldBy)
		}
	}
}

// caughtUp reports that the connector has heard of all that anna has changed, and has no write
// under way. It need not have heard of what it has written itself, unless that hides a call.
func (m *model) caughtUp() bool {
	o, x, c := m.office, m.exchange, m.connector
	under := func(s presence.Stage) bool {
		return s == presence.Pending || s == presence.Leaving || s == presence.Lifting
	}
	w, v, h := c.memory.ToPBX, c.memory.ToTeams, c.memory.Session
	return c.doing == nil && (w == nil || !under(w.Stage)) && (v == nil || !under(v.Stage)) && (h == nil || !under(h.Stage)) &&
		m.heardUpTo >= o.hers && !o.hersAt.After(m.now) && x.due == 0 && !x.clear.After(m.now) && (x.by == ours || c.pbx.Value.Activity == x.activity) && !c.waits() && inCall(o.shown) == inCall(c.teams.Value)
}

func (m *model) expectOnPBX(before, shownBefore presence.Teams, held string, heldBy author) {
	shown := m.office.shown
	want, known := rules.Tables.ToPBX(shown.Activity)
	switch {
	case !m.carries(presence.SidePBX):
		want = held
	case want == presence.OnThePhone && m.exchange.noAlien && !m.ownCall() && (held == "" || heldBy == ours):
		want = presence.Busy
	case !known, want == presence.OnThePhone:
		want = held
	case want == presence.Online && heldBy != ours && (nobody(shown) || nobody(before) || inCall(before) || unknown(before)):
		want = held
	case want == presence.Online && heldBy != ours && nobody(shownBefore) && m.exchange.activity == held:
		want = held // to come to Teams and to choose Available look the same
	case want == presence.Online:
		want = ""
	}
	if m.exchange.activity != want {
		m.failf("Teams went from %v to %v, and the PBX from %q to %q instead of %q", before, shown, held, m.exchange.activity, want)
	}
}

func (m *model) expectInTeams(talking bool) {
	manual, inTable := rules.Tables.ToTeams(m.exchange.activity)
	want, waits := manual.Value, talking && manual.Value != shows("DoNotDisturb")
	o := m.office
	if word, _ := rules.Tables.ToPBX(o.shown.Activity); word == cmp.Or(m.exchange.activity, presence.Online) {
		return // Teams says so, whoever has brought that about
	}
	if waits && inTable && o.slot.IsZero() && (o.session.IsZero() || !o.call.Shows(o.session)) {
		m.owed, m.owedUntil = want, m.now.Add(manual.Lifetime-quiet)
	}
	if inTable && !waits && o.slot != want || inTable && waits && o.slotBy == ours && !o.slot.IsZero() {
		m.failf("the PBX was set to %q, and the preferred presence is %v instead of %v", m.exchange.activity, m.office.slot, want)
	}
}

func weaker(t presence.Teams) bool { return t != shows("DoNotDisturb") && !t.IsZero() }

func nobody(t presence.Teams) bool {
	return slices.Contains([]string{"Offline", "OffWork", "Inactive"}, t.Activity)
}
