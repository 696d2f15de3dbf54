package presence_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

// TestEveryDecisionSaysWhy names for every rule what it decides, and a schedule in which it does.
func TestEveryDecisionSaysWhy(t *testing.T) {
	t.Parallel()
	const (
		nothing = "<nil>"
		lunch   = `
			0s anna sets lunch on the PBX
			60s a call begins on the PBX
			300s the call on the PBX ends
			600s the calls end, and nothing more happens`
		teamsCall = `
			0s anna is shown InAConferenceCall in Teams
			300s the call in Teams ends
			600s the calls end, and nothing more happens`
		meeting = `
			0s anna's Teams client shows InAMeeting
			300s anna's Teams client shows Away
			600s the link ends`
	)
	for _, c := range []struct {
		rule     presence.Rule
		decides  string
		schedule string
	}{
		{presence.RulePBX, "preferred presence Away/Away", lunch},
		{presence.RuleCallPBX, "session Busy/InACall", lunch},
		{presence.RuleLift, "clear preferred presence", lunch},
		{presence.RuleRestore, "preferred presence Away/Away", lunch},
		{presence.RuleCallPBXEnd, "preferred presence Away/Away", lunch},
		{presence.RuleGoOn, "clear session", lunch},
		{presence.RuleCallTeams, "add alien call", teamsCall},
		{presence.RuleCallTeamsEnd, "delete alien call", teamsCall},
		{presence.RuleTeams, "activity meeting", meeting},
		{presence.RuleTakeBack, "activity available", meeting},
		{presence.RuleCallPBXEnd, "clear session", `
			0s a call begins on the PBX
			300s the call on the PBX ends
			600s the calls end, and nothing more happens`},
		{presence.RuleRenew, "renew session Busy/InACall", `
			0s a call begins on the PBX
			400s anna's Teams client shows Away
			600s the calls end, and nothing more happens`},
		{presence.RuleLift, nothing, `
			0s a call begins on the PBX
			300s anna sets lunch on the PBX
			600s the calls end, and nothing more happens`},
		{presence.RuleExpired, nothing, `
			0s anna sets dnd on the PBX
			90000s anna's Teams client shows InAMeeting
			90300s the calls end, and nothing more happens`},
		{presence.RuleTaken, "activity busy", `
			0s anna sets lunch on the PBX
			300s anna chooses Busy in Teams
			600s the calls end, and nothing more happens`},
		{presence.RuleTaken, "preferred presence Away/Away", `
			0s anna's Teams client shows InAMeeting
			300s anna sets lunch on the PBX
			600s the calls end, and nothing more happens`},
		{presence.RuleTakeBack, "clear preferred presence", `
			0s anna sets lunch on the PBX
			300s anna sets away on the PBX
			600s the link ends`},
		{presence.RuleLook, "read Teams", `
			0s anna signs out of Teams
			300s anna sets lunch on the PBX
			600s the calls end, and nothing more happens`},
		{presence.RuleHidden, nothing, `
			0s anna signs out of Teams
			300s anna sets lunch on the PBX
			600s the calls end, and nothing more happens`},
		{presence.RuleHidden, nothing, `
			0s anna is shown InAConferenceCall in Teams
			60s a call begins on the PBX
			300s anna's Teams client shows Away
			600s the calls end, and nothing more happens`},
		{presence.RuleNobody, nothing, `
			0s anna sets lunch on the PBX
			300s anna signs out of Teams
			600s the calls end, and nothing more happens`},
		{presence.RuleAgree, nothing, `
			60s the connection of the PBX is lost
			61s anna's Teams client shows Away
			61s anna sets away on the PBX
			300s anna's Teams client shows InAMeeting
			600s the calls end, and nothing more happens`},
		{presence.RuleBothTeams, "activity meeting", `
			60s the connection of the PBX is lost
			61s anna sets dnd on the PBX
			62.5s anna's Teams client shows InAMeeting
			300s anna's Teams client shows Away
			600s the calls end, and nothing more happens`},
		{presence.RuleBothPBX, "preferred presence DoNotDisturb/DoNotDisturb", `
			60s the connection of the PBX is lost
			60.5s anna's Teams client shows InAMeeting
			62.5s anna sets dnd on the PBX
			300s anna's Teams client shows Away
			600s the calls end, and nothing more happens`},
		{presence.RuleFirst, "activity meeting", `
			0s anna's Teams client shows InAMeeting
			0s anna's licence is lost
			60s anna's licence is back
			300s anna's Teams client shows Away
			600s the calls end, and nothing more happens`},
		{presence.RuleLost, "add alien call", `
			0s anna is shown InACall in Teams
			60s the connection of the PBX is lost
			300s the call in Teams ends
			600s the calls end, and nothing more happens`},
		{presence.RuleLate, "activity away", `
			0s changes show in Teams after 6s
			1s anna chooses Busy in Teams
			2s anna sets away on the PBX
			60s all troubles end
			300s anna signs out of Teams
			600s the calls end, and nothing more happens`},
	} {
		t.Run(fmt.Sprintf("%s: %s", c.rule, c.decides), func(t *testing.T) {
			t.Parallel()
			m := newModel(t)
			m.play(read(c.schedule))
			require.True(t, slices.ContainsFunc(m.reasons, func(r reason) bool {
				return slices.Contains(r.rules, c.rule) && fmt.Sprint(r.action) == c.decides
			}), "%v", m.reasons)
		})
	}
}
