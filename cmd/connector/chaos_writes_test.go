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

func TestWritesNeedACause(t *testing.T) {
	t.Parallel()
	activity := func(at float64, value string) written {
		return written{at: second(at), slot: slotActivity, value: value, pbx: "master"}
	}
	session := func(at float64, value string) written {
		return written{at: second(at), slot: slotSession, value: value}
	}
	alien := func(at float64, value string) written {
		return written{at: second(at), slot: slotAlien, value: value, pbx: "slave"}
	}
	unsure := func(w written) written {
		w.unsure = true
		return w
	}
	inputs := func(at ...float64) (c causes) {
		for _, n := range at {
			c.inputs = append(c.inputs, second(n))
		}
		return c
	}
	killed := func(c causes, at float64) causes {
		c.kills = append(c.kills, second(at))
		return c
	}
	lost := func(c causes, pbx string, at float64) causes {
		c.lost = append(c.lost, loss{second(at), pbx})
		return c
	}
	ended := func(c causes, at float64) causes {
		c.ended = second(at)
		return c
	}
	for name, tc := range map[string]struct {
		cause  causes
		writes []written
		want   int
	}{
		"nothing":                         {inputs(1), nil, 0},
		"an input":                        {inputs(1), []written{activity(2, "away")}, 0},
		"no input":                        {inputs(), []written{activity(2, "away")}, 1},
		"an input afterwards":             {inputs(3), []written{activity(2, "away")}, 1},
		"one input, two writes":           {inputs(1), []written{activity(2, "away"), activity(3, "busy")}, 1},
		"one input for each place":        {inputs(1), []written{activity(2, "away"), session(3, "InACall")}, 0},
		"two inputs, noticed late":        {inputs(1, 2), []written{activity(3, "away"), activity(4, "busy")}, 0},
		"an input long before":            {inputs(1, 2), []written{activity(3, "away"), activity(200, "busy"), activity(201, "away")}, 2},
		"the same again":                  {inputs(1), []written{activity(2, "away"), activity(3, "away")}, 1},
		"the same again, by a person":     {inputs(1, 3), []written{activity(2, "away"), activity(4, "away")}, 0},
		"the same again, unsure":          {inputs(1), []written{unsure(activity(2, "away")), activity(3, "away")}, 0},
		"the same again, sure at last":    {inputs(1), []written{unsure(activity(2, "away")), activity(3, "away"), activity(4, "away")}, 1},
		"another one, unsure":             {inputs(1), []written{unsure(activity(2, "away")), activity(3, "busy")}, 1},
		"the same again, killed":          {killed(inputs(1), 2.5), []written{activity(2, "away"), activity(3, "away")}, 0},
		"the same again, killed before":   {killed(inputs(1), 1.5), []written{activity(2, "away"), activity(3, "away")}, 1},
		"the same twice, killed once":     {killed(inputs(1), 2.5), []written{activity(2, "away"), activity(3, "away"), activity(4, "away")}, 1},
		"another one, killed":             {killed(inputs(1), 2.5), []written{activity(2, "away"), activity(3, "busy")}, 1},
		"the same again, cut off":         {lost(inputs(1), "master", 2.5), []written{activity(2, "away"), activity(3, "away")}, 0},
		"the same again, another cut off": {lost(inputs(1), "slave", 2.5), []written{activity(2, "away"), activity(3, "away")}, 1},
		"renewed":                         {inputs(1), []written{session(2, "InACall"), session(300, "InACall")}, 0},
		"renewed too soon":                {inputs(1), []written{session(2, "InACall"), session(60, "InACall")}, 1},
		"renewed where nothing ends":      {inputs(1), []written{activity(2, "away"), activity(300, "away")}, 1},
		"an alien call that was unsure":   {inputs(1), []written{unsure(alien(2, "call")), alien(3, "call"), alien(4, "")}, 1},
		"… is deleted":                    {inputs(1), []written{unsure(alien(2, "call")), alien(3, "")}, 0},
		"taken back at the end":           {ended(inputs(1), 3), []written{activity(2, "away"), activity(4, "")}, 0},
		"taken back before the end":       {ended(inputs(1), 5), []written{activity(2, "away"), activity(4, "")}, 1},
		"put back at the end":             {ended(inputs(1), 3), []written{{at: second(4), slot: slotPreferred, value: "Busy"}}, 0},
		"written at the end":              {ended(inputs(1), 3), []written{activity(2, "away"), activity(4, "busy")}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Len(t, tc.cause.without(tc.writes), tc.want)
		})
	}
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
	})
	require.Equal(t, []written{
		{second(1), "1", slotActivity, "away", "master", false},
		{second(2), "anna", slotSession, "InACall", "", false},
		{second(3), "2", slotAlien, "call", "slave", true},
		{second(4), "anna", slotSession, "", "", true},
		{second(5), "2", slotAlien, "", "slave", true},
		{second(6), "anna", slotPreferred, "Away", "", true},
		{second(8), "anna", slotPreferred, "", "", false},
	}, got)
}
