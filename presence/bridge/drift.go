package bridge

import (
	"cmp"
	"slices"
	"time"

	"github.com/pbx365/connector/presence"
)

// Drift is how far the sides are apart, in measured values. Times are seconds.
type Drift struct {
	// OutOfStep counts the people of whom something was seen on one side that the other side
	// does not show yet. Who disagrees on purpose, is hidden or left alone is in step.
	OutOfStep int `json:"out_of_step"`
	// People are they, the longest first, at most maxLags.
	People []Lag `json:"people,omitempty"`
	// OldestChange is how long the first of them has waited; 0 while nobody does.
	OldestChange float64 `json:"oldest_change_seconds"`
	Teams        Sight   `json:"teams"`
	PBX          Sight   `json:"pbx"`
	Repairs      Repairs `json:"repairs"`
}

// Lag is a person who is out of step, and since when.
type Lag struct {
	Name  string    `json:"name"`
	Since time.Time `json:"since"`
}

// Sight is how well one side is seen.
type Sight struct {
	// Unseen counts the linked people who cannot be seen there now.
	Unseen int `json:"unseen"`
	// OldestLook is how long ago the side has told last of the person of whom it has told
	// least, and OldestLookOf is who. Feeds tell of what differs, so that is old where nothing changes.
	OldestLook   float64 `json:"oldest_look_seconds"`
	OldestLookOf string  `json:"oldest_look_of,omitempty"`

	oldest time.Time
}

// Repairs are counted since the bridge was made.
type Repairs struct {
	// FirstRead counts the changes in Teams that a read of the feed showed first, of people whose
	// change before was told by a notification. That one may still have come.
	FirstRead uint64 `json:"first_shown_by_a_read"`
	// WrittenAgain counts what a side had lost of what the connector held there, such as a call with
	// its connection, and what was therefore written once more.
	WrittenAgain uint64 `json:"written_again"`
}

// Conflict is a person whose values somebody else keeps changing back on one side.
type Conflict struct {
	Name string        `json:"name"`
	Side presence.Side `json:"side"`
	// Ours and Theirs are the values that alternate, in the words of the side.
	Ours   string    `json:"ours"`
	Theirs string    `json:"theirs"`
	Since  time.Time `json:"since"`
	Until  time.Time `json:"until"` // when values are carried there again
	Todo   string    `json:"todo"`
}

// maxLags bounds the people who are named as out of step.
const maxLags = 20

// drift measures the links of a status. The caller holds b.mu.
type drift struct {
	Drift
	now  time.Time
	lags []Lag
}

// add takes one linked person.
func (d *drift) add(l *link, teams *seen[presence.TeamsSeen], pbx *seen[presence.PBXSeen]) {
	if !l.behind.IsZero() {
		d.lags = append(d.lags, Lag{l.name, l.behind})
	}
	if teams == nil {
		d.Teams.Unseen++
	} else {
		d.Teams.look(l.name, teams.look.At)
	}
	if pbx == nil || pbx.lost {
		d.PBX.Unseen++
	} else {
		d.PBX.look(l.name, pbx.look.At)
	}
}

func (s *Sight) look(name string, at time.Time) {
	if s.OldestLookOf == "" || at.Before(s.oldest) {
		s.OldestLookOf, s.oldest = name, at
	}
}

func (d *drift) result() Drift {
	slices.SortFunc(d.lags, func(a, b Lag) int { return cmp.Or(a.Since.Compare(b.Since), cmp.Compare(a.Name, b.Name)) })
	if d.OutOfStep = len(d.lags); d.OutOfStep > 0 {
		d.People = slices.Clone(d.lags[:min(maxLags, len(d.lags))])
		d.OldestChange = d.seconds(d.lags[0].Since)
	}
	d.Teams.OldestLook, d.PBX.OldestLook = d.seconds(d.Teams.oldest), d.seconds(d.PBX.oldest)
	return d.Drift
}

func (d *drift) seconds(since time.Time) float64 {
	if since.IsZero() {
		return 0
	}
	return d.now.Sub(since).Round(time.Millisecond).Seconds()
}

// arrived notes a change that nobody has decided on yet. The caller holds b.mu.
func (l *link) arrived(now time.Time) {
	if l != nil && l.behind.IsZero() {
		l.behind = now
	}
}

// rests notes what the worker leaves undone. The caller holds b.mu.
func (l *link) rests(d presence.Decision, now time.Time) {
	switch {
	case d.Behind:
		l.arrived(now)
	case !l.dirty: // or something has arrived meanwhile
		l.behind = time.Time{}
	}
}

// repaired counts what a decision writes again. One that was withdrawn is not counted: it may be
// taken anew. The caller holds b.mu.
func (b *Bridge) repaired(d presence.Decision) {
	if slices.Contains(d.Rules, presence.RuleLost) {
		b.repairs.WrittenAgain++
	}
}

// conflicts of a person at now.
func (l *link) conflicts(now time.Time) (all []Conflict) {
	m := l.shown.Memory
	if r := m.TeamsRival; r.Pauses(now) {
		all = append(all, l.conflict(presence.SideTeams, r, cmp.Or(r.Ours, "nothing set"), r.Theirs))
	}
	if r := m.PBXRival; r.Pauses(now) {
		word := func(activity string) string { return presence.PBX{Activity: activity}.String() }
		all = append(all, l.conflict(presence.SidePBX, r, word(r.Ours), word(r.Theirs)))
	}
	return all
}

func (l *link) conflict(side presence.Side, r *presence.Rival, ours, theirs string) Conflict {
	where := "in Teams"
	if side == presence.SidePBX {
		where = "on the PBX"
	}
	return Conflict{
		Name: l.name, Side: side, Ours: ours, Theirs: theirs, Since: r.Since(), Until: r.Until,
		Todo: "Another program writes the presence of " + l.name + " " + where + ": stop it, or take the person out of one of the two.",
	}
}
