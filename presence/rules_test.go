package presence_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

func TestRulesAreEqualThatDecideTheSame(t *testing.T) {
	t.Parallel()
	tables := func(rows ...presence.Rows) *presence.Tables {
		made, err := presence.NewTables(rows...)
		require.NoError(t, err)
		return made
	}
	short := func() presence.Rows { return presence.Rows{ToPBX: map[string]string{"InAMeeting": "busy"}} }
	lunch := presence.Rows{ToTeams: map[string]presence.Manual{"lunch": {}}}
	for name, c := range map[string]struct {
		a, b  presence.Rules
		equal bool
	}{
		"nothing set":              {presence.Rules{}, presence.Rules{}, true},
		"defaults":                 {presence.Rules{}, presence.Rules{}.WithDefaults(), true},
		"default tables, made":     {presence.Rules{}, presence.Rules{Tables: tables()}, true},
		"the same rows":            {presence.Rules{Tables: tables(short())}, presence.Rules{Tables: tables(short())}, true},
		"a row that is no other":   {presence.Rules{}, presence.Rules{Tables: tables(presence.Rows{ToPBX: map[string]string{"Busy": "busy"}})}, true},
		"another row to the PBX":   {presence.Rules{}, presence.Rules{Tables: tables(short())}, false},
		"another row to Teams":     {presence.Rules{}, presence.Rules{Tables: tables(lunch)}, false},
		"another call":             {presence.Rules{}, presence.Rules{Tables: tables(presence.Rows{Call: presence.Teams{Availability: "DoNotDisturb", Activity: "Presenting"}})}, false},
		"another name for the row": {presence.Rules{}, presence.Rules{Tables: tables(presence.Rows{ToPBX: map[string]string{"BUSY": "busy"}})}, false},
		"another direction":        {presence.Rules{}, presence.Rules{Direction: presence.TeamsToPBX}, false},
		"another time":             {presence.Rules{}, presence.Rules{Pace: time.Minute}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, c.equal, c.a.Equal(c.b))
			require.Equal(t, c.equal, c.b.Equal(c.a))
		})
	}
}
