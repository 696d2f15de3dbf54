package presence

import (
	"log/slog"
	"strings"
	"time"
)

// Teams is what Microsoft Teams shows of a person: the availability and the
// activity that Graph reports (presence resource type). Both are open
// vocabularies, written in varying case; unknown words are kept as they came.
type Teams struct {
	Availability string
	Activity     string
}

// Shows reports whether t and other look the same to a person. That is the
// activity; the availability only tells a present person from an idle one.
// Case does not matter.
func (t Teams) Shows(other Teams) bool { return strings.EqualFold(t.Activity, other.Activity) }

// IsZero reports whether t holds nothing.
func (t Teams) IsZero() bool { return t == Teams{} }

// String returns "availability/activity".
func (t Teams) String() string { return t.Availability + "/" + t.Activity }

// PBX is what one presence contact of a PBX user holds. An empty activity means
// available. The note is private text: it is carried, never logged.
type PBX struct {
	Activity string
	Note     string
}

// String returns the activity alone, "available" where there is none.
func (p PBX) String() string {
	if p.Activity == "" {
		return available
	}
	return p.Activity
}

// LogValue keeps the note out of every log.
func (p PBX) LogValue() slog.Value { return slog.StringValue(p.String()) }

// TeamsSeen is one look at a person in Teams.
type TeamsSeen struct {
	Value Teams
	// Sequence is Graph's stamp of this version of the presence; larger strings
	// are newer. Empty where the source gives none (rich notifications).
	Sequence string
	// Notified says that the value was told, not read: it may be late, and out of order.
	Notified bool
	// At is when the read was begun, or when the notification arrived.
	At time.Time
}

// PBXSeen is one look at a person on the PBX.
type PBXSeen struct {
	// Value is what the contact holds that the connector reads and writes.
	Value PBX
	// Covered says that a call hides what the contact holds. Value is what it held before.
	Covered bool
	// OnPhone reports a connected call. Where Counted, it comes from the calls of
	// the PBX themselves and leaves out alien calls; otherwise it is the word
	// on-the-phone in any contact, which an alien call brings forth as well.
	OnPhone bool
	Counted bool
	// Home is the name of the PBX that tells this: the one that serves the person, or the master in its
	// place. Connection is the number of the connection that an alien call of the person would run
	// over, and end with; zero where there is none.
	Home       string
	Connection uint64
	// Began is when the PBX began to tell of the person. Each time it does so, it tells anew what stands.
	Began time.Time
	// At is when the last message about the person arrived.
	At time.Time
}
