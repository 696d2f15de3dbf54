package graphtest

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Pair is a presence in the words of Graph.
type Pair struct {
	Availability, Activity string
}

func (p Pair) String() string { return p.Availability + "/" + p.Activity }

// Presence is what others see of a person.
type Presence struct {
	Pair
	// Sequence is larger, as a string, after each visible change.
	Sequence string
}

// ClientSession is the ID of the session of a person's own Teams client. Those of applications
// have the client id.
const ClientSession = "teams"

// Session is one source of a person's presence.
type Session struct {
	ID string
	// Pair is what was set, before it fades.
	Pair
	Set     time.Time
	Expires time.Time // zero: never
}

// Preferred is the presence a person chose, by hand or through setUserPreferredPresence.
type Preferred struct {
	Pair
	Set, Expires time.Time
}

const (
	fadeToInactive = 5 * time.Minute
	fadeToAway     = 10 * time.Minute
)

// at returns what the session counts as. Only Available of an application fades.
func (s Session) at(now time.Time) Pair {
	if s.ID == ClientSession || s.Pair != (Pair{"Available", "Available"}) {
		return s.Pair
	}
	switch age := now.Sub(s.Set); {
	case age >= fadeToAway:
		return Pair{"Away", "Away"}
	case age >= fadeToInactive:
		return Pair{"Available", "AvailableInactive"}
	default:
		return s.Pair
	}
}

// next returns when at changes or the session ends; zero: never.
func (s Session) next(now time.Time) time.Time {
	if s.ID == ClientSession || s.Pair != (Pair{"Available", "Available"}) {
		return s.Expires
	}
	for _, fade := range []time.Duration{fadeToInactive, fadeToAway} {
		if t := s.Set.Add(fade); t.After(now) && t.Before(s.Expires) {
			return t
		}
	}
	return s.Expires
}

// strength orders sessions. The page names four availabilities; words it does not name
// count as the one they qualify, the rest is the weakest.
func (p Pair) strength() int {
	switch p.Availability {
	case "DoNotDisturb", "Focusing", "Presenting":
		return 4
	case "Busy", "BusyIdle", "InACall", "InAMeeting":
		return 3
	case "Available", "AvailableIdle":
		return 2
	case "Away", "BeRightBack":
		return 1
	default:
		return 0
	}
}

// shows aggregates the sessions and the preferred presence of p, none of which may have run out.
func (p *person) shows(now time.Time) Pair {
	if !p.licensed() {
		return Pair{"PresenceUnknown", "PresenceUnknown"}
	}
	if len(p.sessions) == 0 {
		return Pair{"Offline", "Offline"}
	}
	if p.preferred != nil {
		return p.preferred.Pair
	}
	best := p.sessions[0].at(now)
	for _, session := range p.sessions[1:] {
		if pair := session.at(now); pair.strength() >= best.strength() {
			best = pair
		}
	}
	return best
}

// licensed reports whether the person has a Teams plan that works.
func (p *person) licensed() bool {
	status := cmp.Or(p.PlanStatus, "Enabled")
	return p.Teams && (status == "Enabled" || status == "Warning")
}

// setSession puts a session in the place of the one with its ID and makes it the latest.
func (p *person) setSession(session Session) {
	p.endSession(session.ID)
	p.sessions = append(p.sessions, session)
}

// endSession reports whether there was such a session.
func (p *person) endSession(id string) bool {
	before := len(p.sessions)
	p.sessions = slices.DeleteFunc(p.sessions, func(s Session) bool { return s.ID == id })
	return len(p.sessions) < before
}

// prune takes away what has run out and returns when it has to be called again; zero: never.
func (p *person) prune(now time.Time) (next time.Time) {
	p.sessions = slices.DeleteFunc(p.sessions, func(s Session) bool { return over(s.Expires, now) })
	if p.preferred != nil && over(p.preferred.Expires, now) {
		p.preferred = nil
	}
	earliest := func(t time.Time) {
		if !t.IsZero() && (next.IsZero() || t.Before(next)) {
			next = t
		}
	}
	for _, session := range p.sessions {
		earliest(session.next(now))
	}
	if p.preferred != nil {
		earliest(p.preferred.Expires)
	}
	return next
}

func over(expires, now time.Time) bool { return !expires.IsZero() && !expires.After(now) }

// refresh works out what p shows and notifies it where it changed. Called with mu held
// after every change of p; the caller announces.
func (s *Server) refresh(p *person, now time.Time) {
	if next := p.prune(now); !next.Equal(p.due) {
		p.due = next
		s.at(next, func(now time.Time) {
			if p.due.Equal(next) && p.removed == "" {
				p.due = time.Time{}
				s.refresh(p, now)
			}
		})
	}
	shown := p.shows(now)
	if shown != p.shown {
		p.shown = shown
		p.sequence = s.nextSequence(now)
		s.notifyPresence(p)
	}
	p.rendered = nil
}

// nextSequence returns a larger number with each call, which looks like the clock
// reading of the service. Called with mu held.
func (s *Server) nextSequence(now time.Time) string {
	const ticksPerSecond, ticksTo1970 = 10_000_000, 621_355_968_000_000_000
	ticks := now.Unix()*ticksPerSecond + int64(now.Nanosecond()/100) + ticksTo1970
	s.sequence = max(s.sequence+1, ticks)
	return fmt.Sprintf("A%019d", s.sequence)
}
