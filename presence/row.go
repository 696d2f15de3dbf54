package presence

import "cmp"

// Row is a row of a table that took part in a [Decision].
type Row struct {
	// Table is "to_pbx", "to_teams" or "call", as in [TableError].
	Table string `json:"table"`
	// Key is the value of the side it came from, in the spelling of the table, and Value what
	// stands in the row: "to_pbx" "InAMeeting" "meeting".
	Key   string `json:"key"`
	Value string `json:"value"`
}

// String returns the row as a configuration has it, behind the name of its table.
func (r Row) String() string { return r.Table + " " + cmp.Or(r.Key, `""`) + ": " + r.Value }

func (s *step) matched(r Row) { s.out.Rows = append(s.out.Rows, r) }

// rowToPBX is the row for what Teams shows, which must have one.
func (s *step) rowToPBX() Row {
	word, _ := s.Tables.ToPBX(s.Teams.Value.Activity)
	return Row{"to_pbx", s.Tables.spelt(s.Teams.Value.Activity), word}
}

// rowToTeams is the row for what the PBX shows.
func rowToTeams(activity string, m Manual) Row { return Row{"to_teams", activity, m.String()} }

// rowOfCall is the one row of the table for calls.
func (s *step) rowOfCall() Row { return Row{"call", OnThePhone, s.Tables.Call().String()} }
