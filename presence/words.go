package presence

import (
	"slices"
	"strings"
)

// The two words of the tables that cannot be set as a presence on the PBX.
const (
	// Online takes away what Teams had put on the PBX.
	Online = "online"
	// OnThePhone is an alien call on the PBX, and a session in Teams.
	OnThePhone = "on-the-phone"
)

// available is what a PBX without activity is called. In a table it is as good as [Online], and
// as the empty activity.
const available = "available"

// Busy is the word that stands in for [OnThePhone] where a PBX refuses alien calls.
const Busy = "busy"

// pbxWords are the activities that a PBX can show and be set to: the list of the
// PBX's SOAP interface (RFC 4480) and dnd, without on-the-phone.
var pbxWords = []string{
	"appointment", "away", "breakfast", "busy", "dinner", "dnd", "holiday",
	"in-transit", "looking-for-work", "lunch", "meal", "meeting", "other",
	"performance", "permanent-absence", "playing", "presentation", "shopping",
	"sleeping", "spectator", "steering", "travel", "tv", "unknown", "vacation",
	"working", "worship",
}

// preferredPairs are the pairs that Graph accepts as a preferred presence
// (presence: setUserPreferredPresence).
var preferredPairs = []Teams{
	{"Available", "Available"}, {"Busy", "Busy"}, {"DoNotDisturb", "DoNotDisturb"},
	{"BeRightBack", "BeRightBack"}, {"Away", "Away"}, {"Offline", "OffWork"},
}

// sessionPairs are the pairs that Graph accepts for the session of an
// application (presence: setPresence) and that say "in a call".
var sessionPairs = []Teams{
	{"Busy", "InACall"}, {"Busy", "InAConferenceCall"}, {"DoNotDisturb", "Presenting"},
}

// nobody reports that a Teams value means that nobody is at Teams. It tells
// nothing of what the person wants to show.
func nobody(t Teams) bool {
	switch strings.ToLower(t.Activity) {
	case "offline", "offwork", "inactive", "presenceunknown":
		return true
	}
	return false
}

// signedOut reports that no Teams client is signed in, so that a preferred presence
// has no effect although it still stands.
func signedOut(t Teams) bool {
	return strings.EqualFold(t.Activity, "Offline") || strings.EqualFold(t.Activity, "PresenceUnknown")
}

// preferable reports that a value can be a preferred presence.
func preferable(t Teams) bool { return slices.ContainsFunc(preferredPairs, t.Shows) }

// manual reports that a value is one that only a hand can set in Teams. Available and Away
// are also what a client shows by itself.
func manual(t Teams) bool {
	return preferable(t) && !strings.EqualFold(t.Activity, "Available") && !strings.EqualFold(t.Activity, "Away")
}

// weakerThanCall reports that a preferred presence would hide that its person is
// in a call without saying at least as much.
func weakerThanCall(t Teams) bool { return !strings.EqualFold(t.Activity, "DoNotDisturb") }

// weakerThanSession reports that an application's session would be shown in place of
// what a client says.
func weakerThanSession(t Teams) bool {
	return !strings.EqualFold(t.Availability, "Busy") && !strings.EqualFold(t.Availability, "DoNotDisturb")
}
