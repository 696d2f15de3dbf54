package presence

import (
	"slices"
	"time"
)

// values is the three-way merge of what people set: what each side shows now
// against the agreed pair.
func (s *step) values() {
	if s.Teams == nil || s.PBX == nil {
		s.waits = s.waits || s.outOfSight()
		return
	}
	s.forgive(SideTeams)
	s.forgive(SidePBX)
	teams, pbx := s.Teams.Value, s.PBX.Value.Activity
	word, visible := s.word()
	if s.m.Agreed == nil {
		if s.PBX.Covered || s.tooSoon(s.m.Last.Activity) {
			return
		}
		s.first(teams, pbx, word, visible)
		return
	}
	agreed := s.m.Agreed
	if known := word != ""; agreed.Teams.IsZero() && (visible || !known) && !s.explained() && !s.byHand() {
		agreed.Teams = teams
	}
	write, inTable := s.Tables.ToTeams(pbx)
	if !inTable && pbx != OnThePhone {
		s.out.Unknown = append(s.out.Unknown, "PBX activity "+pbx)
	}
	teamsChanged := visible && !teams.Shows(agreed.Teams) && !s.explained()
	pbxChanged := inTable && !s.PBX.Covered && pbx != agreed.PBX && !s.m.ToPBX.explains(*s.PBX)
	waits := s.onPhone() != s.pbxCall() // a call does, and what is set on the PBX goes with it
	if teamsChanged && s.tooSoon(s.m.Last.Activity) || pbxChanged && (waits || s.tooSoon(s.m.Last.Preferred)) {
		return
	}
	if teamsChanged {
		s.contest(SideTeams, teams.Activity)
	}
	if pbxChanged {
		s.contest(SidePBX, pbx)
	}
	if teamsChanged && !s.mayWrite(SidePBX) {
		agreed.Teams, teamsChanged = teams, false
	}
	if pbxChanged && !s.mayWrite(SideTeams) {
		agreed.PBX, pbxChanged = pbx, false
	}
	same := word == pbx || word == Online && pbx == "" && !nobody(teams)
	switch {
	case teamsChanged && pbxChanged && same:
		*agreed = Pair{teams, pbx}
		s.fired(RuleAgree)
		s.matched(SideTeams, teams.Activity)
	case teamsChanged && pbxChanged && !nobody(teams) && !s.leaves(word) && s.teamsIsNewer():
		s.fired(RuleBothTeams)
		s.carryTeams(teams, word, pbx)
	case teamsChanged && pbxChanged:
		s.fired(RuleBothPBX)
		s.carryPBX(pbx, write)
	case teamsChanged:
		s.fired(RuleTeams)
		s.carryTeams(teams, word, pbx)
	case pbxChanged:
		s.fired(RulePBX)
		s.carryPBX(pbx, write)
	}
}

// outOfSight reports a change on one side that waits until the other one is seen again.
func (s *step) outOfSight() bool {
	switch agreed := s.m.Agreed; {
	case agreed == nil:
		return false
	case s.Teams != nil && s.mayWrite(SidePBX):
		word, known := s.Tables.ToPBX(s.Teams.Value.Activity)
		changed := known && word != OnThePhone && !agreed.Teams.IsZero() && !s.Teams.Value.Shows(agreed.Teams) && !s.explained()
		return changed || s.m.Call == nil && s.realTeamsCall()
	case s.PBX != nil && s.mayWrite(SideTeams):
		_, known := s.Tables.ToTeams(s.PBX.Value.Activity)
		return known && !s.PBX.Covered && s.PBX.Value.Activity != agreed.PBX && !s.m.ToPBX.explains(*s.PBX)
	}
	return false
}

// word returns what Teams shows in the words of the PBX, and whether that is a
// value set by people. A call hides it, except where the PBX refused the alien
// call and is shown busy instead.
func (s *step) word() (word string, visible bool) {
	word, known := s.Tables.ToPBX(s.Teams.Value.Activity)
	switch {
	case !known:
		s.out.Unknown = append(s.out.Unknown, "Teams activity "+s.Teams.Value.Activity)
		return "", false
	case word != OnThePhone:
		return word, true
	case s.realTeamsCall() && s.m.Call != nil && s.m.Call.Stage == Refused && (s.PBX.Value.Activity == "" || s.fromTeams()):
		return Busy, true
	}
	return word, false
}

// fromTeams reports that what the PBX shows was put there by the connector. What is hidden may be beneath
// nothing.
func (s *step) fromTeams() bool {
	w := s.m.ToPBX
	if w != nil && w.Stage == Hidden {
		return w.Old == "" || w.oldIsOurs()
	}
	return w != nil && w.Activity != "" && (w.Activity == s.PBX.Value.Activity || w.inFlight())
}

// teamsIsNewer compares when the values were first seen; within the same second Teams wins.
func (s *step) teamsIsNewer() bool { return s.PBXSince.Sub(s.TeamsSince) < time.Second }

// first is the start without an agreed pair. What stands on the PBX is not pushed
// to Teams: it may be years old.
func (s *step) first(teams Teams, pbx, word string, visible bool) {
	if s.m.ToPBX.inFlight() {
		pbx = s.m.ToPBX.Activity // what is being taken back
	}
	s.m.Agreed = &Pair{PBX: pbx}
	switch {
	case s.explained():
		return
	case s.teamsCall(): // what shows after the call is a change
		s.m.Agreed.Teams = teams
		return
	}
	s.m.Agreed.Teams = teams
	if visible && word != Online && word != pbx && s.Direction.toPBX() {
		s.fired(RuleFirst)
		s.matched(SideTeams, teams.Activity)
		s.writePBX(word)
	}
}

// leaves reports that a word of Teams does not take away what a person has set on the PBX: nobody
// has chosen Available, but come to or left Teams, or ended a call or what is in no table.
func (s *step) leaves(word string) bool {
	before := s.m.Agreed.Teams
	_, known := s.Tables.ToPBX(before.Activity)
	return word == Online && (!s.fromTeams() || s.putsBack()) && (nobody(s.Teams.Value) || nobody(before) || s.Tables.isCall(before) || !known && !before.IsZero())
}

func (s *step) carryTeams(teams Teams, word, pbx string) {
	leaves := s.leaves(word)
	s.matched(SideTeams, teams.Activity)
	if s.agreeTeams(teams); !s.m.ToPBX.inFlight() && !s.PBX.Covered {
		s.agreePBX(pbx)
	}
	switch {
	case leaves && pbx != "":
		s.fired(RuleNobody)
		return
	case leaves:
		return
	case word == Online:
		word = ""
	}
	if last := s.m.ToPBX; word != pbx || last.inFlight() || last != nil && last.Stage == Hidden {
		s.writePBX(word)
	}
}

// writePBX replaces what the PBX shows, and with it what of that was still on
// its way to Teams, or waits for the end of a call.
func (s *step) writePBX(activity string) {
	switch wait := s.m.ToTeams; {
	case wait.lifted() && !wait.stays(), wait.isBeneath() && !s.Teams.Value.Shows(wait.Value) && !signedOut(s.Teams.Value):
		s.m.ToTeams = wait.gone()
	case wait.stays(), wait != nil && (wait.Stage == Pending || wait.Stage == Sent && !wait.Value.IsZero()):
		wait.Stage = Leaving // it may have arrived
	}
	w := &PBXWrite{Activity: activity, Old: s.PBX.Value.Activity, Stage: Pending, At: s.Now}
	if last := s.m.ToPBX; last != nil && last.Stage == Hidden {
		w.Trail = last.Trail
	} else if last != nil {
		w.Trail = distinct(append(slices.Clip(last.Trail), last.Activity))
	}
	s.m.ToPBX = w
	s.agreePBX(activity)
}

func (s *step) carryPBX(pbx string, manual Manual) {
	s.matched(SidePBX, pbx)
	before, last := s.m.Agreed.Teams, s.m.ToTeams
	*s.m.Agreed = Pair{manual.Value, pbx}
	busy := s.pbxCall() || s.realTeamsCall()
	switch {
	case manual.Value.IsZero() && last.lifted() && !last.stays():
		s.m.ToTeams = last.gone()
		s.agreeShown()
	case !manual.Value.IsZero() && busy && weakerThanCall(manual.Value):
		s.writeTeams(manual)
		s.m.ToTeams.Stage = Lifted
		switch {
		case last.stays(), last != nil && !last.lifted() && (!last.Value.IsZero() || last.Stage == Pending || last.Stage == Leaving):
			s.m.ToTeams.Stage = Lifting // something of ours is, or may be, in Teams
			s.agreeTeams(Teams{})
		case !s.ownCall():
			s.agreeShown()
		case s.outshines(before): // a Teams call that looks like the session hides it
			s.agreeTeams(before)
		}
		s.fired(RuleLift)
	default:
		s.writeTeams(manual)
	}
}

// agreeShown agrees what Teams shows, or what it will show first after a call.
func (s *step) agreeShown() {
	if s.agreeTeams(s.Teams.Value); s.teamsCall() {
		s.agreeTeams(Teams{})
	}
}

func (s *step) writeTeams(manual Manual) {
	w := &TeamsWrite{
		Value: manual.Value, Old: s.Teams.Value, OldSequence: s.sequence(),
		Stage: Pending, At: s.Now, Until: s.Now.Add(manual.Lifetime),
	}
	switch last := s.m.ToTeams; {
	case last.inFlight(), last.stays(), last != nil && last.Stage == Leaving:
		w.Trail = distinct(append(slices.Clip(last.Trail), last.Value))
		w.Replaced = distinct(append(slices.Clip(last.Replaced), last.Old))
		if w.Under, w.UnderUntil = last.Value, last.Until; last.Value.IsZero() && last.Stage != Sent {
			w.Under, w.UnderUntil = last.Under, last.UnderUntil
		}
	case last != nil && !last.Value.IsZero() && !last.lifted():
		w.Trail = []Teams{last.Value}
		if shown := s.Teams.Value; last.Stage == Hidden || shown.Shows(last.Value) || signedOut(shown) {
			w.Under, w.UnderUntil = last.Value, last.Until
		}
	}
	s.m.ToTeams = w
}

// sequence is the number of what Teams shows. None tells of a person where the own session may have come
// or gone since the look.
func (s *step) sequence() string {
	if s.Teams.At.Before(s.m.Last.Session.At.Add(s.Settle)) {
		return ""
	}
	return s.Teams.Sequence
}

// distinct drops what is in list twice, so that a trail is never longer than there
// are values.
func distinct[T comparable](list []T) []T {
	var out []T
	for _, v := range list {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
