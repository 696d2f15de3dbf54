package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/pbx/pbxtest"
)

// second is a time of the tests.
func second(n float64) time.Time {
	return time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC).Add(time.Duration(n * float64(time.Second)))
}

func TestWritesOfBothSimulators(t *testing.T) {
	t.Parallel()
	got := writtenIn([]graphtest.Write{
		{Time: second(2), User: "anna", Action: graphtest.RouteSetPresence, Pair: graphtest.Pair{Availability: "Busy", Activity: "InACall"}, Status: 200},
		{Time: second(4), User: "anna", Action: graphtest.RouteClearPresence, Status: 404},
		{Time: second(6), User: "anna", Action: graphtest.RouteSetPreferred, Pair: graphtest.Pair{Availability: "Away", Activity: "Away"}, Status: 200, Lost: true},
		{Time: second(8), User: "anna", Action: graphtest.RouteClearPreferred, Status: 200},
	}, []pbxtest.Write{
		{Time: second(1), PBX: "master", GUID: "1", Op: "SetPresence", Activity: "away"},
		{Time: second(3), PBX: "slave", GUID: "2", Op: "AddAlienCall", Fault: pbxtest.FaultLate},
		{Time: second(5), PBX: "slave", GUID: "2", Op: "DelAlienCall", Err: "fault injected"},
		{Time: second(7), PBX: "slave", Op: "DelAlienCall", Err: "no such call"},
		{Time: second(9), PBX: "slave", GUID: "2", Op: "AddAlienCall", Err: "fault injected", Fault: pbxtest.FaultRefuse},
		{Time: second(10), PBX: "slave", GUID: "2", Op: "SetPresence", Err: "fault injected", Fault: pbxtest.FaultIgnore},
		{Time: second(11), PBX: "slave", GUID: "2", Op: "SetPresence", Fault: pbxtest.FaultZeroError},
	})
	require.Equal(t, []written{
		{second(1), "1", slotActivity, "away", "master", false, false},
		{second(2), "anna", slotSession, "InACall", "", false, false},
		{second(3), "2", slotAlien, "call", "slave", false, true},
		{second(4), "anna", slotSession, "", "", true, false},
		{second(5), "2", slotAlien, "", "slave", true, false},
		{second(6), "anna", slotPreferred, "Away", "", false, true},
		{second(8), "anna", slotPreferred, "", "", false, false},
		{second(9), "2", slotAlien, "call", "slave", true, false},
		{second(10), "2", slotActivity, "", "slave", true, true},
		{second(11), "2", slotActivity, "", "slave", false, false},
	}, got)
	require.Equal(t, "← alien call: call, in vain, on slave", got[7].String())
	require.True(t, got[7].refused())
	require.False(t, got[8].refused(), "nobody was told")
}
