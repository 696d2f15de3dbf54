package presence

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Manual is a value to be set as a person's preferred presence in Teams, and for
// how long. The zero Manual clears it.
type Manual struct {
	Value    Teams
	Lifetime time.Duration
}

// String returns "Busy/Busy for 24h", or "clear".
func (m Manual) String() string {
	if m.Value.IsZero() {
		return "clear"
	}
	lifetime := m.Lifetime.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(lifetime, zero) {
			lifetime = lifetime[:len(lifetime)-2]
		}
	}
	return m.Value.String() + " for " + lifetime
}

// Lifetimes of a preferred presence, as the Teams client itself uses them.
const (
	day  = 24 * time.Hour
	week = 7 * day
)

// Rows are the rows of the two tables, or some that replace rows of the default
// ones. Keys are compared without regard to case.
type Rows struct {
	// ToPBX maps an activity of Teams to an activity of the PBX, [Online] or [OnThePhone].
	// "available" stands for Online.
	ToPBX map[string]string
	// ToTeams maps an activity of the PBX to a preferred presence; the empty
	// activity, or "available", must clear it.
	ToTeams map[string]Manual
	// Call is what Teams shows while its person is in a call on the PBX.
	// Defaults to Busy/InACall.
	Call Teams
}

// DefaultRows returns the rows of the default tables.
func DefaultRows() Rows {
	away := Manual{Teams{"Away", "Away"}, week}
	busy := Manual{Teams{"Busy", "Busy"}, day}
	return Rows{
		ToPBX: map[string]string{
			"Away":                    "away",
			"BeRightBack":             "away",
			"OutOfOffice":             "away",
			"Busy":                    "busy",
			"InAMeeting":              "meeting",
			"DoNotDisturb":            "dnd",
			"UrgentInterruptionsOnly": "dnd",
			"Focusing":                "dnd",
			"Available":               Online,
			"Inactive":                Online,
			"PresenceUnknown":         Online,
			"Offline":                 Online,
			"OffWork":                 Online,
			"InACall":                 OnThePhone,
			"InAConferenceCall":       OnThePhone,
			"Presenting":              OnThePhone,
		},
		ToTeams: map[string]Manual{
			"":                  {},
			"away":              away,
			"lunch":             away,
			"breakfast":         away,
			"dinner":            away,
			"meal":              away,
			"holiday":           away,
			"vacation":          away,
			"in-transit":        away,
			"travel":            away,
			"permanent-absence": away,
			"sleeping":          away,
			"busy":              busy,
			"meeting":           busy,
			"appointment":       busy,
			"presentation":      busy,
			"performance":       busy,
			"working":           busy,
			"dnd":               {Teams{"DoNotDisturb", "DoNotDisturb"}, day},
		},
		Call: Teams{"Busy", "InACall"},
	}
}

// Tables carry values from one side to the other. They are made by [NewTables],
// never change, and are safe for concurrent use.
type Tables struct {
	toPBX   map[string]string // keys in lower case
	toTeams map[string]Manual // keys in lower case
	call    Teams
	names   map[string]string // lower-case Teams activity to its usual spelling
}

// NewTables returns the default tables with the rows of each of replace, in turn, in
// place of those there were. It returns a [*TableError] where a row names a value that its side does
// not accept, and where a value would come back as another one forever.
func NewTables(replace ...Rows) (*Tables, error) {
	t := &Tables{toPBX: map[string]string{}, toTeams: map[string]Manual{}, names: map[string]string{}}
	for _, rows := range append([]Rows{DefaultRows()}, replace...) {
		if err := t.put(rows); err != nil {
			return nil, err
		}
	}
	if err := t.validate(); err != nil {
		return nil, err
	}
	return t, nil
}

// put takes rows in place of those there were.
func (t *Tables) put(rows Rows) error {
	seen := map[string]bool{}
	for _, activity := range sorted(rows.ToPBX) {
		key, word := strings.ToLower(activity), strings.ToLower(rows.ToPBX[activity])
		if seen[key] {
			return &TableError{"to_pbx", activity, "there is another row for it, in other letters", nil}
		}
		if seen[key] = true; word == available {
			word = Online
		}
		t.toPBX[key], t.names[key] = word, activity
	}
	clear(seen)
	for _, activity := range sorted(rows.ToTeams) {
		key := strings.ToLower(activity)
		if key == available {
			key = ""
		}
		if seen[key] {
			return &TableError{"to_teams", cmp.Or(activity, available), "there is another row for it, in other letters", nil}
		}
		seen[key] = true
		t.toTeams[key] = rows.ToTeams[activity]
	}
	t.call = cmp.Or(rows.Call, t.call)
	return nil
}

// defaultTables are made once: rules that are equal hold the same tables.
var defaultTables = sync.OnceValue(func() *Tables {
	t, err := NewTables()
	if err != nil {
		panic("presence: the default tables are not valid: " + err.Error())
	}
	return t
})

// ToPBX returns the word for an activity of Teams, and whether there is a row.
func (t *Tables) ToPBX(activity string) (word string, ok bool) {
	word, ok = t.toPBX[strings.ToLower(activity)]
	return word, ok
}

// ToTeams returns the preferred presence for an activity of the PBX, and whether
// there is a row.
func (t *Tables) ToTeams(activity string) (Manual, bool) {
	m, ok := t.toTeams[strings.ToLower(activity)]
	return m, ok
}

// Call is what Teams shows while its person is in a call on the PBX.
func (t *Tables) Call() Teams { return t.call }

// Rows returns the rows in force. The caller owns them.
func (t *Tables) Rows() Rows {
	r := Rows{ToPBX: map[string]string{}, ToTeams: maps.Clone(t.toTeams), Call: t.call}
	for activity, word := range t.toPBX {
		r.ToPBX[t.names[activity]] = word
	}
	return r
}

// Equal reports whether t and other hold the same rows.
func (t *Tables) Equal(other *Tables) bool {
	return t == other || t.call == other.call && maps.Equal(t.toPBX, other.toPBX) && maps.Equal(t.toTeams, other.toTeams) && maps.Equal(t.names, other.names)
}

// isCall reports that a Teams value says that its person is in a call.
func (t *Tables) isCall(v Teams) bool {
	word, _ := t.ToPBX(v.Activity)
	return word == OnThePhone
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
