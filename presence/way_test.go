package presence_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/presence"
)

func TestTheWayOfAValue(t *testing.T) {
	t.Parallel()
	tables, err := presence.NewTables(
		presence.Rows{ToPBX: map[string]string{"Busy": "working"}},
		presence.Rows{ToTeams: map[string]presence.Manual{"worship": {Value: pair("Away/Away"), Lifetime: 90 * time.Minute}}},
	)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		from     presence.Side
		activity string
		want     []string
	}{
		"a lossy row":         {presence.SideTeams, "inameeting", []string{"InAMeeting → meeting", "meeting → Busy/Busy for 24h", "Busy → working", "working → Busy/Busy for 24h"}},
		"what comes back":     {presence.SidePBX, "AWAY", []string{"away → Away/Away for 168h", "Away → away"}},
		"of the second rows":  {presence.SidePBX, "worship", []string{"worship → Away/Away for 1h30m", "Away → away", "away → Away/Away for 168h"}},
		"a call in Teams":     {presence.SideTeams, "Presenting", []string{"Presenting → on-the-phone"}},
		"a call on the PBX":   {presence.SidePBX, "on-the-phone", []string{"on-the-phone → Busy/InACall"}},
		"available in Teams":  {presence.SideTeams, "Available", []string{"Available → online"}},
		"cleared on the PBX":  {presence.SidePBX, "", []string{"available → clear"}},
		"in no row":           {presence.SideTeams, "Juggling", nil},
		"in no row elsewhere": {presence.SidePBX, "tv", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, row := range tables.Way(c.from, c.activity) {
				got = append(got, row.String())
			}
			require.Equal(t, c.want, got)
		})
	}
}

// TestAWayEnds holds for every table that can stand: no row comes twice, and each takes up
// what the one before has brought.
func TestAWayEnds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rows := presence.Rows{ToPBX: map[string]string{}, ToTeams: map[string]presence.Manual{}}
		for range rapid.IntRange(0, 6).Draw(t, "rows") {
			activity := pair(rapid.SampledFrom(chosenValues).Draw(t, "teams")).Activity
			rows.ToPBX[activity] = rapid.SampledFrom(activities).Draw(t, "word")
			word := rapid.SampledFrom(activities[1:]).Draw(t, "pbx")
			rows.ToTeams[word] = presence.Manual{Value: pair(rapid.SampledFrom(chosenValues).Draw(t, "pair")), Lifetime: time.Hour}
		}
		tables, err := presence.NewTables(rows)
		if err != nil {
			return // these cannot stand
		}
		side, activity := presence.SideTeams, pair(rapid.SampledFrom(chosenValues).Draw(t, "start")).Activity
		if rapid.Bool().Draw(t, "from the PBX") {
			side, activity = presence.SidePBX, rapid.SampledFrom(activities).Draw(t, "start word")
		}
		seen := map[presence.Row]bool{}
		table := ""
		for _, row := range tables.Way(side, activity) {
			require.False(t, seen[row], "%v comes twice", row)
			require.NotEqual(t, table, row.Table, "from one side to the other")
			seen[row], table = true, row.Table
		}
	})
}
