package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/presence/bridge"
)

func TestEventsInWords(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	rules := []presence.Rule{presence.RuleTeams, presence.RuleNobody}
	rows := []presence.Row{{Table: "to_pbx", Key: "Offline", Value: "online"}}
	for want, e := range map[string]bridge.Event{
		"Teams shows Busy/Busy (told)": {Kind: bridge.EventSeen, Side: presence.SideTeams, By: bridge.ByNotification, Times: 1, Shows: "Busy/Busy"},
		"Teams shows Busy/Busy (told, read 12 times until 13:00:00)": {
			Kind: bridge.EventSeen, Side: presence.SideTeams, By: bridge.ByNotification, Times: 13, Read: 12, Shows: "Busy/Busy", Until: noon,
		},
		"Teams shows Busy/Busy (read, told 2 times until 13:00:00)": {
			Kind: bridge.EventSeen, Side: presence.SideTeams, By: bridge.ByRead, Times: 3, Read: 1, Shows: "Busy/Busy", Until: noon,
		},
		"Teams shows Busy/Busy (read)":                                 {Kind: bridge.EventSeen, Side: presence.SideTeams, By: bridge.ByRead, Times: 1, Read: 1, Shows: "Busy/Busy"},
		"PBX shows available, on the phone (told)":                     {Kind: bridge.EventSeen, Side: presence.SidePBX, By: bridge.ByPBX, Times: 1, Shows: "available", OnPhone: true},
		"PBX cannot be seen":                                           {Kind: bridge.EventLost, Side: presence.SidePBX, Times: 1},
		"linked":                                                       {Kind: bridge.EventLink, Times: 1, Note: "linked"},
		"store: lost (3 times until 13:00:00)":                         {Kind: bridge.EventLink, Times: 3, Until: noon, Note: "store: lost"},
		"PBX: activity busy, done in 1.2ms":                            {Kind: bridge.EventWrite, Side: presence.SidePBX, Action: "activity busy", Took: 1234 * time.Microsecond, Times: 1},
		"PBX: activity busy, refused after 0s: x":                      {Kind: bridge.EventWrite, Side: presence.SidePBX, Action: "activity busy", Times: 1, Error: "x", Refused: true},
		"Teams: clear session, withdrawn after 3s, before it was sent": {Kind: bridge.EventWrite, Side: presence.SideTeams, Action: "clear session", Took: 3 * time.Second, Times: 1, Withdrawn: true},
		"PBX: activity busy, failed after 2s: x (3 times until 13:00:00)": {
			Kind: bridge.EventWrite, Side: presence.SidePBX, Action: "activity busy", Took: 2 * time.Second, Times: 3, Until: noon, Error: "x",
		},
		"Teams changed; nobody is at Teams; what a person set on the PBX stays [to_pbx: Offline → online]": {Kind: bridge.EventDecided, Times: 1, Rules: rules, Rows: rows},
		"Teams changed [to_pbx: Offline → online, call: a → b]. PBX: activity available, done in 0s": {
			Kind: bridge.EventWrite, Side: presence.SidePBX, Action: "activity available", Times: 1, Rules: rules[:1],
			Rows: append(rows, presence.Row{Table: "call", Key: "a", Value: "b"}),
		},
	} {
		require.Equal(t, want, what(e, time.FixedZone("there", 3600)))
	}
}

func TestAStoryOnATerminal(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	var out bytes.Buffer
	tell(bridge.Explanation{
		Name:    "anna",
		Teams:   bridge.TeamsSide{UPN: "anna@example.com"},
		PBX:     bridge.PBXSide{Shows: "busy", OnPhone: true, Home: "master", Since: noon, Seen: noon, Lost: true},
		Agreed:  &bridge.AgreedPair{PBX: "busy"},
		Failing: &bridge.Failure{Error: "lost", At: noon},
		Holds: []presence.Holding{
			{Side: presence.SideTeams, What: "session Busy/InACall", Stage: presence.Stands, Since: noon, Until: noon.Add(time.Hour)},
		},
		WaitsFor: []presence.Wait{{For: "an answer"}, {For: "another try", Until: noon}},
		Why:      []string{"one reason", "another"},
		Timeline: []bridge.Event{{Kind: bridge.EventLost, Side: presence.SidePBX, At: noon, Times: 1}},
	}, time.FixedZone("there", 3600)).print(&out)
	require.Equal(t, `anna (anna@example.com)

Time                     What
2026-03-02 13:00:00.000  PBX cannot be seen

Now        Teams has not been seen yet
           PBX shows busy, on the phone since 2026-03-02 13:00:00, cannot be seen now, last news 2026-03-02 13:00:00
           agreed: Teams whatever shows next, PBX busy
           held on Teams: session Busy/InACall, stands since 2026-03-02 13:00:00, until 2026-03-02 14:00:00
           failed 2026-03-02 13:00:00: lost

Waits for  an answer
           another try, at 2026-03-02 13:00:00

Why        one reason
           another
`, out.String())
}
