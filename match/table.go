package match

import (
	"cmp"
	"slices"
)

// Table says explicitly who is who. The order of its rows decides nothing.
type Table []Row

// Row names one person on both sides.
type Row struct {
	// PBX is the PBX name, the guid or the Long Name.
	PBX string `json:"pbx"`
	// Teams is the object id, the UPN or the mail address.
	Teams string `json:"teams"`
	// Line is where the row stands in its file, from 1; 0 if it comes from elsewhere.
	Line int `json:"line,omitempty"`
}

// String returns "pbx = teams".
func (r Row) String() string { return r.PBX + " = " + r.Teams }

// TableOf returns the table of a map from names on the PBX to names in Teams.
func TableOf(names map[string]string) Table {
	table := make(Table, 0, len(names))
	for pbx, teams := range names {
		table = append(table, Row{PBX: pbx, Teams: teams})
	}
	slices.SortFunc(table, func(a, b Row) int { return cmp.Compare(a.PBX, b.PBX) })
	return table
}
