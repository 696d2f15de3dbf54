package presence

import (
	"slices"
	"strings"
)

// Row is one row of a table.
type Row struct {
	Table string `json:"table"` // "to_pbx", "to_teams" or "call"
	Key   string `json:"key"`   // the activity that is looked up, in its usual spelling
	Value string `json:"value"` // what stands there, in words
}

// String returns the row as "key → value".
func (r Row) String() string { return PBX{Activity: r.Key}.String() + " → " + r.Value }

// Way returns the rows by which a value travels if people keep choosing on each side what
// the other one has brought, until it comes back as it is, is a call, or takes away. It begins with
// an activity of the side it is shown on. It is empty where there is no row.
func (t *Tables) Way(from Side, activity string) (way []Row) {
	for {
		row, next, known := t.row(from, activity)
		if !known || slices.Contains(way, row) {
			return way
		}
		if way = append(way, row); next == "" {
			return way
		}
		from, activity = from.other(), next
	}
}

// row looks up an activity that a side shows, and returns what the other side shows then;
// nothing where that is not a value of its own.
func (t *Tables) row(from Side, activity string) (r Row, next string, known bool) {
	activity = strings.ToLower(activity)
	if from == SideTeams {
		word, known := t.toPBX[activity]
		r = Row{"to_pbx", t.names[activity], word}
		if word == Online || word == OnThePhone {
			return r, "", known
		}
		return r, word, known
	}
	if activity == OnThePhone {
		return Row{"call", activity, t.call.String()}, "", true
	}
	manual, known := t.toTeams[activity]
	return Row{"to_teams", activity, manual.String()}, manual.Value.Activity, known
}

func (s Side) other() Side {
	if s == SideTeams {
		return SidePBX
	}
	return SideTeams
}
