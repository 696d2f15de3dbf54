package main

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestStoryTellsWhatMayHaveBroughtAboutAWrite(t *testing.T) {
	t.Parallel()
	p := &character{actor: actor{id: "anna", guid: "1"}, inputs: []input{{at: second(1), act: act{kind: sets, word: "away"}}}}
	writes := []written{
		{at: second(20), who: "anna", slot: slotPreferred, value: "Away"},
		{at: second(21), who: "ben", slot: slotPreferred, value: "Busy"},
		{at: second(23), who: "1", slot: slotActivity, pbx: "slave"},
	}
	broken := interruptions(
		[]time.Time{second(22), second(17.5)},
		[]pbxtest.Loss{{Time: second(19), PBX: "master"}, {Time: second(23.4), PBX: "slave"}, {Time: second(23.6), PBX: "master"}},
	)
	var got []string
	for _, line := range strings.Split(p.story(second(23), writes, broken), "\n    ")[1:] {
		_, text, _ := strings.Cut(line, " ")
		got = append(got, text)
	}
	require.Equal(t, []string{
		`sets at the phone /away: Teams , PBX "", no licence, then Teams , PBX "", no licence`,
		"× the connection of the master is lost",
		"← preferred presence: Away",
		"× the connector is killed",
		"← activity: taken back, on slave",
		"× the connection of the slave is lost",
	}, got)
}
