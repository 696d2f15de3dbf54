package presence

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// TableError tells which row of a table cannot stand, and what could.
type TableError struct {
	// Table is "to_pbx", "to_teams" or "call", Row the key of the row.
	Table, Row string
	Reason     string
	// Accepted lists the values that could stand there; empty where the rows
	// contradict each other.
	Accepted []string
}

func (e *TableError) Error() string {
	text := fmt.Sprintf("table %s, row %q: %s", e.Table, e.Row, e.Reason)
	if len(e.Accepted) > 0 {
		text += "; accepted: " + strings.Join(e.Accepted, ", ")
	}
	return text
}

// Advice says what the administrator has to change.
func (e *TableError) Advice() string {
	return fmt.Sprintf("correct the row %q of the table %s in the configuration", e.Row, e.Table)
}

func (t *Tables) validate() error {
	for _, activity := range sorted(t.toPBX) {
		if err := t.checkToPBX(activity); err != nil {
			return err
		}
	}
	for _, activity := range sorted(t.toTeams) {
		if err := t.checkToTeams(activity); err != nil {
			return err
		}
	}
	switch {
	case !accepts(sessionPairs, t.call):
		return &TableError{"call", t.call.String(), "Graph does not accept this pair for a call", pairs(sessionPairs)}
	case !t.isCall(t.call):
		return &TableError{"call", t.call.String(), "is no call, since its row in to_pbx is not " + OnThePhone, nil}
	}
	return t.checkSettles()
}

func (t *Tables) checkToPBX(activity string) error {
	word := t.toPBX[activity]
	if word == Online || word == OnThePhone || slices.Contains(pbxWords, word) {
		return nil
	}
	return &TableError{"to_pbx", t.names[activity], fmt.Sprintf("the PBX does not know %q", word),
		append([]string{Online, OnThePhone}, pbxWords...)}
}

// shortest is the least time for which a preferred presence is worth a write.
const shortest = time.Minute

func (t *Tables) checkToTeams(activity string) error {
	m := t.toTeams[activity]
	switch {
	case activity == "" && m != Manual{}:
		return &TableError{"to_teams", available, "clears, and cannot set " + m.Value.String(), nil}
	case activity == OnThePhone:
		return &TableError{"to_teams", activity, "a call is no value of a person; it has a setting of its own, call", nil}
	case activity != "" && !slices.Contains(pbxWords, activity):
		return &TableError{"to_teams", activity, "the PBX does not know this activity", pbxWords}
	case m == Manual{}:
		return nil
	case !accepts(preferredPairs, m.Value):
		return &TableError{"to_teams", activity, "Graph does not accept " + m.Value.String(), pairs(preferredPairs)}
	case m.Lifetime < shortest:
		return &TableError{"to_teams", activity, fmt.Sprintf("the lifetime %s is shorter than a minute", m.Lifetime), nil}
	}
	return nil
}

// checkSettles follows each activity of the PBX to Teams and back until a value
// stays as it is. One that never does would wander forever between the sides.
func (t *Tables) checkSettles() error {
	for _, start := range sorted(t.toTeams) {
		path := []string{start}
		for activity := start; ; {
			manual, ok := t.toTeams[activity]
			if !ok || manual == (Manual{}) {
				break
			}
			word := t.toPBX[strings.ToLower(manual.Value.Activity)]
			if word == OnThePhone {
				return &TableError{"to_teams", activity,
					manual.Value.String() + " would be taken for a call, since its row in to_pbx is " + OnThePhone, nil}
			}
			if word == activity || word == Online || word == "" {
				break
			}
			if slices.Contains(path, word) {
				return &TableError{"to_teams", start,
					"does not settle: " + strings.Join(append(path, word), " → "), nil}
			}
			path, activity = append(path, word), word
		}
	}
	return nil
}

func accepts(list []Teams, pair Teams) bool {
	return slices.ContainsFunc(list, func(p Teams) bool { return strings.EqualFold(p.String(), pair.String()) })
}

func pairs(list []Teams) []string {
	out := make([]string, len(list))
	for i, p := range list {
		out[i] = p.String()
	}
	return out
}
