package pbx

import "github.com/pbx365/connector/presence"

// Event is something learnt from a PBX: one of [PBXUp], [PBXDown], [UserSeen],
// [UserGone], [UsersSynced], [PresenceSeen] and [PresenceLost].
type Event interface{ event() }

// PBXUp says that a PBX has logged in and named itself.
type PBXUp struct {
	Name    string // unique in its system
	Domain  string // system name, may be empty
	Version string // empty on old builds, as is Build
	Build   string
	Master  bool
	// Connection numbers the connections of PBXs. No two have the same number,
	// not even across restarts of the program.
	Connection uint64
}

// PBXDown says that the connection of a PBX has ended, because of Err. Its alien
// calls are gone. Where another connection replaced it, Err is [ErrReplaced] and a
// PBXUp follows.
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
// meanwhile.
type UsersSynced struct{}

// PresenceSeen says what a licensed user shows. It comes once the contacts and,
// where they can be counted, the calls are known, and then with each change.
type PresenceSeen struct {
	GUID string
	Seen presence.PBXSeen
}

// PresenceLost says that the presence of a user seen before cannot be seen for
// now: the PBX is gone, or says that it has lost it, or the licence is gone.
type PresenceLost struct{ GUID string }

func (PBXUp) event()        {}
func (PBXDown) event()      {}
func (UserSeen) event()     {}
func (UserGone) event()     {}
func (UsersSynced) event()  {}
func (PresenceSeen) event() {}
func (PresenceLost) event() {}

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
}
