package presence

import (
	"slices"
	"time"
)

// Memory is what a link remembers of one person: the agreed pair, and what the
// connector has written and must one day take back. It is stored before a write
// and after its answer, so that a crash between the two loses nothing.
type Memory struct {
	// Agreed is nil until the sides agreed for the first time.
	Agreed *Pair
	// ToPBX is the last activity written on the PBX, while it stands.
	ToPBX *PBXWrite
	// ToTeams is the last preferred presence written in Teams, while it stands.
	ToTeams *TeamsWrite
	// Session is the session held in Teams for a call on the PBX.
	Session *Session
	// Call is the alien call held on the PBX for a call in Teams.
	Call *Call
	// Last are the latest writes, also of what is held no more.
	Last Writes
	// TeamsRival and PBXRival are who else writes there; nil while nobody does.
	TeamsRival, PBXRival *Rival
}

// Writes are the latest answered write of each slot: the activity on the PBX, the preferred
// presence, the session and the alien call. Renewals are left out.
type Writes struct {
	Activity, Preferred, Session, Call Write
}

// Write is one answered write. Value and Over are what was written and what the side
// had shown, in its own words; both are empty for calls.
type Write struct {
	At          time.Time
	Value, Over string
}

// Pair is what the sides showed when they last agreed, each in its own words.
// With a zero Teams value, what Teams shows next is agreed without being a change.
type Pair struct {
	Teams Teams
	PBX   string
}

// PBXWrite is an activity written on the PBX. The empty one takes back.
type PBXWrite struct {
	Activity string
	// Old is what the PBX showed before, and Trail what earlier writes of the connector
	// had put there. Seen while this write is in flight, they are no change.
	Old   string
	Trail []string
	// Tried says that the write may have arrived, although it is Pending or was refused last. What is Lifted
	// may still be there.
	Tried bool
	Stage Stage
	// At is when the write was decided, then when it was acknowledged.
	At time.Time
}

// TeamsWrite is a preferred presence written in Teams. The zero value clears; once
// that stands, nothing is held any more.
type TeamsWrite struct {
	Value Teams
	// Old, Trail and Tried are as in [PBXWrite]. Replaced is what those writes had replaced, of
	// which notifications may be late.
	Old             Teams
	OldSequence     string
	Trail, Replaced []Teams
	Tried           bool
	Stage           Stage
	// At is when the write was decided, then when it was answered or failed last.
	At time.Time
	// Until is when Graph ends it.
	Until time.Time
	// Under is the preferred presence of the connector that w replaces, if any, and UnderUntil when
	// Graph ends that. It stays where w is refused.
	Under      Teams
	UnderUntil time.Time
}

// Session is an application's presence session in Teams.
type Session struct {
	Value Teams
	Stage Stage
	// At is when the last write of it was decided, then when it was acknowledged.
	At time.Time
	// Sequence is the newest number under which Teams showed it.
	Sequence string
	// Until is when Graph ends it, or has ended it. While it is Pending or Refused, that
	// is the end of an earlier one or of an earlier try, and zero where there is none.
	Until time.Time
}

// held reports a session that is there, or will be, and is not to be taken back.
func (h *Session) held() bool { return h != nil && h.Stage != Leaving && h.Stage != Gone }

// stands reports a session that has been acknowledged and had its time to be seen.
func (h *Session) stands() bool { return h != nil && (h.Stage == Stands || h.Stage == Renewing) }

// Call is an alien call. It ends with its connection at the latest.
type Call struct {
	Home       string
	ID         int64
	Connection uint64
	Stage      Stage
	At         time.Time
}

// Stage is how far something written has come.
//
//	Pending ──▶ Sent ──▶ Stands ──▶ Leaving ──▶ Gone ──▶ forgotten
//	   │         ▲└────▶ Hidden        ▲
//	   │         └───── Renewing ◀── Stands
//	   └▶ Refused          Lifting ──▶ Lifted ──▶ Pending
//
//	any of a preferred presence ──▶ Doubted ──▶ Stands, forgotten
//
// A session that is still Renewing when its time is over is Pending again. A refused activity is
// compared with what the PBX shows next, and a refused preferred presence is forgotten, or Doubted.
type Stage string

// The stages. Whether a Pending, Renewing, Leaving or Lifting write has arrived is not
// known; it is repeated until its side answers.
const (
	Pending  Stage = "pending"  // decided and stored
	Sent     Stage = "sent"     // acknowledged, not seen yet
	Stands   Stage = "stands"   // seen
	Hidden   Stage = "hidden"   // acknowledged, and the side shows something else
	Refused  Stage = "refused"  // refused for good; not tried again while its cause lasts
	Doubted  Stage = "doubted"  // a preferred presence given up that may show yet: for a change that may be older, or refused
	Lifting  Stage = "lifting"  // a preferred presence that makes room for a call
	Lifted   Stage = "lifted"   // … and comes back when the call ends
	Renewing Stage = "renewing" // a session that has to last longer
	Leaving  Stage = "leaving"  // to be taken back
	Gone     Stage = "gone"     // taken back, not seen yet
)

// Owns reports whether m holds anything on either side, or may still do so.
func (m Memory) Owns() bool {
	return m.Session != nil || m.Call != nil ||
		m.ToPBX != nil && (m.ToPBX.Activity != "" || m.ToPBX.Stage == Pending) ||
		m.ToTeams != nil && (!m.ToTeams.Value.IsZero() || m.ToTeams.Stage == Pending || m.ToTeams.Stage == Leaving)
}

// inFlight reports anything written that is not answered yet, or not seen.
func (m Memory) inFlight() bool {
	going := func(s Stage) bool { return s == Pending || s == Sent || s == Lifting || s == Leaving }
	return m.ToPBX != nil && going(m.ToPBX.Stage) || m.ToTeams != nil && going(m.ToTeams.Stage) ||
		m.Session != nil && going(m.Session.Stage) || m.Call != nil && going(m.Call.Stage)
}

// Clone returns a copy that shares nothing with m.
func (m Memory) Clone() Memory {
	m.Agreed, m.Session, m.Call = clone(m.Agreed), clone(m.Session), clone(m.Call)
	if m.ToPBX = clone(m.ToPBX); m.ToPBX != nil {
		m.ToPBX.Trail = slices.Clone(m.ToPBX.Trail)
	}
	if m.ToTeams = clone(m.ToTeams); m.ToTeams != nil {
		m.ToTeams.Trail, m.ToTeams.Replaced = slices.Clone(m.ToTeams.Trail), slices.Clone(m.ToTeams.Replaced)
	}
	for _, r := range []**Rival{&m.TeamsRival, &m.PBXRival} {
		if *r = clone(*r); *r != nil {
			(*r).Seen = slices.Clone((*r).Seen)
		}
	}
	return m
}

// inFlight reports that the side may not show w yet.
func (w *PBXWrite) inFlight() bool { return w != nil && (w.Stage == Pending || w.Stage == Sent) }

// doubted reports a write that was refused last, and may show yet.
func (w *PBXWrite) doubted() bool { return w != nil && w.Stage == Sent && w.Tried }

// explains reports that what the PBX shows is no change by a person. What is told anew since the
// acknowledgement is no echo.
func (w *PBXWrite) explains(seen PBXSeen) bool {
	switch shown := seen.Value.Activity; {
	case !w.inFlight():
		return false
	case w.Stage == Sent && !w.doubted() && seen.Began.After(w.At):
		return shown == w.Activity
	default:
		return shown == w.Activity || shown == w.Old || slices.Contains(w.Trail, shown)
	}
}

// oldIsOurs reports that what w replaces was written by the connector.
func (w *PBXWrite) oldIsOurs() bool { return w.Old != "" && slices.Contains(w.Trail, w.Old) }

// stands reports a preferred presence that is, or should be, in force.
func (w *TeamsWrite) stands() bool {
	return w != nil && !w.Value.IsZero() && (w.Stage == Stands || w.Stage == Hidden)
}

// lifted reports a preferred presence that makes room, or has made room, for a call.
func (w *TeamsWrite) lifted() bool { return w != nil && (w.Stage == Lifting || w.Stage == Lifted) }

// stays reports a lifted one that may still be in force.
func (w *TeamsWrite) stays() bool { return w.lifted() && (w.Stage == Lifting || w.Tried) }

func (w *TeamsWrite) inFlight() bool { return w != nil && (w.Stage == Pending || w.Stage == Sent) }

// explains is as for [PBXWrite], and holds while w makes room for a call or leaves as well.
func (w *TeamsWrite) explains(seen TeamsSeen) bool {
	switch {
	case w == nil || w.Stage == Stands || w.Stage == Hidden || w.Stage == Doubted:
		return false
	case w.trails(seen), !w.Value.IsZero() && seen.Value.Shows(w.Value):
		return true
	}
	return w.still(seen)
}

// still reports that Teams shows what it showed before w. The same value with a newer
// number is a person who went back to it.
func (w *TeamsWrite) still(seen TeamsSeen) bool {
	return seen.Value.Shows(w.Old) && (w.Stage == Pending || w.OldSequence == "" || seen.Sequence <= w.OldSequence)
}

// trails reports that a look may still tell of an earlier write, since Teams may take the settle
// time to show each, or of what a clearing has taken away. A read begun after the acknowledgement
// can do the former only, and what was seen before w does not come again under a newer number.
func (w *TeamsWrite) trails(seen TeamsSeen) bool {
	certain := w.Stage == Sent && seen.certain(w.At)
	switch {
	case w.Value.IsZero() && !certain:
		return true
	case w.Stage == Lifting && slices.ContainsFunc(w.Trail, seen.Value.Shows): // it stands until that is acknowledged
		return true
	case w.OldSequence != "" && seen.Sequence > w.OldSequence && seen.Value.Shows(w.Old):
		return false
	case certain:
		return slices.ContainsFunc(w.Trail, seen.Value.Shows)
	}
	return slices.ContainsFunc(w.Trail, func(t Teams) bool { return t.IsZero() || seen.Value.Shows(t) }) ||
		slices.ContainsFunc(w.Replaced, seen.Value.Shows)
}

// certain reports a read begun at t or later: it cannot be a late echo of what was
// before t.
func (seen TeamsSeen) certain(t time.Time) bool { return !seen.Notified && !seen.At.Before(t) }

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}
