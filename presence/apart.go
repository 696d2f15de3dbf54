package presence

import "cmp"

// Apart says in sentences for an operator why the sides do not show the same, and nothing
// where they do: what one shows stands in the tables for what the other does. While Teams
// shows a call, only calls are compared.
func (r Rules) Apart(m Memory, v View) (why []string) {
	s := &step{Rules: r, View: v, m: m.Clone()}
	if v.Teams == nil {
		why = append(why, "what Teams shows has not been seen yet")
	}
	if v.PBX == nil {
		why = append(why, "the PBX that serves the person is not connected, or does not tell what it shows")
	}
	if len(why) > 0 {
		return why
	}
	if reason := s.callsApart(); reason != "" {
		why = append(why, reason)
	}
	if reason := s.valuesApart(); reason != "" {
		why = append(why, reason)
	}
	return why
}

func (s *step) callsApart() string {
	h, c := s.m.Session, s.m.Call
	switch {
	case s.pbxCall() && !s.teamsCall():
		switch {
		case !s.Direction.toTeams():
			return s.oneWay("the call on the PBX")
		case h != nil && h.Stage == Sent:
			return "the session that shows the call on the PBX is written, and Teams does not show it yet"
		}
		return cmp.Or(s.m.Hidden(s.Teams), "the session that shows the call on the PBX is not written yet")
	case s.realTeamsCall() && (c == nil || c.Stage == Pending):
		if !s.Direction.toPBX() {
			return s.oneWay("the call in Teams")
		}
		return "the alien call that shows the call in Teams is not added yet"
	case s.realTeamsCall() && c.Stage == Refused:
		return s.m.Hidden(s.Teams)
	case s.ownCall() && !s.pbxCall():
		return "the call on the PBX has ended, and its session in Teams is being taken back"
	case c != nil && c.Stage == Leaving:
		return "the call in Teams has ended, and its alien call on the PBX is being taken back"
	}
	return ""
}

func (s *step) oneWay(what string) string {
	return what + " is not carried: the direction is " + string(s.Direction)
}

func (s *step) valuesApart() string {
	teams, pbx := s.Teams.Value, s.PBX.Value.Activity
	if s.teamsCall() {
		return ""
	}
	word, known := s.Tables.ToPBX(teams.Activity)
	manual, inTable := s.Tables.ToTeams(pbx)
	if known && word == pbx || word == Online && pbx == "" || !manual.Value.IsZero() && manual.Value.Shows(teams) {
		return ""
	}
	if s.PBX.Covered {
		return "a call hides what is set on the PBX until it ends"
	}
	if reason := s.writesApart(); reason != "" {
		return reason
	}
	if reason := s.rivalry(); reason != "" {
		return reason
	}
	next := s.Merge(s.m, s.View)
	switch {
	case !known:
		return "the Teams activity " + teams.Activity + " is in no row of to_pbx and changes nothing"
	case !inTable && pbx != OnThePhone:
		return "the PBX activity " + pbx + " is in no row of to_teams and changes nothing"
	case next.Action != nil || next.Behind:
		return "what has changed is about to be carried"
	case nobody(teams):
		return "nobody is at Teams, and what a person set on the PBX stays"
	case !s.Direction.toTeams():
		return s.oneWay("what is set on the PBX")
	case !s.Direction.toPBX():
		return s.oneWay("what is set in Teams")
	}
	return "this is the agreed pair: neither side has changed since, so nothing is carried"
}

// rivalry says which side is left alone because of another program, if one is.
func (s *step) rivalry() string {
	for _, side := range []Side{SideTeams, SidePBX} {
		if r, _ := s.rival(side); (*r).Pauses(s.Now) {
			return "another program keeps changing back what is written on the side of " + string(side) + ", which is left alone for a while"
		}
	}
	return ""
}

// writesApart says what has become of the last writes of values.
func (s *step) writesApart() string {
	if w := s.m.ToPBX; w.inFlight() {
		return s.flight(SetActivity{w.Activity}, w.Stage)
	}
	if w := s.m.ToTeams; w != nil {
		switch {
		case w.inFlight() && w.Value.IsZero():
			return s.flight(ClearPreferred{}, w.Stage)
		case w.inFlight():
			return s.flight(SetPreferred{Value: w.Value}, w.Stage)
		case w.Stage == Lifting || w.Stage == Lifted:
			return SetPreferred{Value: w.Value}.String() + " makes room for a call, and comes back after it"
		}
	}
	return s.m.Hidden(s.Teams)
}

func (s *step) flight(a Action, stage Stage) string {
	if stage == Pending {
		return a.String() + " is not written yet"
	}
	return a.String() + " is written, and " + string(a.Side()) + " does not show it yet"
}
