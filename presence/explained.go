package presence

import "slices"

// explained reports that what Teams shows is no change by a person, because of the
// last write. To have made room for a call explains what was seen within the settle time only.
func (s *step) explained() bool {
	w := s.m.ToTeams
	return s.unsure || s.uncovers(w) || s.comes(w) || s.early(w) || w.explains(*s.Teams) && (w.Stage != Lifted || s.Teams.Value.Shows(w.Value) || s.Teams.At.Before(w.At.Add(s.Settle)))
}

// byHand reports that only a hand can have set what Teams shows beside the own session:
// clients do not show it, or the session is stronger.
func (s *step) byHand() bool {
	return s.m.Session.stands() && !s.Teams.At.Before(s.m.Last.Session.At) && (manual(s.Teams.Value) || weakerThanSession(s.Teams.Value))
}

// echoed reports that what Teams shows may be a late echo of what has made room for a call, or of
// what was written before that. It tells of no call. Once that is not late any more, Teams is read.
func (s *step) echoed() bool {
	w := s.m.ToTeams
	if s.Teams == nil || !w.lifted() || !s.Teams.At.Before(w.At.Add(s.Settle)) || !slices.ContainsFunc(w.Trail, s.Teams.Value.Shows) {
		return false
	}
	s.unsure = s.unsure || s.settled(w.At)
	return true
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

// comes reports that the person may just have come to Teams, where w has not been carried to yet.
func (s *step) comes(w *TeamsWrite) bool {
	word, _ := s.Tables.ToPBX(s.Teams.Value.Activity)
	return w != nil && w.Stage == Pending && nobody(w.Old) && word == Online
}

// early reports that what Teams shows may be what w, which makes room for the own session, has
// revealed before that shows. If the session stands a moment later, a hand has set it.
func (s *step) early(w *TeamsWrite) bool {
	h := s.m.Session
	return w.lifted() && h != nil && h.Stage == Sent && s.m.Agreed != nil && s.m.Agreed.Teams.IsZero() && weakerThanSession(s.Teams.Value)
}
