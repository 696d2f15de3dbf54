package presence

import "slices"

// settle compares what was written with what the sides show.
func (s *step) settle() {
	s.doubt()
	if s.PBX != nil {
		s.settlePBX()
		s.settleCall()
	}
	s.settleSession()
	if s.Teams != nil {
		s.settleTeams()
	}
	s.handBack()
}

// doubt notes that what is to be written may have arrived: it was decided before, and that was
// stored. So it may stand although the next try is refused. A session may last from the next try on.
func (s *step) doubt() {
	if h := s.m.Session; h != nil && h.Stage == Pending && !s.TeamsHeld {
		h.Until = s.Now.Add(s.Session)
	}
	if w := s.m.ToTeams; w != nil && w.Stage == Pending {
		w.Tried = true
	}
	if w := s.m.ToPBX; w != nil && w.Stage == Pending {
		w.Tried = true
	}
}

func (s *step) settlePBX() {
	w := s.m.ToPBX
	if w == nil || s.PBX.Covered && w.Stage != Refused {
		return
	}
	shown := s.PBX.Value.Activity
	switch w.Stage {
	case Sent:
		late := s.settled(w.At)
		switch {
		case shown == w.Activity && shown == w.Old && len(w.Trail) > 0 && !late: // or nothing shows yet
		case shown == w.Activity:
			s.standsPBX()
		case late && shown != w.Old && shown != "" && slices.Contains(w.Trail, shown): // it had not shown before
			w.Stage, w.Old = Hidden, shown
			s.agreePBX(shown)
			s.fired(RuleHidden)
		case !w.explains(shown, s.PBXBegan), late && shown != w.Old:
			s.takenPBX()
		case late:
			w.Stage = Hidden
			s.agreePBX(shown)
			s.fired(RuleHidden)
		}
	case Pending:
		if !w.explains(shown, s.PBXBegan) {
			s.takenPBX()
		}
	case Refused:
		if shown == w.Activity && w.Tried {
			s.standsPBX()
		} else {
			s.giveUpPBX()
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

// standsPBX ends the flight. What was taken back need not be remembered.
func (s *step) standsPBX() {
	s.m.ToPBX.Stage, s.m.ToPBX.Trail, s.m.ToPBX.Tried = Stands, nil, false
	if s.m.ToPBX.Activity == "" {
		s.m.ToPBX = nil
	}
}

func (s *step) takenPBX() {
	s.m.ToPBX = nil
	s.fired(RuleTaken)
}

// giveUpPBX agrees that the PBX stays as it is, which may be what was written before. What
// cannot be taken back, where nothing is agreed any more, is let be.
func (s *step) giveUpPBX() {
	w := s.m.ToPBX
	s.m.ToPBX = nil
	if s.m.Agreed == nil {
		return
	}
	switch n := len(w.Trail) - 1; {
	case w.oldIsOurs():
		s.agreePBX(w.Old)
		s.m.ToPBX = &PBXWrite{Activity: w.Old, Stage: Stands, At: w.At}
	case n >= 0: // the one before was not seen yet
		s.agreePBX(w.Trail[n])
		s.m.ToPBX = &PBXWrite{Activity: w.Trail[n], Old: w.Old, Trail: w.Trail[:n], Stage: Sent, At: w.At}
	default:
		s.agreePBX(w.Old)
	}
}

func (s *step) agreePBX(activity string) {
	if s.m.Agreed != nil {
		s.m.Agreed.PBX = activity
	}
}

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
