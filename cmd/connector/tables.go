package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/pbx365/connector/presence"
)

// rows reads the rows of the configuration.
func (c tablesConfig) rows() (presence.Rows, error) {
	rows := presence.Rows{ToPBX: c.ToPBX, ToTeams: map[string]presence.Manual{}}
	for word, text := range c.ToTeams {
		manual, err := parseManual(text)
		if err != nil {
			return rows, fmt.Errorf("to_teams, row %q: %w", word, err)
		}
		rows.ToTeams[word] = manual
	}
	if c.Call != "" {
		pair, err := parsePair(c.Call)
		if err != nil {
			return rows, fmt.Errorf("call: %w", err)
		}
		rows.Call = pair
	}
	return rows, nil
}

// empty reports that there are no rows.
func (c tablesConfig) empty() bool { return len(c.ToPBX)+len(c.ToTeams) == 0 && c.Call == "" }

// parseManual reads "Availability/Activity", with a lifetime behind it or the usual
// one, or "clear".
func parseManual(text string) (presence.Manual, error) {
	if text == "clear" {
		return presence.Manual{}, nil
	}
	name, lifetime, given := strings.Cut(text, " ")
	pair, err := parsePair(name)
	if err != nil {
		return presence.Manual{}, err
	}
	m := presence.Manual{Value: pair, Lifetime: 7 * 24 * time.Hour}
	if pair.Availability == "Busy" || pair.Availability == "DoNotDisturb" {
		m.Lifetime = 24 * time.Hour
	}
	if given {
		if m.Lifetime, err = time.ParseDuration(lifetime); err != nil {
			return m, fmt.Errorf("lifetime: %w", err)
		}
	}
	return m, nil
}

func parsePair(text string) (presence.Teams, error) {
	availability, activity, ok := strings.Cut(text, "/")
	if !ok {
		return presence.Teams{}, fmt.Errorf("%q is no pair such as Busy/InACall", text)
	}
	return presence.Teams{Availability: availability, Activity: activity}, nil
}
