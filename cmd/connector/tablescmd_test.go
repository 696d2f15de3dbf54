package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func printed(t *testing.T, file, value, whose string) string {
	t.Helper()
	c, err := parse(t, file)
	require.NoError(t, err)
	var out bytes.Buffer
	require.NoError(t, tablesCmd{config: c, Value: value, For: whose, out: &out}.Run())
	return out.String()
}

func TestTablesInForceArePrinted(t *testing.T) {
	t.Parallel()
	site := printed(t, groupsFile, "", "")
	require.Contains(t, site, "Teams to PBX (to_pbx), not carried: direction is pbx-to-teams\n")
	require.Regexp(t, `\n  InAMeeting +busy +set here\n`, site)
	require.Regexp(t, `\n  Busy +busy\n`, site)
	require.Regexp(t, `\n  in-transit +Away/Away for 168h\n`, site)
	require.Contains(t, site, "A call on the PBX is shown in Teams as Busy/InACall.\n")
	require.Contains(t, site, `Other rules: reception (reception); connector tables --for "reception" shows them.`)
	require.Contains(t, site, `Other rules: number 2 (PBX group Sales)`)
	for _, whose := range []string{"reception", "RECEPTION"} {
		group := printed(t, groupsFile, "", whose)
		require.Contains(t, group, "The tables of reception\n")
		require.NotContains(t, group, "A call on the PBX", "it goes the other way")
		require.Regexp(t, `\n  InAMeeting +meeting\n`, group)
		require.Regexp(t, `\n  in-transit +BeRightBack/BeRightBack for 2h +set here\n`, group)
	}
}

func TestTheWayThereAndBackIsPrinted(t *testing.T) {
	t.Parallel()
	both := strings.Replace(groupsFile, "direction: pbx-to-teams", "direction: both", 1)
	require.Equal(t, `shown in Teams              InAMeeting  is carried to the PBX as  busy
set by a person on the PBX  busy        is carried to Teams as    Busy/Busy for 24h
shown in Teams              Busy        is carried to the PBX as  busy
and there it stays.
`, printed(t, both, "inameeting", ""))
	require.Contains(t, printed(t, groupsFile, "busy", "reception"), "busy  is not carried: the direction is teams-to-pbx\n")
	require.Contains(t, printed(t, groupsFile, "inameeting", "reception"), "carried to the PBX as  meeting")
	require.Contains(t, printed(t, "", "available", ""), "is carried to Teams as  clear")
	for _, value := range []string{"Available", "AVAILABLE", "online", "Online"} {
		require.Equal(t, printed(t, "", "available", ""), printed(t, "", value, ""))
	}
	require.Equal(t, printed(t, "", "lunch", ""), printed(t, "", "Lunch", ""))
	require.Contains(t, printed(t, "", "On-The-Phone", ""), "is shown in Teams as  Busy/InACall")
	require.Contains(t, printed(t, "", "on-the-phone", ""), "is shown in Teams as  Busy/InACall")
}

func TestTablesSayWhatACallIsWithoutAlienCalls(t *testing.T) {
	t.Parallel()
	const off = "pbx: {alien_calls: off}\n"
	require.Regexp(t, `\n  InACall +on-the-phone: an alien call\n`, printed(t, "", "", ""))
	require.Regexp(t, `\n  InACall +on-the-phone: busy, where nothing else is set, since alien calls are off\n`, printed(t, off, "", ""))
	require.Contains(t, printed(t, off, "inacall", ""), "carried to the PBX as  on-the-phone: busy, where nothing")
}

func TestTablesOfWhatThereIsNot(t *testing.T) {
	t.Parallel()
	err := tablesCmd{Value: "medting"}.Run()
	require.ErrorContains(t, err, "in no row and changes nothing; did you mean meeting?\nTeams shows Available, Away, BeRightBack, ")
	require.ErrorContains(t, err, ", UrgentInterruptionsOnly\nThe PBX shows appointment, available, away, ")
	require.ErrorContains(t, err, ", on-the-phone, ")
	require.ErrorContains(t, tablesCmd{config: config{Tables: tablesConfig{ToPBX: map[string]string{"Juggling": "busy"}}}, Value: "x"}.Run(), "InAMeeting, Inactive, Juggling, ")
	require.ErrorContains(t, tablesCmd{For: "nobody"}.Run(), "no group is called nobody")
}
