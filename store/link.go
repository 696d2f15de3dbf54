package store

import (
	"slices"
	"time"
)

// Link is what is remembered of one linked person: what both sides agreed on, and
// what was written to either side and must one day be taken back. A nil part means
// that there is nothing of the kind.
//
// A store carries the words in it without reading them. State says how far a write
// has come, in the words of the owner of the link. Personal notes are not kept.
type Link struct {
	// Teams is the object id of the Teams user, and the key.
	Teams string
	// PBX is the guid of the PBX user.
	PBX string
	// Revision is chosen by the store; 0 means never stored.
	Revision int64

	Agreed  *Agreed
	ToPBX   *PBXWrite
	ToTeams *TeamsWrite
	Session *Session
	Call    *Call

	Last Writes
	// TeamsRival and PBXRival are somebody else who writes the same on a side.
	TeamsRival, PBXRival *Rival
}

// Writes are the latest writes of each kind, whether they stand or not.
type Writes struct {
	Activity, Preferred, Session, Call Write
}

// Write is one write that was answered: when, with what value and over which one. Calls have
// no values.
type Write struct {
	At          time.Time
	Value, Over string
}

// Rival is somebody else who keeps changing back what the connector writes.
type Rival struct {
	// Ours was written, and Theirs shown soon after.
	Ours, Theirs string
	// Seen is when, for as long as that may be chance.
	Seen []time.Time
	// Pause is how long the side is left alone, until Until.
	Pause time.Duration
	Until time.Time
}

// Agreed is the pair of values that the two sides showed when they last agreed,
// each in its own words.
type Agreed struct {
	// Availability and Activity are the half of Teams.
	Availability, Activity string
	// PBX is the activity of the presence contact, empty for available.
	PBX string
}

// PBXWrite is the last activity written on the presence contact of the PBX, while
// it stands.
type PBXWrite struct {
	// Activity was written over Old.
	Activity, Old string
	// Trail lists what was written in between and had not been seen when the next
	// write replaced it.
	Trail []string
	// Tried says that it may have been written although nothing has confirmed that.
	Tried bool
	State string
	At    time.Time
}

// TeamsWrite is the preferred presence written in Teams, while it stands (Graph:
// presence: setUserPreferredPresence).
type TeamsWrite struct {
	Availability, Activity string
	// OldAvailability, OldActivity and OldSequence are what Teams showed before,
	// with its sequence number.
	OldAvailability, OldActivity, OldSequence string
	// Trail lists the activities written in between, and Tried is as in [PBXWrite]. Replaced lists
	// what Teams showed before those.
	Trail, Replaced []string
	Tried           bool
	State           string
	// At is when it was written, Until when it lapses by itself.
	At, Until time.Time
	// UnderAvailability and UnderActivity are the one of the connector that it replaced, and
	// UnderUntil when that lapses.
	UnderAvailability, UnderActivity string
	UnderUntil                       time.Time
}

// Session is the presence session of the application held in Teams (Graph:
// presence: setPresence).
type Session struct {
	Availability, Activity string
	// Sequence is the newest number under which Teams showed it.
	Sequence string
	State    string
	// At is when it was last renewed, Until when it lapses by itself.
	At, Until time.Time
}

// Call is the alien call held on the PBX: one that stands for a call in Teams.
type Call struct {
	// Home names the PBX that holds it, ID is its number there.
	Home string
	ID   int64
	// Connection tells the connections of one PBX apart: an alien call ends with
	// the connection it was added on.
	Connection uint64
	State      string
	At         time.Time
}

// Clone returns a copy that shares no memory with l.
func (l Link) Clone() Link {
	l.Agreed = clone(l.Agreed)
	if l.ToPBX = clone(l.ToPBX); l.ToPBX != nil {
		l.ToPBX.Trail = slices.Clone(l.ToPBX.Trail)
	}
	if l.ToTeams = clone(l.ToTeams); l.ToTeams != nil {
		l.ToTeams.Trail, l.ToTeams.Replaced = slices.Clone(l.ToTeams.Trail), slices.Clone(l.ToTeams.Replaced)
	}
	l.Session = clone(l.Session)
	l.Call = clone(l.Call)
	for _, r := range []**Rival{&l.TeamsRival, &l.PBXRival} {
		if *r = clone(*r); *r != nil {
			(*r).Seen = slices.Clone((*r).Seen)
		}
	}
	return l
}

func clone[T any](p *T) *T {
	if p == nil {
		return nil
	}
	c := *p
	return &c
}
