package presence

import "time"

// Direction says which way values are carried.
type Direction string

// The directions.
const (
	Both       Direction = "both"
	TeamsToPBX Direction = "teams-to-pbx"
	PBXToTeams Direction = "pbx-to-teams"
)

func (d Direction) toPBX() bool   { return d != PBXToTeams }
func (d Direction) toTeams() bool { return d != TeamsToPBX }

// Goal is what a link is working for.
type Goal int

// The goals.
const (
	// Sync keeps the sides the same.
	Sync Goal = iota
	// Pause ends sessions and alien calls and keeps the rest for the next start.
	Pause
	// TakeBack takes back everything that the connector has written.
	TakeBack
)

// View is what a link can know of its person at one moment.
type View struct {
	Now  time.Time
	Goal Goal
	// Teams and PBX are the latest looks, nil while there was none, or while the
	// side cannot be seen.
	Teams *TeamsSeen
	PBX   *PBXSeen
	// TeamsSince and PBXSince are when the values of the sides were first seen.
	TeamsSince, PBXSince time.Time
	// Phase, at least 0 and below 1, is the person's own place in every interval: what
	// recurs for many people is spread by it.
	Phase float64
	// TeamsHeld and PBXHeld keep back writes, and LooksHeld reads of Teams, because an
	// earlier one failed.
	TeamsHeld, PBXHeld, LooksHeld bool
}

// Rules are the settings of a decision, which may differ from person to person. The
// zero value of a field stands for its default.
type Rules struct {
	// Direction is which way values are carried. Defaults to Both.
	Direction Direction
	// Tables carry the values. Defaults to the default tables.
	Tables *Tables
	// Settle is how long a side may take to show a write. Defaults to 15 s.
	Settle time.Duration
	// Pace is the time between two writes of one kind: what changes meanwhile is looked at
	// after it, so that a value that flaps costs one write, and settles on the last. Defaults
	// to 1 s.
	Pace time.Duration
	// Renew is how often a session is renewed while its call lasts. The first renewal of a
	// call comes up to half an interval earlier or later, and sooner than that where Session leaves
	// less. Defaults to 5 min.
	Renew time.Duration
	// Session is the lifetime asked for, longer than Renew so that it never lapses
	// between two renewals. Graph takes 5 min to 4 h. Defaults to 10 min.
	Session time.Duration
}

// WithDefaults returns r with the defaults in place of zero values.
func (r Rules) WithDefaults() Rules {
	if r.Direction == "" {
		r.Direction = Both
	}
	if r.Tables == nil {
		r.Tables = defaultTables()
	}
	if r.Settle == 0 {
		r.Settle = 15 * time.Second
	}
	if r.Pace == 0 {
		r.Pace = time.Second
	}
	if r.Renew == 0 {
		r.Renew = 5 * time.Minute
	}
	if r.Session == 0 {
		r.Session = 2 * r.Renew
	}
	return r
}

// Equal reports whether r and other decide the same.
func (r Rules) Equal(other Rules) bool {
	r, other = r.WithDefaults(), other.WithDefaults()
	same := r.Tables.Equal(other.Tables)
	r.Tables, other.Tables = nil, nil
	return same && r == other
}

// Decision is what to do next for one person, and why.
type Decision struct {
	// Memory is to be stored before Action is carried out. Where that is withdrawn, what was
	// remembered before the decision holds again.
	Memory Memory
	// Action is at most one step; nil where there is nothing to do.
	Action Action
	// Rules are those that fired, in order.
	Rules []Rule
	// Rows are the rows of the tables that say what to write because of that.
	Rows []Row
	// Unknown lists values that are in no row and therefore changed nothing.
	Unknown []string
	// Behind says that something was seen on one side that the other one does not show yet,
	// as far as values are carried there.
	Behind bool
	// Wake is when to decide again although nothing was seen; zero for never.
	Wake time.Time
}

// Merge decides what to do for one person. It is a function of its arguments
// alone: the rules must be those of [Rules.WithDefaults], time is v.Now.
//
// The caller stores the Memory, carries out the Action, hands its outcome to
// [Rules.Done], and asks again until there is no action. In this way one person
// is worked on by one worker, and every write is remembered before it is made.
func (r Rules) Merge(m Memory, v View) Decision {
	s := &step{Rules: r, View: v, m: m.Clone()}
	s.settle()
	s.calls()
	if v.Goal == Sync {
		s.values()
	}
	s.act()
	s.out.Memory = s.m
	s.out.Behind = v.Goal == Sync && (s.waits || s.unsure || s.inFlight())
	return s.out
}

// step is one decision in the making.
type step struct {
	Rules
	View
	m   Memory
	out Decision
	// waits says that a change was seen and is not carried yet.
	waits bool
	// unsure says that only a read of Teams can tell what has become of a write.
	unsure bool
}

func (s *step) fired(r Rule) { s.out.Rules = append(s.out.Rules, r) }

// matched names the row for what a side shows.
func (s *step) matched(from Side, activity string) {
	r, _, _ := s.Tables.row(from, activity)
	s.out.Rows = append(s.out.Rows, r)
}

func (s *step) wake(t time.Time) {
	if t.After(s.Now) && (s.out.Wake.IsZero() || t.Before(s.out.Wake)) {
		s.out.Wake = t
	}
}

// settled reports that the settle time of something acknowledged at t is over.
func (s *step) settled(t time.Time) bool {
	end := t.Add(s.Settle)
	s.wake(end)
	return !s.Now.Before(end)
}

// settledAndSeen asks in addition for a read of Teams after the settle time.
func (s *step) settledAndSeen(t time.Time) bool {
	return s.settled(t) && s.Teams != nil && s.Teams.certain(t.Add(s.Settle))
}

// inFlight reports anything written that is not answered yet, or not seen although it could be.
func (s *step) inFlight() bool {
	m := s.m
	if s.PBX != nil && s.PBX.Covered && m.ToPBX != nil && m.ToPBX.Stage == Sent {
		m.ToPBX = nil
	}
	return m.inFlight()
}

// tooSoon has a change wait where its slot was written at last, less than the pace ago.
// What is taken back does not wait.
func (s *step) tooSoon(last Write) bool {
	free := last.At.Add(s.Pace)
	if s.Goal != Sync || s.Now.Before(last.At) || !s.Now.Before(free) {
		return false
	}
	s.wake(free)
	s.waits = true
	return true
}

// teamsCall reports that Teams shows a call, the connector's own session included.
func (s *step) teamsCall() bool { return s.Teams != nil && s.Tables.isCall(s.Teams.Value) }

// ownCall reports that what Teams shows is the connector's own session, or was a moment ago.
func (s *step) ownCall() bool {
	h := s.m.Session
	return s.Teams != nil && h != nil && (h.Stage != Refused || !h.Until.IsZero()) && s.Teams.Value.Shows(h.Value)
}

// realTeamsCall reports a call that a person has in Teams.
func (s *step) realTeamsCall() bool { return s.teamsCall() && !s.ownCall() }

// onPhone reports a call that a person has on the PBX. Where calls are not counted, an own
// alien call hides whether one begins or ends.
func (s *step) onPhone() bool {
	switch {
	case s.PBX == nil || !s.PBX.OnPhone:
		return false
	case s.PBX.Counted || s.m.Call == nil || s.m.Call.Stage == Refused:
		return true
	}
	return s.m.Session.held()
}

// pbxCall is onPhone as far as it counts yet: a call that begins or ends too soon counts later. Its
// end also waits until a preferred presence may come back, which takes a look at Teams.
func (s *step) pbxCall() bool {
	on, held := s.onPhone(), s.m.Session.held()
	switch {
	case on == held:
		return on
	case s.tooSoon(s.m.Last.Session):
		return held
	case held && s.m.ToTeams.lifted() && s.Goal == Sync && (s.Teams == nil || s.tooSoon(s.m.Last.Preferred)):
		s.waits = true
		return held
	}
	return on
}
