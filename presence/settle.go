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
	if w == nil {
		return
	}
	if w.Stage == Refused && w.Tried && s.m.Agreed != nil {
		w.Stage = Sent // an earlier try may show yet
	}
	shown := s.PBX.Value.Activity
	switch {
	case w.Stage == Refused:
		s.giveUpPBX()
	case s.PBX.Covered: // an old value proves nothing
	case w.Stage == Sent:
		s.settlePBXFlight(w, shown)
	case w.Stage == Pending && !w.explains(*s.PBX):
		s.takenPBX()
	case w.Stage == Hidden && shown == w.Activity:
		s.standsPBX()
		s.agreePBX(shown)
	case w.Stage == Hidden && shown != w.Old, w.Stage == Stands && shown != w.Activity:
		s.takenPBX()
	}
}

// settlePBXFlight compares an acknowledged write with what the PBX shows. Where it takes back what has
// not shown yet, a look from before cannot tell whether that is still to come. What an earlier write had
// put there, and shows when the settle time is over, stands.
func (s *step) settlePBXFlight(w *PBXWrite, shown string) {
	late := s.settled(w.At)
	switch ours := shown != "" && slices.Contains(w.Trail, shown); {
	case !late && shown == w.Activity && shown == w.Old && len(w.Trail) > 0 && s.PBX.At.Before(w.At):
	case shown == w.Activity:
		s.standsPBX()
	case !w.explains(*s.PBX):
		s.takenPBX()
	case late && (shown == w.Old || ours):
		w.Stage, w.Old = Hidden, shown
		s.agreePBX(shown)
		s.fired(RuleHidden)
	case late:
		s.takenPBX()
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
