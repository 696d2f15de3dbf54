package presence

import (
	"slices"
	"time"
)

func (s *step) settleTeams() {
	w := s.m.ToTeams
	if w == nil {
		return
	}
	shown := s.Teams.Value
	if signedOut(shown) && slices.ContainsFunc(w.Trail, w.Old.Shows) {
		w.OldSequence = "" // what the connector had written may show again when its person comes back
	}
	if w.Stage != Leaving && w.Stage != Doubted && !w.Value.IsZero() {
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
	if s.m.Agreed == nil {
		return // the first look comes before
	}
	shown, unknown := s.Teams.Value, s.m.Agreed.Teams.IsZero()
	_, inTable := s.Tables.ToPBX(shown.Activity)
	switch {
	case s.ownCall():
		if s.m.Session.stands() && !s.outshines(s.m.Agreed.Teams) {
			s.agreeTeams(w.Value) // anything but the call is a choice from now on
		}
	case !inTable, s.teamsCall(), nobody(shown) && !manual(shown), s.explained(), unknown && !manual(shown) && !s.byHand(), shown.Shows(s.m.Agreed.Teams):
	default:
		s.agreeTeams(w.Value)
		s.takenTeams()
	}
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
			s.agreeTeams(s.uncovered(w))
			s.letGo()
		}
	case shown.Shows(w.Value):
		s.agreeTeams(shown)
		if w.Stage == Sent && (late || !w.trails(*s.Teams)) {
			w.Stage, w.Trail, w.Replaced = Stands, nil, nil
		}
	case late && (s.teamsCall() || signedOut(shown) || w.still(*s.Teams) || slices.ContainsFunc(w.Trail, shown.Shows)):
		w.Stage, w.Old, w.Trail, w.Replaced = Hidden, shown, nil, nil
		if s.teamsCall() {
			s.disagree(w)
		} else {
			s.agreeTeams(shown)
		}
		s.fired(RuleHidden)
	case !late && (w.isBeneath() || w.explains(*s.Teams) || signedOut(shown) || s.teamsCall() || s.uncovers(w) || s.comes(w)):
	default:
		s.takenTeams()
	}
}

// uncovered is what Teams shows as far as nobody has chosen that, since w has cleared the preferred
// presence: all of it, unless what showed before was none. Beside the own session only a hand can
// have set what is weaker.
func (s *step) uncovered(w *TeamsWrite) Teams {
	switch shown := s.Teams.Value; {
	case !preferable(w.Old) && !s.Tables.isCall(w.Old):
		return w.Old
	case s.teamsCall() || s.m.Session.stands() && weakerThanSession(shown):
		return Teams{}
	default:
		return shown
	}
}

// expired forgets a preferred presence that has run out. That is no change by a
// person, so what Teams shows now is agreed with what the PBX keeps.
func (s *step) expired() {
	s.disagree(s.m.ToTeams)
	s.m.ToTeams = nil
	s.fired(RuleExpired)
}

// disagree agrees on what Teams will show in place of w, unless something else has been agreed since.
func (s *step) disagree(w *TeamsWrite) {
	if s.m.Agreed != nil && s.m.Agreed.Teams.Shows(w.Value) {
		s.m.Agreed.Teams = Teams{}
	}
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

func (s *step) agreeTeams(t Teams) {
	if s.m.Agreed != nil {
		s.m.Agreed.Teams = t
	}
}
