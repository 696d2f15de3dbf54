package bridge_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/presence/bridge"
	"github.com/pbx365/connector/store/memstore"
)

// writesOf counts the writes that contain a word, without looks.
func writesOf(writes []string, word string) (n int) {
	for _, w := range writes {
		if strings.Contains(w, word) {
			n++
		}
	}
	return n
}

// putBack has another program put an activity back two seconds after each write.
func (r *rig) putBack(guid, activity string) {
	r.pbx.failWith(func(write string) error {
		if strings.HasPrefix(write, guid) {
			time.AfterFunc(2*time.Second, func() { r.pbx.show(guid, activity) })
		}
		return nil
	})
}

func TestAnotherProgramIsNamedAndNotFought(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSides()
		r := s.start(t, "anna", "ben")
		r.putBack("guid-anna", "lunch")
		change := func() {
			for _, user := range []string{"teams-anna", "teams-ben"} {
				r.teams.show(user, "Busy")
				r.wait(30 * time.Second)
				r.teams.show(user, "DoNotDisturb")
				r.wait(30 * time.Second)
			}
		}
		r.wait(time.Minute)
		change()
		change()
		c := r.b.Status().Conflicts
		require.Len(t, c, 1)
		since := c[0].Since
		require.Equal(t, bridge.Conflict{
			Name: "anna", Side: presence.SidePBX, Ours: "busy", Theirs: "lunch", Since: since, Until: since.Add(5 * time.Minute),
			Todo: "Another program writes the presence of anna on the PBX: stop it, or take the person out of one of the two.",
		}, c[0])
		require.Zero(t, r.b.Status().Drift.OutOfStep, "she is left alone")

		r.stop() // the pause outlives the process
		r = s.start(t, "anna", "ben")
		defer r.stop()
		require.Equal(t, c, r.b.Status().Conflicts)
		r.putBack("guid-anna", "lunch")
		r.pbx.take()
		for range 12 * 60 / 2 {
			change()
		}
		writes := r.pbx.take()
		require.Less(t, writesOf(writes, "guid-anna"), 9, "of 720 changes")
		require.Equal(t, 720, writesOf(writes, "guid-ben"), "it is about nobody else")
	})
}

func TestAfterAConflictTheStateOfNowIsAgreed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.putBack("guid-anna", "lunch")
		for _, value := range []string{"Busy", "DoNotDisturb", "Busy"} {
			r.teams.show("teams-anna", value)
			r.wait(30 * time.Second)
		}
		require.Len(t, r.b.Status().Conflicts, 1)
		r.pbx.failWith(nil)
		r.pbx.take()
		r.teams.take()
		r.teams.show("teams-anna", "BeRightBack")
		r.wait(time.Hour)
		r.pbx.look("guid-anna")
		r.wait(time.Minute)
		require.Empty(t, r.b.Status().Conflicts)
		require.Empty(t, r.pbx.take(), "nothing old is pushed")
		require.Empty(t, r.teams.take())
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Minute)
		require.Equal(t, []string{"guid-anna busy"}, r.pbx.take())
		require.Empty(t, r.b.Status().Conflicts)
	})
}

func TestCallsGoOnDuringAConflict(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.putBack("guid-anna", "lunch")
		for _, value := range []string{"Busy", "DoNotDisturb", "Busy"} {
			r.teams.show("teams-anna", value)
			r.wait(30 * time.Second)
		}
		require.Len(t, r.b.Status().Conflicts, 1)
		r.pbx.take()
		r.teams.show("teams-anna", "InACall")
		r.wait(time.Second)
		require.Equal(t, []string{"guid-anna alien call"}, r.pbx.take())
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Minute)
		require.Equal(t, []string{"guid-anna end alien call 7"}, r.pbx.take())
	})
}

// TestTwoConnectorsDoNotFight has two bridges, each with a store of its own, at the same people.
func TestTwoConnectorsDoNotFight(t *testing.T) {
	t.Parallel()
	for name, rows := range map[string]presence.Rows{
		"of the same tables": {},
		"of other tables":    {ToPBX: map[string]string{"InAMeeting": "busy", "Busy": "dnd", "DoNotDisturb": "away"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				other, err := presence.NewTables(rows)
				require.NoError(t, err)
				s := newSides()
				beside, err := bridge.New(bridge.Options{
					Teams: s.teams, PBX: s.pbx, Store: memstore.New(), Matcher: match.Default(nil),
					Rules: func(match.Pair) presence.Rules { return presence.Rules{Tables: other} },
				})
				require.NoError(t, err)
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() { ended <- beside.Run(ctx) }()
				a, p := anna()
				beside.PBXUser(p)
				beside.PBXSynced()
				beside.TeamsPeople([]match.TeamsUser{a})
				s.teams.beside, s.pbx.beside = beside, beside
				r := s.start(t, "anna")
				r.wait(time.Minute)
				take := func() int { return writesOf(slices.Concat(r.pbx.take(), r.teams.take()), "-anna") }

				changes := 0
				for range 40 {
					for _, value := range []string{"Busy", "Available", "InAMeeting", "DoNotDisturb"} {
						r.teams.show("teams-anna", value)
						r.wait(3 * time.Minute)
						changes++
					}
					for _, activity := range []string{"dnd", "", "lunch"} {
						r.pbx.show("guid-anna", activity)
						r.wait(3 * time.Minute)
						changes++
					}
				}
				require.Less(t, take(), 3*changes, "two writers, and their looks")
				r.wait(time.Minute)
				require.Zero(t, take())
				r.wait(8 * time.Hour)
				require.Zero(t, take(), "once nobody changes anything, nothing is written")
				cancel()
				require.NoError(t, <-ended)
				r.stop()
			})
		})
	}
}
