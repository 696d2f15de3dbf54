package presence_test

import (
	"fmt"
	"time"

	"github.com/pbx365/connector/presence"
)

func ExampleNewTables() {
	tables, err := presence.NewTables(presence.Rows{
		ToPBX: map[string]string{"InAMeeting": "busy"}, // for phones that do not know "meeting"
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	word, _ := tables.ToPBX("inameeting")
	lunch, _ := tables.ToTeams("lunch")
	fmt.Println(word)
	fmt.Println(lunch.Value, lunch.Lifetime)
	// Output:
	// busy
	// Away/Away 168h0m0s
}

func ExampleNewTables_refused() {
	_, err := presence.NewTables(presence.Rows{
		ToTeams: map[string]presence.Manual{
			"lunch": {Value: presence.Teams{Availability: "Busy", Activity: "InAMeeting"}, Lifetime: time.Hour},
		},
	})
	fmt.Println(err)
	// Output:
	// table to_teams, row "lunch": Graph does not accept Busy/InAMeeting; accepted: Available/Available, Busy/Busy, DoNotDisturb/DoNotDisturb, BeRightBack/BeRightBack, Away/Away, Offline/OffWork
}

func ExampleRules_Merge() {
	rules := presence.Rules{}.WithDefaults()
	now := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	memory := presence.Memory{Agreed: &presence.Pair{Teams: presence.Teams{Availability: "Available", Activity: "Available"}}}

	decision := rules.Merge(memory, presence.View{
		Now:   now,
		Teams: &presence.TeamsSeen{Value: presence.Teams{Availability: "Busy", Activity: "InAMeeting"}, At: now},
		PBX:   &presence.PBXSeen{At: now},
	})
	fmt.Println(decision.Rules, "→", decision.Action)

	memory = rules.Done(decision.Memory, decision.Action, presence.Outcome{At: now})
	decision = rules.Merge(memory, presence.View{
		Now:   now,
		Teams: &presence.TeamsSeen{Value: presence.Teams{Availability: "Busy", Activity: "InAMeeting"}, At: now},
		PBX:   &presence.PBXSeen{Value: presence.PBX{Activity: "meeting"}, At: now},
	})
	fmt.Println(decision.Rules, "→", decision.Action)
	// Output:
	// [Teams changed] → activity meeting
	// [] → <nil>
}
