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
