package presence

import (
	"slices"
	"time"
)

// values is the three-way merge of what people set: what each side shows now
// against the agreed pair.
func (s *step) values() {
	if s.Teams == nil || s.PBX == nil {
		return
	}
	teams, pbx := s.Teams.Value, s.PBX.Value.Activity
	word, visible := s.word()
	if s.m.Agreed == nil {
		s.first(teams, pbx, word, visible)
		return
	}
	agreed := s.m.Agreed
	if agreed.Teams.IsZero() && visible && !s.explained() {
		agreed.Teams = teams
	}
	manual, inTable := s.Tables.ToTeams(pbx)
	if !inTable && pbx != OnThePhone {
		s.out.Unknown = append(s.out.Unknown, "PBX activity "+pbx)
	}
	teamsChanged := visible && !teams.Shows(agreed.Teams) && !s.explained()
	pbxChanged := inTable && pbx != agreed.PBX && !s.m.ToPBX.explains(pbx)
	if teamsChanged && !s.Direction.toPBX() {
		agreed.Teams, teamsChanged = teams, false
	}
	if pbxChanged && !s.Direction.toTeams() {
		agreed.PBX, pbxChanged = pbx, false
	}
	same := word == pbx || word == Online && pbx == "" && !nobody(teams)
	switch {
	case teamsChanged && pbxChanged && same:
		*agreed = Pair{teams, pbx}
		s.fired(RuleAgree)
		s.matched(SideTeams, teams.Activity)
	case teamsChanged && pbxChanged && !nobody(teams) && s.teamsIsNewer():
		s.fired(RuleBothTeams)
		s.carryTeams(teams, word, pbx)
	case teamsChanged && pbxChanged:
		s.fired(RuleBothPBX)
		s.carryPBX(pbx, manual)
	case teamsChanged:
		s.fired(RuleTeams)
		s.carryTeams(teams, word, pbx)
	case pbxChanged:
		s.fired(RulePBX)
		s.carryPBX(pbx, manual)
	}
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
	case s.m.Call != nil && s.m.Call.Stage == Refused && (s.PBX.Value.Activity == "" || s.fromTeams()):
		return Busy, true
	}
	return word, false
}

// fromTeams reports that what the PBX shows was put there by the connector.
func (s *step) fromTeams() bool {
	w := s.m.ToPBX
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
	case !visible:
		return
	}
	s.m.Agreed.Teams = teams
	if word != Online && word != pbx && s.Direction.toPBX() {
		s.fired(RuleFirst)
		s.matched(SideTeams, teams.Activity)
		s.writePBX(word)
	}
}

func (s *step) carryTeams(teams Teams, word, pbx string) {
	before := s.m.Agreed.Teams
	s.matched(SideTeams, teams.Activity)
	*s.m.Agreed = Pair{teams, pbx}
	switch {
	case word != Online:
	case !nobody(teams) && !nobody(before) && !s.Tables.isCall(before), s.fromTeams():
		word = ""
	default:
		if pbx != "" {
			s.fired(RuleNobody)
		}
		return
	}
	if word != pbx || s.m.ToPBX.inFlight() {
		s.writePBX(word)
	}
}

func (s *step) writePBX(activity string) {
	w := &PBXWrite{Activity: activity, Old: s.PBX.Value.Activity, Stage: Pending, At: s.Now}
	if last := s.m.ToPBX; last != nil {
		w.Trail = distinct(append(slices.Clip(last.Trail), last.Activity))
	}
	s.m.ToPBX = w
	s.agreePBX(activity)
}

func (s *step) carryPBX(pbx string, manual Manual) {
	s.matched(SidePBX, pbx)
	s.m.Agreed.PBX = pbx
	last := s.m.ToTeams
	inTeams := last != nil && last.Stage != Lifted // something of ours is, or may be, in Teams
	busy := s.pbxCall() || s.realTeamsCall()
	s.m.Agreed.Teams = manual.Value
	switch {
	case manual.Value.IsZero() && last != nil && last.Stage == Lifted:
		s.m.ToTeams = nil
	case !manual.Value.IsZero() && busy && weakerThanCall(manual.Value):
		s.writeTeams(manual)
		if s.m.ToTeams.Stage = Lifted; inTeams && (!last.Value.IsZero() || last.Stage == Pending) {
			s.m.ToTeams.Stage = Lifting
		}
		s.fired(RuleLift)
	default:
		s.writeTeams(manual)
	}
}

func (s *step) writeTeams(manual Manual) {
	w := &TeamsWrite{
		Value: manual.Value, Old: s.Teams.Value, OldSequence: s.Teams.Sequence,
		Stage: Pending, At: s.Now, Until: s.Now.Add(manual.Lifetime),
	}
	switch last := s.m.ToTeams; {
	case last.inFlight():
		w.Trail = distinct(append(slices.Clip(last.Trail), last.Old, last.Value))
	case last.stands():
		w.Trail = []Teams{last.Value}
	}
	s.m.ToTeams = w
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
