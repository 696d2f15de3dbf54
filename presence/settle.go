package presence

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
	s.handBack()
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

// standsPBX ends the flight. What was taken back need not be remembered.
func (s *step) standsPBX() {
	s.m.ToPBX.Stage, s.m.ToPBX.Trail = Stands, nil
	if s.m.ToPBX.Activity == "" {
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
