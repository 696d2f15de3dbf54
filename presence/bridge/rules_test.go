package bridge_test

import (
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/presence/bridge"
)

func TestEverybodyHasRulesOfTheirOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		short, err := presence.NewTables(presence.Rows{ToPBX: map[string]string{"InAMeeting": "busy"}})
		require.NoError(t, err)
		var oneWay atomic.Bool
		r := newSides().startWith(t, bridge.Options{Rules: func(p match.Pair) presence.Rules {
			switch {
			case slices.Contains(p.PBX.Groups, "sales"):
				return presence.Rules{Tables: short}
			case oneWay.Load():
				return presence.Rules{Direction: presence.PBXToTeams}
			}
			return presence.Rules{}
		}}, "anna", "ben")
		defer r.stop()
		_, ben := person("ben")
		ben.Groups = []string{"sales"}
		r.b.PBXUser(ben)
		r.wait(time.Second)
		for _, name := range []string{"anna", "ben"} {
			r.teams.show("teams-"+name, "InAMeeting")
		}
		r.wait(time.Second)
		writes := r.pbx.take()
		slices.Sort(writes)
		require.Equal(t, []string{"guid-anna meeting", "guid-ben busy"}, writes)

		oneWay.Store(true)
		_, anna := person("anna")
		r.b.PBXUser(anna) // any change of the lists
		r.wait(time.Second)
		r.teams.show("teams-anna", "Away")
		r.teams.show("teams-ben", "Away")
		r.wait(time.Second)
		require.Equal(t, []string{"guid-ben away"}, r.pbx.take())
	})
}

// changing are rules that are others at each change.
type changing struct {
	rules atomic.Pointer[presence.Rules]
}

func (c *changing) of(match.Pair) presence.Rules { return *c.rules.Load() }

func startChanging(t *testing.T, names ...string) (*rig, func(presence.Rules)) {
	c := &changing{}
	c.rules.Store(&presence.Rules{})
	r := newSides().startWith(t, bridge.Options{Rules: c.of}, names...)
	return r, func(rules presence.Rules) {
		c.rules.Store(&rules)
		r.b.RulesChanged()
		r.wait(time.Second)
	}
}

func TestOtherRulesHoldFromTheNextChangeOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, change := startChanging(t, "anna", "ben")
		defer r.stop()
		r.teams.show("teams-anna", "InAMeeting")
		r.wait(time.Minute)
		require.Equal(t, []string{"guid-anna meeting"}, r.pbx.take())
		for range 2 { // the same rows, made anew, are the same rules
			short, err := presence.NewTables(presence.Rows{ToPBX: map[string]string{"InAMeeting": "busy"}})
			require.NoError(t, err)
			change(presence.Rules{Tables: short})
		}
		r.wait(time.Minute)
		require.Empty(t, r.pbx.take(), "what stands stays")
		lines := story(r.explain("anna"))
		require.Equal(t, "link other rules, direction both ×1", lines[len(lines)-1])
		r.teams.show("teams-ben", "InAMeeting")
		r.wait(time.Minute)
		require.Equal(t, []string{"guid-ben busy"}, r.pbx.take())

		change(presence.Rules{Direction: presence.PBXToTeams})
		r.teams.show("teams-ben", "Away")
		r.pbx.show("guid-anna", "lunch")
		r.wait(time.Minute)
		require.Empty(t, r.pbx.take())
		require.Equal(t, []string{"teams-anna preferred Away/Away for 168h0m0s"}, r.teams.take())
		require.Equal(t, presence.PBXToTeams, r.explain("ben").Direction)
	})
}

func TestOtherRulesEndWhatTheyDoNotCarry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, change := startChanging(t, "anna", "ben")
		defer r.stop()
		r.pbx.call("guid-anna", true)
		r.teams.show("teams-ben", "InACall")
		r.wait(time.Minute)
		require.Equal(t, []string{"teams-anna session Busy/InACall for 10m0s"}, r.teams.take())
		require.Equal(t, []string{"guid-ben alien call"}, r.pbx.take())
		change(presence.Rules{Direction: presence.TeamsToPBX})
		require.Equal(t, []string{"teams-anna clear session"}, r.teams.take())
		require.Empty(t, r.pbx.take())
		change(presence.Rules{Direction: presence.PBXToTeams})
		require.Equal(t, []string{"guid-ben end alien call 7"}, r.pbx.take())
	})
}
