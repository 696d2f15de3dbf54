package graphtest

import (
	"slices"
	"time"
)

// SignIn opens the person's Teams client, which shows Available.
func (s *Server) SignIn(user string) { s.Show(user, "Available", "Available") }

// Show has the person's Teams client show any pair, known to Graph or not, as it does for
// calls, meetings and idleness. The client is opened where it is closed. A preferred
// presence still hides it.
func (s *Server) Show(user, availability, activity string) {
	s.act(user, func(p *person, now time.Time) {
		p.setSession(Session{ID: ClientSession, Pair: Pair{availability, activity}, Set: now})
	})
}

// SignOut closes the person's Teams client. Sessions of applications and the preferred
// presence stay.
func (s *Server) SignOut(user string) {
	s.act(user, func(p *person, _ time.Time) { p.endSession(ClientSession) })
}

// Choose is the person picking a status by hand: the preferred presence, for a day (Busy,
// DoNotDisturb) or seven (all others).
func (s *Server) Choose(user, availability, activity string) {
	s.act(user, func(p *person, now time.Time) {
		pair := Pair{availability, activity}
		p.preferred = &Preferred{Pair: pair, Set: now, Expires: now.Add(pair.preferredLife())}
	})
}

// Reset is the person taking back the status picked by hand, or what an application put in its place.
func (s *Server) Reset(user string) {
	s.act(user, func(p *person, _ time.Time) { p.preferred = nil })
}

// Presence returns what others see of a person.
func (s *Server) Presence(user string) Presence {
	s.begin()
	defer s.mu.Unlock()
	p := s.must(user)
	return Presence{Pair: p.shown, Sequence: p.sequence}
}

// Sessions returns the sessions of a person in the order they were last set.
func (s *Server) Sessions(user string) []Session {
	s.begin()
	defer s.mu.Unlock()
	return slices.Clone(s.must(user).sessions)
}

// Preferred returns the preferred presence of a person and whether there is one.
func (s *Server) Preferred(user string) (Preferred, bool) {
	s.begin()
	defer s.mu.Unlock()
	p := s.must(user)
	if p.preferred == nil {
		return Preferred{}, false
	}
	return *p.preferred, true
}

func (s *Server) act(user string, do func(*person, time.Time)) {
	now := s.begin()
	defer s.mu.Unlock()
	p := s.must(user)
	do(p, now)
	s.refresh(p, now)
	s.announce()
}

func (p Pair) preferredLife() time.Duration {
	const day = 24 * time.Hour
	if p.Availability == "Busy" || p.Availability == "DoNotDisturb" {
		return day
	}
	return 7 * day
}
