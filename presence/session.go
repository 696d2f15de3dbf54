package presence

import "time"

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
	case h.Stage == Sent && (shows && !s.Teams.At.Before(h.At) || s.settledAndSeen(h.At)):
		if h.Stage = Stands; !shows {
			s.fired(RuleHidden)
		}
	case h.Stage == Refused && (!shows && s.settled(h.Until) || s.settledAndSeen(h.Until)):
		h.Until = time.Time{} // nothing of it is left
	case h.Stage == Renewing && !s.Now.Before(h.Until): // ended, unless the renewal has arrived
		h.Stage, h.At = Pending, s.Now
		s.lapsed()
	case h.Stage != Gone && h.Stage != Pending && h.Stage != Refused && !s.Now.Before(h.Until): // Graph has ended it
		if h.Stage, h.At = Gone, h.Until; s.Goal == Sync && s.onPhone() {
			s.fired(RuleLost)
		}
		s.lapsed()
	}
	if h.stands() && shows {
		h.Sequence = s.Teams.Sequence
	}
}

// lapsed takes that the session has ended by itself: what shows beneath, where a preferred presence
// has made room for it, nobody has chosen.
func (s *step) lapsed() {
	if s.m.ToTeams.lifted() {
		s.agreeTeams(Teams{})
	}
}

// newer reports that Teams shows a later version than the one with that number,
// where both are numbered.
func (s *step) newer(sequence string) bool { return sequence != "" && s.Teams.Sequence > sequence }
