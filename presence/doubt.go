package presence

// letGo forgets a preferred presence that no longer stands. One that is doubted was younger than the
// settle time when Teams was looked at: what it was given up for may be older, and only shown later.
func (s *step) letGo() {
	w := s.m.ToTeams
	if !w.Value.IsZero() && !w.lifted() && s.Teams.At.Before(w.At.Add(s.Settle)) {
		w.Stage, w.Trail, w.Replaced, w.Under, w.Tried = Doubted, nil, nil, Teams{}, false
		s.settleDoubted(w)
		return
	}
	s.m.ToTeams = w.gone()
	s.settleTeamsGone(s.m.ToTeams)
}

// gone is what is remembered of a write that does not stand any more: for the settle time
// notifications are not trusted.
func (w *TeamsWrite) gone() *TeamsWrite { return &TeamsWrite{Stage: Stands, At: w.At} }

func (s *step) settleTeamsGone(w *TeamsWrite) {
	if s.settled(w.At) {
		s.m.ToTeams = nil
	} else {
		s.mistrust()
	}
}

// settleDoubted takes up what was given up and shows after all, until the settle time ends with
// a look.
func (s *step) settleDoubted(w *TeamsWrite) {
	switch shows := s.Teams.Value.Shows(w.Value); {
	case shows && !s.Teams.certain(w.At):
		s.unsure = true
	case shows:
		s.regain(w)
	case w.Tried && signedOut(s.Teams.Value):
	case s.settledAndSeen(w.At), s.Teams.Value.Shows(w.Under):
		s.m.ToTeams = w.beneath()
	default:
		s.mistrust()
	}
}

// beneath is what stands where w was refused: what the connector had preferred before, if anything. What
// Teams showed without it is not known.
func (w *TeamsWrite) beneath() *TeamsWrite {
	if w.Under.IsZero() {
		return nil
	}
	return &TeamsWrite{Value: w.Under, Stage: Sent, At: w.At, Until: w.UnderUntil}
}

// isBeneath reports a write that was taken up like that, and is not seen yet.
func (w *TeamsWrite) isBeneath() bool { return w != nil && w.Stage == Sent && w.Old.IsZero() }

// mistrust has Teams read where a notification tells of a change, which may be an old one.
func (s *step) mistrust() {
	if s.m.Agreed != nil && s.Teams.Notified && !s.Teams.Value.Shows(s.m.Agreed.Teams) {
		s.unsure = true
	}
}

// regain takes up a preferred presence again. What was carried to the PBX meanwhile is older, so
// it is carried as well. What a person has set there stays.
func (s *step) regain(w *TeamsWrite) {
	carries := s.Goal == Sync && s.m.Agreed != nil && s.mayWrite(SidePBX)
	if carries && (s.PBX == nil || s.tooSoon(s.m.Last.Activity)) {
		return
	}
	w.Stage, w.Tried = Stands, false
	if carries && s.PBX.Value.Activity != "" && !s.fromTeams() && !s.m.ToPBX.inFlight() {
		if *s.m.Agreed = (Pair{s.Teams.Value, s.PBX.Value.Activity}); s.otherwise(w) {
			s.m.Agreed.PBX = "" // it has changed since w
		}
		return
	}
	if word, visible := s.word(); carries && visible {
		s.fired(RuleLate)
		s.carryTeams(s.Teams.Value, word, s.PBX.Value.Activity)
	}
}

// handBack forgets what was put back on the PBX for a person, once it stands.
func (s *step) handBack() {
	if s.putsBack() && s.m.ToPBX.Stage == Stands {
		s.m.ToPBX = nil
	}
}

// putsBack reports that what is written on the PBX is its person's: what stands in Teams has come from there.
func (s *step) putsBack() bool {
	w, from := s.m.ToPBX, s.m.ToTeams
	if w == nil || !from.stands() && !from.lifted() {
		return false
	}
	source, _ := s.Tables.ToTeams(w.Activity)
	return source.Value == from.Value
}
