package pbx

import (
	"encoding/json"

	"github.com/pbx365/connector/presence"
)

// The words that this package shares with the rest of the connector, so that it can be
// used alone.
type (
	// Presence is what a presence contact holds: an activity and a note.
	Presence = presence.PBX
	// Seen is one look at a user.
	Seen = presence.PBXSeen
	// Health is the state of one part, for an operator to read.
	Health = presence.Health
)

// Event is something learnt from a PBX: one of [PBXUp], [PBXDown], [UserSeen],
// [UserGone], [UsersSynced], [PresenceSeen], [PresenceLost], [CallSeen], [CallEnded] and
// [Indication].
type Event interface{ event() }

// PBXUp says that a PBX has logged in and named itself.
type PBXUp struct {
	Name    string // unique in its system
	Domain  string // system name, may be empty
	Version string // empty on old builds, as is Build
	Build   string
	APIs    []string // enabled at the App object
	Master  bool
	// Connection numbers the connections of PBXs. No two have the same number,
	// not even across restarts of the program.
	Connection uint64
	// Replaces is the number of the connection of the same PBX that this one takes the
	// place of, zero where there was none. No PBXDown comes for that one. Its alien
	// calls are gone; what was seen of users and calls stays seen.
	Replaces uint64
	// Key is the session key of the login.
	Key Key
}

// PBXDown says that the connection of a PBX has ended, because of Err. Its alien
// calls are gone.
type PBXDown struct {
	Name       string
	Connection uint64
	Err        error
}

// UserSeen says that a user is new or has changed, be it only in the licence.
type UserSeen struct{ User User }

// UserGone says that a user is no longer on the PBX.
type UserGone struct{ GUID string }

// UsersSynced says that every user of the telephone system has been seen since
// the master connected, and that UserGone was sent for those that vanished
// meanwhile. A user whose licence the master does not tell, time and again, while each time it
// tells that of somebody else counts as one without until it does.
type UsersSynced struct{}

// PresenceSeen says what a licensed user shows. It comes once the contacts are known and
// whether there is a call, and then with each change.
type PresenceSeen struct {
	GUID string
	Seen Seen
}

// PresenceLost says that the presence of a licensed user cannot be seen for now, and
// why: an error that matches [ErrNotConnected], [ErrTimeout], [ErrUnlicensed] or
// [ErrUnknownUser], or is a [HiddenError] or [ReplyError]. It comes once, until the
// next PresenceSeen, and also of users that were never seen because the PBX hides them.
type PresenceLost struct {
	GUID string
	Err  error
}

// CallSeen says that a call is new or has changed. The calls are those of every user of
// the PBX, or with [CallsOfUsers] those of the watched ones.
type CallSeen struct{ Call Call }

// CallEnded says that a call seen before is over; each one ends once. Where Lost, only
// the sight of it has ended, with the connection, and it may go on.
type CallEnded struct {
	Call Call
	Lost bool
}

// Indication is a message of an API that this package does not know, as it came. It
// may hold personal text.
type Indication struct {
	PBX        string
	Connection uint64
	API        string
	Name       string // mt
	Src        string
	Body       json.RawMessage // the whole message
}

func (PBXUp) event()        {}
func (PBXDown) event()      {}
func (UserSeen) event()     {}
func (UserGone) event()     {}
func (UsersSynced) event()  {}
func (PresenceSeen) event() {}
func (PresenceLost) event() {}
func (CallSeen) event()     {}
func (CallEnded) event()    {}
func (Indication) event()   {}

// User is a user of the telephone system (innovaphone SDK: PbxTableUsers).
type User struct {
	GUID        string // 32 hexadecimal digits, never changes
	Name        string // h323, the user part of SIP addresses
	LongName    string // cn, unique in the system
	DisplayName string // dn
	Number      string // e164, relative to the node of the user
	Home        string // loc, the name of the PBX that serves the user; the master where it is missing
	// Emails are complete addresses, in the order of the PBX.
	Emails   []string
	Licensed bool
	// Groups are the names of the groups that the user is a member of (grps), in the order of the PBX.
	Groups []string
}
