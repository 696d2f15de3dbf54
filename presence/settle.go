package presence

import (
	"slices"
	"time"
)

// settle compares what was written with what the sides show.
func (s *step) settle() {
	if s.PBX != nil {
		s.settlePBX()
		s.settleCall()
	}
	s.settleSession()
	if s.Teams != nil {
		s.settleTeams()
	}
}

func (s *step) settlePBX() {
	w := s.m.ToPBX
	if w == nil {
		return
	}
	shown := s.PBX.Value.Activity
	switch w.Stage {
	case Sent:
		late := s.settled(w.At)
		switch {
		case shown == w.Activity:
			s.standsPBX()
		case !w.explains(shown), late && shown != w.Old:
			s.takenPBX()
		case late:
			w.Stage, w.Old, w.Trail = Hidden, shown, nil
			s.agreePBX(shown)
			s.fired(RuleHidden)
		}
	case Pending:
		if !w.explains(shown) {
			s.takenPBX()
		}
	case Hidden:
		if shown == w.Activity {
			s.standsPBX()
			s.agreePBX(shown)
		} else if shown != w.Old {
			s.takenPBX()
		}
	case Stands:
		if shown != w.Activity {
			s.takenPBX()
		}
	}
}

// standsPBX ends the flight. What was taken back need not be remembered, nor what was put back
// for a person: what Teams holds has come from there.
func (s *step) standsPBX() {
	w := s.m.ToPBX
	w.Stage, w.Trail = Stands, nil
	source, _ := s.Tables.ToTeams(w.Activity)
	if held := s.m.ToTeams; w.Activity == "" || held != nil && !held.Value.IsZero() && held.Stage != Doubted && held.Value == source.Value {
		s.m.ToPBX = nil
	}
}

func (s *step) takenPBX() {
	s.m.ToPBX = nil
	s.fired(RuleTaken)
}

func (s *step) agreePBX(activity string) {
	if s.m.Agreed != nil {
		s.m.Agreed.PBX = activity
	}
}

func (s *step) settleTeams() {
	w := s.m.ToTeams
	if w == nil {
		return
	}
	shown := s.Teams.Value
	if w.Stage != Leaving && !w.Value.IsZero() {
		s.wake(w.Until)
		switch over := !s.Now.Before(w.Until.Add(-time.Second)); {
		case over && (w.Stage == Pending || !shown.Shows(w.Value)):
			s.expired()
			return
		case w.stands() && s.settledAndSeen(w.Until): // its person shows the same without it
			s.m.ToTeams = nil
			return
		}
	}
	switch {
	case w.Stage == Sent || w.Stage == Pending:
		s.settleTeamsFlight(w)
	case w.Stage == Leaving:
	case w.Value.IsZero():
		s.settleTeamsGone(w)
	case w.Stage == Doubted:
		s.settleDoubted(w)
	case w.Stage == Lifting || w.Stage == Lifted:
		s.settleLifted(w)
	case shown.Shows(w.Value):
		if a := s.m.Agreed; w.Stage == Hidden || a != nil && (a.Teams.IsZero() || nobody(a.Teams)) {
			s.agreeTeams(shown) // its person has signed in again: no change
		}
		w.Stage = Stands
	case w.Stage == Stands && !signedOut(shown) && !s.ownCall(),
		w.Stage == Hidden && !signedOut(shown) && !s.ownCall() && !shown.Shows(w.Old):
		s.takenTeams()
	}
}

// settleLifted learns what shows beneath a preferred presence that has made room for a
// call. Nobody has chosen that just now, unless only a hand can set it.
func (s *step) settleLifted(w *TeamsWrite) {
	shown, unknown := s.Teams.Value, s.m.Agreed.Teams.IsZero()
	_, inTable := s.Tables.ToPBX(shown.Activity)
	switch {
	case s.ownCall():
		if s.m.Session.stands() && !s.outshines(s.m.Agreed.Teams) {
			s.agreeTeams(w.Value) // anything but the call is a choice from now on
		}
	case !inTable, s.teamsCall(), nobody(shown), s.explained(), unknown && !manual(shown) && !s.byHand(), shown.Shows(s.m.Agreed.Teams):
	default:
		s.agreeTeams(w.Value)
		s.takenTeams()
	}
}

// byHand reports that only a hand can have set what Teams shows beside the own session:
// clients do not show it, or the session is stronger.
func (s *step) byHand() bool {
	return s.m.Session.stands() && (manual(s.Teams.Value) || weakerThanSession(s.Teams.Value))
}

// echoed reports that what Teams shows may be a late echo of what has made room for a call, or of
// what was written before that. It tells of no call.
func (s *step) echoed() bool {
	w := s.m.ToTeams
	return s.Teams != nil && w.lifted() && slices.ContainsFunc(w.Trail, s.Teams.Value.Shows) && !s.settled(w.At)
}

// outshines reports that a client shows a value in place of the own session, and nobody has
// chosen it.
func (s *step) outshines(t Teams) bool {
	return !t.IsZero() && !weakerThanSession(t) && !manual(t) && !s.Tables.isCall(t)
}

// uncovers reports that what Teams shows may be what was beneath the own session, which has ended
// or may have ended, and w does not show yet.
func (s *step) uncovers(w *TeamsWrite) bool {
	h := s.m.Session
	ended := h != nil && (h.Stage == Leaving || h.Stage == Gone || h.Stage == Pending && !h.Until.IsZero())
	return w.inFlight() && ended && !manual(s.Teams.Value)
}

// early reports that what Teams shows may be what w, which makes room for the own session, has
// revealed before that shows. If the session stands a moment later, a hand has set it.
func (s *step) early(w *TeamsWrite) bool {
	h := s.m.Session
	return w.lifted() && h != nil && h.Stage == Sent && s.m.Agreed != nil && s.m.Agreed.Teams.IsZero() && weakerThanSession(s.Teams.Value)
}

// explained reports that what Teams shows is no change by a person, because of the
// last write. To have made room for a call explains it for the settle time only.
func (s *step) explained() bool {
	w := s.m.ToTeams
	return s.unsure || s.uncovers(w) || s.early(w) || w.explains(*s.Teams) && (w.Stage != Lifted || s.Teams.Value.Shows(w.Value) || !s.settled(w.At))
}

func (s *step) settleTeamsFlight(w *TeamsWrite) {
	shown, late := s.Teams.Value, w.Stage == Sent && s.settledAndSeen(w.At)
	switch {
	case w.Value.IsZero(): // cleared: a read tells what was beneath
		if w.Stage == Sent && !s.Teams.certain(w.At) {
			s.unsure = true
			return
		}
		if w.Stage == Sent && (late || !w.still(*s.Teams) && !w.trails(*s.Teams)) {
			s.agreeTeams(Teams{})
			s.letGo()
		}
	case shown.Shows(w.Value):
		s.agreeTeams(shown)
		if w.Stage == Sent && (late || !w.trails(*s.Teams)) {
			w.Stage, w.Trail, w.Replaced = Stands, nil, nil
		}
	case late && (s.teamsCall() || signedOut(shown) || w.still(*s.Teams)):
		w.Stage, w.Old, w.Trail, w.Replaced = Hidden, shown, nil, nil
		if s.teamsCall() {
			s.agreeTeams(Teams{})
		} else {
			s.agreeTeams(shown)
		}
		s.fired(RuleHidden)
	case !late && (w.explains(*s.Teams) || signedOut(shown) || s.teamsCall() || s.uncovers(w)):
	default:
		s.takenTeams()
	}
}

// expired forgets a preferred presence that has run out. That is no change by a
// person, so what Teams shows now is agreed with what the PBX keeps.
func (s *step) expired() {
	s.m.ToTeams = nil
	s.agreeTeams(Teams{})
	s.fired(RuleExpired)
}

// takenTeams gives up what a person has replaced. A look that may be a late echo does
// not prove that; then Teams is read first.
func (s *step) takenTeams() {
	if !s.Teams.certain(s.m.ToTeams.At) {
		s.unsure = true
		return
	}
	s.letGo()
	s.fired(RuleTaken)
}

// letGo forgets a preferred presence that no longer stands. One that is younger than the settle
// time is doubted: what it was given up for may be older, and only shown later. Of the others it
// stays known for that time that something was written: notifications may still arrive.
func (s *step) letGo() {
	w := s.m.ToTeams
	if !w.Value.IsZero() && !w.lifted() && !s.settled(w.At) {
		w.Stage, w.Trail, w.Replaced = Doubted, nil, nil
		s.settleDoubted(w)
		return
	}
	s.m.ToTeams = &TeamsWrite{Stage: Stands, At: w.At}
	s.settleTeamsGone(s.m.ToTeams)
}

func (s *step) settleTeamsGone(w *TeamsWrite) {
	if s.settled(w.At) {
		s.m.ToTeams = nil
	} else {
		s.mistrust()
	}
}

// settleDoubted takes up what was given up and shows after all. Nobody can tell what is beneath
// while its person is signed out.
func (s *step) settleDoubted(w *TeamsWrite) {
	switch shows := s.Teams.Value.Shows(w.Value); {
	case shows && !s.Teams.certain(w.At):
		s.unsure = true
	case shows:
		s.regain(w)
	case signedOut(s.Teams.Value):
	case s.settledAndSeen(w.At):
		s.m.ToTeams = nil
	default:
		s.mistrust()
	}
}

// mistrust has Teams read where a notification tells of a change, which may be an old one.
func (s *step) mistrust() {
	if s.m.Agreed != nil && s.Teams.Notified && !s.Teams.Value.Shows(s.m.Agreed.Teams) {
		s.unsure = true
	}
}

// regain takes up a preferred presence again. What was carried to the PBX meanwhile is older, so
// it is carried as well.
func (s *step) regain(w *TeamsWrite) {
	carries := s.Goal == Sync && s.m.Agreed != nil && s.mayWrite(SidePBX)
	if carries && (s.PBX == nil || s.tooSoon(s.m.Last.Activity)) {
		return
	}
	w.Stage = Stands
	if word, visible := s.word(); carries && visible {
		s.fired(RuleLate)
		s.carryTeams(s.Teams.Value, word, s.PBX.Value.Activity)
	}
}

func (s *step) agreeTeams(t Teams) {
	if s.m.Agreed != nil {
		s.m.Agreed.Teams = t
	}
}

func (s *step) settleSession() {
	h := s.m.Session
	if h == nil {
		return
	}
	shows := s.Teams != nil && s.Teams.Value.Shows(h.Value)
	switch {
	case h.Stage == Gone && shows && s.Teams.Notified: // late, or somebody's call
		s.unsure = true
	case h.Stage == Gone && (shows && s.Teams.certain(h.At) && s.newer(h.Sequence) || !shows && s.settled(h.At) || s.settledAndSeen(h.At)):
		s.m.Session = nil
	case h.Stage == Sent && (shows || s.settledAndSeen(h.At)):
		if h.Stage = Stands; !shows {
			s.fired(RuleHidden)
		}
	case h.Stage == Refused && (!shows && s.settled(h.Until) || s.settledAndSeen(h.Until)):
		h.Until = time.Time{} // nothing of it is left
	case h.Stage == Renewing && !s.Now.Before(h.Until): // ended, unless the renewal has arrived
		h.Stage, h.At = Pending, s.Now
	case h.Stage != Gone && h.Stage != Pending && h.Stage != Refused && !s.Now.Before(h.Until): // Graph has ended it
		if h.Stage, h.At = Gone, h.Until; s.Goal == Sync && s.onPhone() {
			s.fired(RuleLost)
		}
	}
	if h.stands() && shows {
		h.Sequence = s.Teams.Sequence
	}
}

// newer reports that Teams shows a later version than the one with that number,
// where both are numbered.
func (s *step) newer(sequence string) bool { return sequence != "" && s.Teams.Sequence > sequence }

func (s *step) settleCall() {
	c := s.m.Call
	if c == nil {
		return
	}
	moved := c.Connection != s.PBX.Connection && !s.PBX.At.Before(c.At)
	switch {
	case moved && c.Stage != Pending: // it ended with its connection
		if c.Stage == Stands && s.Goal == Sync && s.realTeamsCall() {
			s.fired(RuleLost)
		}
		s.m.Call = nil
	case c.Stage == Gone && (s.PBX.Counted || !s.PBX.OnPhone || s.settled(c.At)):
		s.m.Call = nil
	}
}
