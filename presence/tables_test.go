package presence_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

// golden is testdata/tables.json: every row of the two default tables.
type golden struct {
	ToPBX   map[string]string `json:"to_pbx"`
	ToTeams map[string]string `json:"to_teams"` // "availability/activity lifetime", empty clears
}

func readGolden(t *testing.T) golden {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "tables.json"))
	require.NoError(t, err)
	var g golden
	require.NoError(t, json.Unmarshal(data, &g))
	return g
}

func TestDefaultTablesRowByRow(t *testing.T) {
	t.Parallel()
	tables, err := presence.NewTables(presence.Rows{})
	require.NoError(t, err)
	g := readGolden(t)
	for activity, want := range g.ToPBX {
		for _, spelling := range []string{activity, strings.ToLower(activity), strings.ToUpper(activity)} {
			word, ok := tables.ToPBX(spelling)
			require.True(t, ok, spelling)
			require.Equal(t, want, word, spelling)
		}
	}
	for activity, want := range g.ToTeams {
		manual, ok := tables.ToTeams(activity)
		require.True(t, ok, activity)
		got := ""
		if !manual.Value.IsZero() {
			got = manual.Value.String() + " " + manual.Lifetime.String()
		}
		require.Equal(t, want, got, activity)
	}
	require.Len(t, tables.Rows().ToPBX, len(g.ToPBX))
	require.Len(t, tables.Rows().ToTeams, len(g.ToTeams))
	require.Equal(t, pair("Busy/InACall"), tables.Call())
}

func TestUnknownValuesAreInNoRow(t *testing.T) {
	t.Parallel()
	tables, err := presence.NewTables(presence.Rows{})
	require.NoError(t, err)
	_, ok := tables.ToPBX("Juggling")
	require.False(t, ok)
	_, ok = tables.ToTeams("worship")
	require.False(t, ok)
}

func TestASiteReplacesRows(t *testing.T) {
	t.Parallel()
	tables, err := presence.NewTables(presence.Rows{
		ToPBX:   map[string]string{"inameeting": "busy"},
		ToTeams: map[string]presence.Manual{"lunch": {Value: pair("BeRightBack/BeRightBack"), Lifetime: time.Hour}},
		Call:    pair("DoNotDisturb/Presenting"),
	})
	require.NoError(t, err)
	word, _ := tables.ToPBX("InAMeeting")
	require.Equal(t, "busy", word)
	manual, _ := tables.ToTeams("lunch")
	require.Equal(t, "BeRightBack/BeRightBack", manual.Value.String())
	word, _ = tables.ToPBX("Away")
	require.Equal(t, "away", word, "rows that are not replaced stay")
	require.Equal(t, "DoNotDisturb/Presenting", tables.Call().String())
}

func TestTablesThatCannotStandAreRefused(t *testing.T) {
	t.Parallel()
	manual := func(s string) presence.Manual { return presence.Manual{Value: pair(s), Lifetime: time.Hour} }
	for name, c := range map[string]struct {
		rows presence.Rows
		want []string
	}{
		"a pair that Graph does not accept": {
			presence.Rows{ToTeams: map[string]presence.Manual{"lunch": manual("Busy/InAMeeting")}},
			[]string{`"lunch"`, "Busy/InAMeeting", "accepted: Available/Available, Busy/Busy, DoNotDisturb/DoNotDisturb"},
		},
		"a word that the PBX does not know": {
			presence.Rows{ToPBX: map[string]string{"Busy": "bussy"}}, []string{`"Busy"`, `"bussy"`, "busy"},
		},
		"an activity that the PBX does not know": {
			presence.Rows{ToTeams: map[string]presence.Manual{"lunsh": manual("Away/Away")}}, []string{`"lunsh"`, "lunch"},
		},
		"a value that comes back as another one forever": {
			presence.Rows{ToTeams: map[string]presence.Manual{"busy": manual("Away/Away"), "away": manual("Busy/Busy")}},
			[]string{"does not settle", "→"},
		},
		"a value that comes back as a call": {
			presence.Rows{ToPBX: map[string]string{"Busy": "on-the-phone"}}, []string{"Busy/Busy", "taken for a call"},
		},
		"a lifetime that is none": {
			presence.Rows{ToTeams: map[string]presence.Manual{"lunch": {Value: pair("Away/Away")}}}, []string{"lifetime"},
		},
		"a lifetime that is over before it shows": {
			presence.Rows{ToTeams: map[string]presence.Manual{"lunch": {Value: pair("Away/Away"), Lifetime: 59 * time.Second}}}, []string{"59s", "a minute"},
		},
		"an available that sets something": {
			presence.Rows{ToTeams: map[string]presence.Manual{"": manual("Busy/Busy")}}, []string{`"available"`, "clears"},
		},
		"a row that is there in two spellings": {
			presence.Rows{ToPBX: map[string]string{"Busy": "busy", "BUSY": "dnd"}}, []string{`"Busy"`, "another row"},
		},
		"a row of the PBX that is there in two spellings": {
			presence.Rows{ToTeams: map[string]presence.Manual{"": {}, "Available": {}}}, []string{`"Available"`, "another row"},
		},
		"on-the-phone as a value": {
			presence.Rows{ToTeams: map[string]presence.Manual{"on-the-phone": manual("Busy/Busy")}}, []string{"call"},
		},
		"a session that Graph does not accept": {
			presence.Rows{Call: pair("Busy/Busy")}, []string{"Busy/Busy", "Busy/InACall"},
		},
		"a session that would not be recognised as a call": {
			presence.Rows{ToPBX: map[string]string{"InACall": "busy"}}, []string{"Busy/InACall", "to_pbx"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := presence.NewTables(c.rows)
			var wrong *presence.TableError
			require.ErrorAs(t, err, &wrong)
			for _, want := range c.want {
				require.ErrorContains(t, err, want)
			}
			require.NotEmpty(t, presence.Advice(err))
		})
	}
}

func TestAvailableIsAWordForOnline(t *testing.T) {
	t.Parallel()
	tables, err := presence.NewTables(presence.Rows{
		ToPBX: map[string]string{"Busy": "Available", "Away": "online"}, ToTeams: map[string]presence.Manual{"Available": {}},
	})
	require.NoError(t, err)
	for _, activity := range []string{"Busy", "Away"} {
		word, known := tables.ToPBX(activity)
		require.True(t, known)
		require.Equal(t, presence.Online, word)
	}
	require.NotContains(t, tables.Rows().ToTeams, "available")
	require.Contains(t, tables.Rows().ToTeams, "")
	_, err = presence.NewTables(presence.Rows{ToTeams: map[string]presence.Manual{
		"available": {Value: presence.Teams{Availability: "Busy", Activity: "Busy"}, Lifetime: time.Hour},
	}})
	require.ErrorContains(t, err, `table to_teams, row "available": clears, and cannot set Busy/Busy`)
}
