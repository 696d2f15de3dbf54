package presence_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pbx365/connector/presence"
)

// latency is how long anything takes where nothing is slow.
const latency = 60 * time.Millisecond

// fault is what becomes of a write that does not end well.
type fault string

const (
	lost       fault = "lost"
	unanswered fault = "carried out without an answer"
	refused    fault = "refused"
	ignored    fault = "acknowledged without effect"
)

// model is both systems in miniature, with one person, and the connector between them.
type model struct {
	*clock
	ledger
	t interface {
		Helper()
		Fatalf(format string, args ...any)
	}
	office    *office
	exchange  *exchange
	connector *connector

	reads      time.Duration // how late news of Teams are
	answers    time.Duration
	unnumbered bool           // notifications carry no sequence number
	mute       int            // notifications that will be lost
	missed     time.Time      // when the last one was lost
	deaf       time.Time      // until when Teams takes no write
	blind      time.Time      // until when Teams cannot be read
	phoneOnly  bool           // since anna set the phone last, and that was seen, she has done nothing in Teams
	said       presence.Teams // what she has changed to in Teams since the connector had caught up, and nothing else since
	sent       presence.TeamsSeen
	sentAs     int
	heardUpTo  int // the newest version that the connector has heard of
	faults     []fault
	killAt     point
	owed       presence.Teams // preferred presence that waits for the end of a call
	owedUntil  time.Time
	expired    int       // what ran out in Teams
	ranOut     time.Time // when the last did

	schedule schedule
	begin    time.Time
	diary    []func() string
	made     []string // writes that the connector sent, renewals aside
	reasons  []reason
}

// reason is why a decision was taken, and what it was.
type reason struct {
	rules  []presence.Rule
	action presence.Action
}

func newModel(t interface {
	Helper()
	Fatalf(format string, args ...any)
}) *model {
	c := &clock{now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)}
	m := &model{clock: c, t: t, office: newOffice(c), exchange: newExchange(c), reads: latency, answers: latency, begin: c.now}
	m.connector = &connector{model: m, rules: rules, licensed: true}
	m.office.tell, m.exchange.tell = m.notify, m.update
	m.office.ranOut = func(what string, by author) {
		m.note("%s runs out", what)
		m.expired++
		m.ranOut = m.now
		m.touched()
		m.cause(session, activity)    // while the call goes on, and what it hides or shows
		if m.mirrored(); by != ours { // what the connector has set runs out without a trace
			m.cause(activity)
		}
	}
	return m
}

var rules = presence.Rules{}.WithDefaults()

// note keeps what happened for the diary of a failure.
func (m *model) note(format string, args ...any) {
	at := m.now.Sub(m.begin)
	m.diary = append(m.diary, func() string {
		return fmt.Sprintf("%14.3fs  ", at.Seconds()) + fmt.Sprintf(format, args...)
	})
}

func (m *model) failf(format string, args ...any) {
	m.t.Helper()
	var diary strings.Builder
	for _, line := range m.diary {
		diary.WriteString(line() + "\n")
	}
	m.t.Fatalf("%s\n\nschedule:\n%v\n\ndiary:\n%s", fmt.Sprintf(format, args...), m.schedule, diary.String())
}

// notify sends what Teams shows, as a notification that may be late or never arrive.
func (m *model) notify() {
	m.sent, m.sentAs = m.office.look()
	m.note("Teams shows %v", m.office.shown)
	if m.mute > 0 {
		m.mute--
		m.missed = m.now
		return
	}
	m.again()
}

func (m *model) again() {
	seen, version := m.sent, m.sentAs
	if seen.Value.IsZero() {
		return
	}
	m.after(m.reads, func() {
		seen.Notified, seen.At = true, m.now
		if m.unnumbered {
			seen.Sequence = ""
		}
		m.cause(look)
		m.connector.sawTeams(seen, version)
	})
}

// heard notes that the connector took in a version. An old one deceives it: it may write
// what is no longer so, and puts that right when it learns better.
func (m *model) heard(version int) {
	if version < m.heardUpTo {
		m.cause(activity, activity, alien, alien)
		m.phoneOnly = false // it hears that she has
	}
	m.heardUpTo = max(m.heardUpTo, version)
}

// update sends what the PBX shows.
func (m *model) update() {
	seen := m.exchange.look()
	m.exchange.bring(func(arrives bool) {
		if seen.At = m.now; arrives {
			m.connector.sawPBX(seen)
		}
	})
}

// faultOf takes the next fault, for anything but a look.
func (m *model) faultOf(a presence.Action) (f fault) {
	if len(m.faults) > 0 && a != presence.Action(presence.Look{}) {
		f, m.faults = m.faults[0], m.faults[1:]
	}
	return f
}

// spend counts a write against its causes.
func (m *model) spend(a presence.Action) {
	of := accountOf(a)
	switch a.(type) {
	case presence.RenewSession:
		m.cause(session)
	case presence.Look:
	default:
		if !m.carries(a.Side()) {
			m.failf("%v is decided, and values do not go there", a)
		}
		m.made = append(m.made, a.String())
	}
	if of == preferred || of == session {
		m.cause(look, look)
	}
	if m.writes[of]++; m.writes[of] > m.causes[of] {
		m.failf("%v is number %d for %v, and there were %d causes", a, m.writes[of], of, m.causes[of])
	}
}

// mirrored lets an alien call come or go. Where calls are not counted, it hides or reveals one
// on the PBX.
func (m *model) mirrored() {
	if m.cause(alien); !m.exchange.counted {
		m.cause(alien, session, session, preferred, preferred)
	}
}

// touched notes that anna does something in Teams.
func (m *model) touched() { m.phoneOnly, m.said = false, presence.Teams{} }

// ready reports that the connector has seen all, and can tell what changes next from what was
// beneath a preferred presence.
func (m *model) ready() bool {
	c, o := m.connector, m.office
	if !c.licensed || !c.up || c.memory.Agreed == nil || c.teams == nil || c.pbx == nil || c.pbxLost || o.due > 0 || !m.caughtUp() {
		return false
	}
	w := c.memory.ToTeams
	return w == nil || !w.Value.IsZero() || !inCall(w.Old) && available[w.Old.Activity] != w.Old.Activity && w.Old.Activity != "OffWork"
}

// says notes what anna changes to in Teams.
func (m *model) says(change func()) {
	o := m.office
	ready, before := m.ready() && o.session.IsZero() && o.slot.IsZero() && m.exchange.calls == 0, o.aggregate()
	change()
	written := m.connector.memory.ToTeams
	if now := o.aggregate(); ready && (written == nil || !written.Value.Shows(now)) && now != before && !nobody(before) && !m.connector.memory.Agreed.Teams.Shows(now) {
		m.said = now
	}
}

func (m *model) oneWay(value string) {
	m.connector.rules.Direction = map[string]presence.Direction{"to the PBX": presence.TeamsToPBX, "to Teams": presence.PBXToTeams}[value]
}

// carries reports whether values go to a side.
func (m *model) carries(to presence.Side) bool {
	return m.connector.rules.Direction != map[presence.Side]presence.Direction{
		presence.SidePBX: presence.PBXToTeams, presence.SideTeams: presence.TeamsToPBX,
	}[to]
}

func (m *model) client(activity_ string) {
	m.touched()
	m.says(func() { m.shown(activity_) })
}

func (m *model) shown(activity_ string) {
	m.cause(activity)
	m.mirrored()
	if activity_ == "" {
		if w := m.connector.stored.ToTeams; w != nil && !w.Value.IsZero() && m.office.slotBy == anna {
			m.office.slotBy = both // nobody has learnt of what she chose before she left
		}
		m.office.client, m.office.call = presence.Teams{}, presence.Teams{}
	} else {
		m.office.client = shows(activity_)
	}
	m.office.changed(anna)
}

func (m *model) choose(value string) {
	m.touched()
	m.cause(activity)
	m.mirrored()
	written := m.connector.memory.ToTeams
	switch {
	case value == "":
		m.office.prefer(presence.Teams{}, 0, anna)
	case written != nil && (written.Value == shows(value) || slices.Contains(written.Trail, shows(value)) || m.unnumbered && written.Old == shows(value)): // nobody can tell
		if m.cause(preferred); written.Stage == presence.Hidden && m.exchange.by == ours {
			m.exchange.by = both
		}
		m.office.prefer(shows(value), 24*time.Hour, both)
	case m.office.client.IsZero(), written != nil && (written.Stage == presence.Hidden || written.Stage == presence.Sent) && (m.office.shown.Shows(shows(value)) || m.connector.hears(shows(value))): // nobody sees it
		m.office.prefer(shows(value), 24*time.Hour, both)
	default:
		m.office.prefer(shows(value), 24*time.Hour, anna)
	}
}

func (m *model) contact(value string) {
	if value != m.exchange.activity {
		m.cause(preferred)
		m.mirrored()
		by := anna
		if w := m.connector.memory.ToPBX; w != nil && (w.Activity == value || w.Old == value && w.Stage == presence.Pending || w.Stage == presence.Sent && slices.Contains(w.Trail, value)) && value != "" {
			by = both // nobody can tell
		}
		o := m.office                                         // what she has done in Teams is seen and agreed, or nothing
		if m.exchange.covered() && m.exchange.seen == value { // nobody sees it
			if by = both; o.slotBy == ours {
				o.slotBy = both
			}
		}
		m.phoneOnly = by == anna && o.session.IsZero() && o.slot.IsZero() && m.ready() && !inCall(o.shown) && m.connector.memory.Agreed.Teams.Shows(o.shown)
		m.said = presence.Teams{}
		m.exchange.set(value, by)
	}
}

func (m *model) call(n int) {
	if m.exchange.calls != n {
		m.said = presence.Teams{}
		m.cause(session, preferred, activity)
		m.mirrored()
		m.exchange.calls = n
		m.update()
	}
}

func (m *model) meet(value string) {
	m.touched()
	m.cause(activity, preferred)
	m.mirrored()
	if m.office.call = shows(value); value == "" {
		m.office.call = presence.Teams{}
	} else if m.office.client.IsZero() {
		m.office.client = shows("Available")
	}
	m.office.changed(anna)
}

func (m *model) disconnect() {
	if m.exchange.connection == 0 {
		return
	}
	m.mirrored()
	m.exchange.disconnect()
	m.connector.pbxLost = true
	m.note("the PBX is lost")
	run := m.connector.run
	m.after(3*time.Second, func() {
		if m.connector.run == run {
			m.exchange.connect()
		}
	})
}

func (m *model) move() {
	if m.exchange.connection == 0 {
		return
	}
	m.mirrored()
	m.exchange.disconnect()
	m.exchange.home = map[string]string{"master": "slave", "slave": "master"}[m.exchange.home]
	m.exchange.connect()
}

// license changes whether anna is linked. A link that ends takes back one write of each
// sort; one that begins may begin with one.
func (m *model) license(on bool) {
	if m.touched(); on != m.connector.licensed {
		m.cause(activity, preferred, session, alien)
		if w := m.connector.memory.ToPBX; w != nil && w.Activity == "" && w.Stage != presence.Hidden && m.exchange.ignored {
			m.exchange.by = both // it has been taken back, as far as anybody knows
		}
		m.connector.license(on)
	}
}

// pause stops the connector in order. It ends calls and sessions, and shows those that last
// again at its start.
func (m *model) pause(d time.Duration) {
	if !m.connector.up || m.connector.stopping {
		return
	}
	m.cause(activity, activity, preferred, preferred, session, session, alien, alien)
	if m.office.lag > 0 {
		m.touched() // what shows between two sessions may come after the second has begun
	}
	run := m.connector.run
	m.connector.stop()
	m.after(10*time.Second, func() {
		if m.connector.run == run {
			m.connector.end()
		}
	})
	m.after(10*time.Second+d, func() {
		if m.connector.run == run+1 {
			m.restart()
		}
	})
}

// kill ends the process at once. Alien calls end with its connections.
func (m *model) kill(d time.Duration) {
	if m.connector.up {
		m.cause(session, activity, activity)
		m.mirrored()
		m.connector.end()
		run := m.connector.run
		m.after(d, func() {
			if m.connector.run == run {
				m.restart()
			}
		})
	}
}

func (m *model) restart() {
	if !m.connector.up {
		m.connector.start()
	}
}
