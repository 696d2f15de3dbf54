package presence

import (
	"strings"
	"time"
)

// Rival is somebody else who writes what the connector writes on one side: another
// connector, or a script. It is known by values that change back right after each write,
// more often than people change their mind.
type Rival struct {
	// Ours was written, and Theirs shown soon after, each in the words of the side.
	Ours, Theirs string
	// Seen are the times of those writes, of the last minutes, while it may still be a person.
	Seen []time.Time
	// Pause is how long the values of the side are left alone, and Until its end; zero
	// before it is sure that there is a rival.
	Pause time.Duration
	Until time.Time
}

// A rival has changed values back so many times within that time, each within the settle
// time of a write, or a little more in Teams, where a look ends it.
const (
	rivalTimes  = 3
	rivalWithin = 5 * time.Minute
)

// The first pause after a rival was noticed. Each one after that is twice as long, up to the last.
const (
	firstPause = 5 * time.Minute
	lastPause  = 4 * time.Hour
)

// Since is when the pause began.
func (r *Rival) Since() time.Time { return r.Until.Add(-r.Pause) }

// Pauses reports that the values of the side are left alone at t.
func (r *Rival) Pauses(t time.Time) bool {
	return r != nil && r.Pause > 0 && t.Before(r.Until) && !t.Before(r.Since())
}

// rival of a side.
func (s *step) rival(side Side) (r **Rival, last Write) {
	if side == SideTeams {
		return &s.m.TeamsRival, s.m.Last.Preferred
	}
	return &s.m.PBXRival, s.m.Last.Activity
}

// mayWrite reports whether values are carried to a side.
func (s *step) mayWrite(side Side) bool {
	r, _ := s.rival(side)
	return !(*r).Pauses(s.Now) && (side == SideTeams && s.Direction.toTeams() || side == SidePBX && s.Direction.toPBX())
}

// contest looks at a change of a side: does it take back what was written there just now?
// A write is taken back once, and nobody does so by leaving Teams. A rival of before needs to
// do so once only.
func (s *step) contest(side Side, shown string) {
	at, last := s.rival(side)
	r, soon := *at, s.Settle
	if side == SideTeams {
		soon += s.Settle / 4 // the look that ends it takes a moment
	}
	switch {
	case r.Pauses(s.Now) || last.At.IsZero() || s.Now.Before(last.At) || s.Now.Sub(last.At) > soon:
		return
	case strings.EqualFold(shown, last.Value) || side == SideTeams && nobody(Teams{Activity: shown}):
		return
	case r != nil && len(r.Seen) > 0 && !last.At.After(r.Seen[len(r.Seen)-1]):
		return
	case !strings.EqualFold(shown, last.Over) && last.Value == "":
		return // a new value after what was taken back
	case r == nil || !strings.EqualFold(shown, last.Over) && !strings.EqualFold(shown, r.Theirs):
		r = &Rival{}
	}
	r.Ours, r.Theirs, r.Seen = last.Value, shown, append(r.Seen, last.At)
	if r.Pause > 0 || len(r.Seen) == rivalTimes {
		r.Pause = min(max(2*r.Pause, firstPause), lastPause)
		r.Until, r.Seen = s.Now.Add(r.Pause), nil
		s.fired(RuleRival)
	}
	*at = r
}

// forgive forgets a rival who lets a write stand, or of whom nothing was seen for long enough.
func (s *step) forgive(side Side) {
	at, last := s.rival(side)
	r := *at
	switch {
	case r == nil || r.Pauses(s.Now):
	case r.Pause > 0:
		stood := last.At.After(r.Until) && s.Now.Sub(last.At) > s.Settle
		if stood || s.Now.Sub(r.Until) > r.Pause || s.Now.Before(r.Since()) {
			*at = nil
		}
	default:
		for len(r.Seen) > 0 && s.Now.Sub(r.Seen[0]) > rivalWithin {
			r.Seen = r.Seen[1:]
		}
		if len(r.Seen) == 0 {
			*at = nil
		}
	}
}
