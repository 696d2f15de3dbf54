package match

import (
	"cmp"
	"slices"
)

// TeamsUser is a person as Teams knows them (Graph: user resource type).
type TeamsUser struct {
	// ID is the object id: never empty, and nobody else's.
	ID          string `json:"id"`
	DisplayName string `json:"display_name,omitempty"`
	UPN         string `json:"upn,omitempty"`
	Mail        string `json:"mail,omitempty"`
	// Addresses are the proxy addresses, without their "smtp:".
	Addresses []string `json:"addresses,omitempty"`
}

// PBXUser is a person as the PBX knows them.
type PBXUser struct {
	// GUID is never empty, and nobody else's.
	GUID string `json:"guid"`
	// Name is the unique name within the PBX (h323).
	Name string `json:"name"`
	// LongName is the name people read (cn).
	LongName string   `json:"long_name,omitempty"`
	Emails   []string `json:"emails,omitempty"`
	// Groups are the names of the groups the user is a member of. No rule looks at them.
	Groups []string `json:"groups,omitempty"`
	// Licensed says whether the user holds the licence without which nothing is linked.
	Licensed bool `json:"licensed"`
}

// byID orders Teams users.
func byID(a, b TeamsUser) int { return cmp.Compare(a.ID, b.ID) }

// byName orders PBX users.
func byName(a, b PBXUser) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.GUID, b.GUID))
}

// ordered returns the people in their order, everybody once.
func ordered[P any](people []P, order func(a, b P) int) []P {
	people = slices.Clone(people)
	slices.SortStableFunc(people, order)
	return slices.CompactFunc(people, func(a, b P) bool { return order(a, b) == 0 })
}
