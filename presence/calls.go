package presence

import "time"

// calls mirrors calls while they last. A side that cannot be seen is left as it is.
func (s *step) calls() {
	if s.PBX != nil || s.Goal != Sync {
		s.callOnPBX(s.Goal == Sync && s.Direction.toTeams() && s.pbxCall())
	}
	if s.Teams != nil && !s.echoed() || s.Goal != Sync {
		s.callInTeams(s.Goal == Sync && s.Direction.toPBX() && s.realTeamsCall())
	}
}

// callOnPBX holds a session in Teams, and lifts a preferred presence that would hide it.
func (s *step) callOnPBX(on bool) {
	h := s.m.Session
	switch {
	case on && (h == nil || h.Stage == Gone || h.Stage == Leaving):
		next := &Session{Value: s.Tables.Call(), Stage: Pending, At: s.Now}
		if h != nil {
			next.Until = h.Until
		}
		s.m.Session = next
		s.fired(RuleCallPBX)
		s.matched(SidePBX, OnThePhone)
	case on && (h.Stage == Sent || h.Stage == Stands || h.Stage == Renewing):
		due := s.renewal(h)
		if s.wake(due); h.Stage != Renewing && s.onPhone() && !s.Now.Before(due) {
			h.Stage = Renewing
			s.fired(RuleRenew)
		}
		s.lift()
	case !on && h != nil && h.Stage == Refused && h.Until.IsZero():
		s.m.Session = nil
	case !on && h != nil && h.Stage != Leaving && h.Stage != Gone:
		if h.Stage == Pending || h.Stage == Renewing { // it may have arrived just now
			h.Until = s.Now.Add(s.Session)
		}
		h.Stage = Leaving
		s.fired(RuleCallPBXEnd)
	}
	if !on {
		s.restore()
	}
}

// renewal is when h is due: at the person's own point in the interval, the last one that
// leaves half of the slack between interval and lifetime. Renewals of calls that began
// together are thus spread over a whole interval, and stay so.
func (s *step) renewal(h *Session) time.Time {
	if h.Until.After(s.Now.Add(s.Session)) { // the clock was set back
		return s.Now
	}
	latest := h.Until.Add(s.Renew - s.Session + min(s.Session-s.Renew, s.Renew)/2)
	phase := time.Duration(s.Phase * float64(s.Renew))
	return latest.Add(-phase).Truncate(s.Renew).Add(phase)
}

func (s *step) lift() {
	w := s.m.ToTeams
	if w == nil || w.Value.IsZero() || !weakerThanCall(w.Value) || w.lifted() || w.Stage == Leaving || w.Stage == Doubted || !s.onPhone() || s.tooSoon(s.m.Last.Preferred) {
		return
	}
	w.Stage, w.At, w.Trail = Lifting, s.Now, distinct(append(w.Trail, w.Value))
	s.agreeTeams(Teams{})
	s.fired(RuleLift)
}

// restore puts a lifted preferred presence back for the rest of its lifetime, once
// neither side has a call. It does not bring back what the PBX no longer says.
func (s *step) restore() {
	w := s.m.ToTeams
	if !w.lifted() || s.Goal == Sync && (s.Teams == nil || s.realTeamsCall() || s.m.Session == nil && s.echoed()) {
		return
	}
	switch {
	case s.Goal == TakeBack && !w.stays():
		s.m.ToTeams = nil
		return
	case w.Until.Sub(s.Now) < shortest:
		s.expired()
		return
	case w.Stage == Lifted && s.otherwise(w) && s.unsure: // what shows may be a choice
		return
	case w.Stage == Lifted && s.otherwise(w):
		if s.m.ToTeams = w.gone(); w.stays() {
			s.m.ToTeams, w.Stage = w, Leaving
		}
		s.agreeTeams(Teams{})
		return
	}
	w.Under, w.UnderUntil = Teams{}, time.Time{}
	if w.Stage, w.At, w.Tried = Pending, s.Now, false; s.Teams != nil {
		w.Trail, w.Replaced = distinct(append(w.Trail, s.Tables.Call())), distinct(append(w.Replaced, w.Old))
		w.Old, w.OldSequence = s.Teams.Value, s.sequence()
	}
	s.agreeTeams(w.Value)
	s.fired(RuleRestore)
}

// otherwise reports that the PBX says something else than w by now.
func (s *step) otherwise(w *TeamsWrite) bool {
	if s.PBX == nil || s.PBX.Covered {
		return false
	}
	source, inTable := s.Tables.ToTeams(s.PBX.Value.Activity)
	return inTable && source.Value != w.Value
}

// callInTeams holds an alien call on the PBX. One that leaves may be gone already, so it
// is let go before the next one is added.
func (s *step) callInTeams(on bool) {
	c := s.m.Call
	if held := c != nil && c.Stage != Leaving && c.Stage != Gone; on != held && s.tooSoon(s.m.Last.Call) {
		return
	}
	switch {
	case on && s.PBX != nil && (c == nil || c.Stage == Gone):
		s.m.Call = &Call{Home: s.PBX.Home, Connection: s.PBX.Connection, Stage: Pending, At: s.Now}
		s.fired(RuleCallTeams)
		s.matched(SideTeams, s.Teams.Value.Activity)
	case !on && c != nil && (c.Stage == Refused || c.Stage == Pending):
		s.m.Call = nil
	case !on && c != nil && c.Stage == Stands:
		c.Stage = Leaving
		s.fired(RuleCallTeamsEnd)
	}
}
