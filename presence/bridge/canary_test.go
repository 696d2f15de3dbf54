package bridge_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/presence/bridge"
)

// canary runs a canary at tweety. Each write takes its time, so that it can be measured.
func (r *rig) canary(o bridge.CanaryOptions) (c *bridge.Canary, stop func()) {
	o.User = "Tweety"
	c = bridge.NewCanary(r.b, o)
	ctx, cancel := context.WithCancel(r.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	return c, func() {
		cancel()
		require.NoError(r.t, <-ended)
	}
}

// slow has the writes of each side take that long.
func (r *rig) slow(teams, pbx time.Duration) {
	r.teams.failWith(func(string) error { <-time.After(teams); return nil })
	r.pbx.failWith(func(string) error { <-time.After(pbx); return nil })
}

// without drops the looks from what was written.
func without(writes []string, word string) (rest []string) {
	for _, w := range writes {
		if !strings.Contains(w, word) {
			rest = append(rest, w)
		}
	}
	return rest
}

// requireIdle asserts that tweety is as it was found, and that the bridge holds nothing of it.
func (r *rig) requireIdle(shows string) {
	r.t.Helper()
	require.Equal(r.t, shows, r.teams.seen("teams-tweety").Value.Activity)
	require.Empty(r.t, r.pbx.activity["guid-tweety"])
	l := r.link("tweety")
	require.Nil(r.t, l.ToPBX)
	require.Nil(r.t, l.ToTeams)
	require.Nil(r.t, l.Session)
}

func TestTheCanaryMeasuresBothWays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "tweety", "anna")
		defer r.stop()
		r.slow(200*time.Millisecond, 50*time.Millisecond)
		c, stop := r.canary(bridge.CanaryOptions{})
		defer stop()
		r.wait(time.Minute)
		h := c.Health()
		require.Equal(t, presence.StateOK, h.State)
		require.Equal(t, "Teams to PBX 250ms (p50 250ms, p95 250ms); PBX to Teams 250ms (p50 250ms, p95 250ms)", h.Detail)
		require.Equal(t, []string{
			"teams-tweety preferred DoNotDisturb/DoNotDisturb for 10m0s", "teams-tweety clear preferred",
			"teams-tweety preferred Away/Away for 168h0m0s", "teams-tweety clear preferred",
		}, without(r.teams.take(), "look"))
		require.Equal(t, []string{
			"guid-tweety dnd", "guid-tweety available", // of the bridge
			"guid-tweety away", "guid-tweety available", // of the canary
		}, r.pbx.take())
		r.requireIdle("Available")
	})
}

func TestTheCanaryIsNoRivalAndDisturbsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "tweety", "anna")
		defer r.stop()
		r.slow(200*time.Millisecond, 50*time.Millisecond)
		c, stop := r.canary(bridge.CanaryOptions{Every: time.Minute})
		defer stop()
		for range 24 {
			r.slow(200*time.Millisecond, 50*time.Millisecond)
			r.wait(time.Hour + 50*time.Second)
			require.Equal(t, presence.StateOK, c.Health().State, c.Health().LastError)
			require.Empty(t, r.b.Status().Conflicts)
			require.Empty(t, r.b.Status().Failing)
			r.pbx.take()
			require.Zero(t, writesOf(r.teams.take(), "anna"))
		}
		r.slow(time.Second, 50*time.Millisecond)
		r.wait(3 * time.Minute)
		require.Contains(t, c.Health().Detail, "PBX to Teams 1.05s (p50 250ms, p95 1.05s)", "of the last twenty")
	})
}

func TestTheCanaryFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fail       func(r *rig)
		want, todo string
	}{
		"where the PBX shows nothing": {
			func(r *rig) {
				r.pbx.failWith(func(write string) error {
					if strings.Contains(write, "dnd") {
						return errLost
					}
					return nil
				})
			}, "Teams was changed for Tweety, and dnd was not shown within 1m0s, but available", "from Teams on the PBX",
		},
		"where Teams shows nothing": {
			func(r *rig) {
				r.teams.failWith(func(write string) error {
					if strings.Contains(write, "Away") {
						return errLost
					}
					return nil
				})
			}, "the PBX was changed for Tweety, and Away was not shown within 1m0s, but Available", "from the PBX in Teams",
		},
		"where it cannot write itself": {
			func(r *rig) { r.teams.failWith(func(string) error { return errLost }) }, "connection lost", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newSides().start(t, "tweety")
				defer r.stop()
				c.fail(r)
				canary, stop := r.canary(bridge.CanaryOptions{})
				r.wait(3 * time.Minute)
				h := canary.Health()
				require.Equal(t, presence.StateFailed, h.State)
				require.Contains(t, h.LastError, c.want)
				require.Contains(t, h.Todo, c.todo)
				r.pbx.call("guid-tweety", true)
				r.wait(6 * time.Minute)
				require.Equal(t, presence.StateFailed, canary.Health().State, "that no round can begin heals nothing")
				r.pbx.call("guid-tweety", false)
				r.teams.failWith(nil)
				r.pbx.failWith(nil)
				r.wait(8 * time.Minute)
				require.Equal(t, presence.StateOK, canary.Health().State)
				stop()
				r.requireIdle("Available")
			})
		})
	}
}

func TestTheCanaryWaits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		busy, free func(r *rig)
		want       string
	}{
		"until it is linked": {
			func(r *rig) { r.people("anna") }, func(r *rig) { r.people("anna", "tweety"); r.teams.look("teams-tweety") }, "is linked",
		},
		"during a call on the PBX": {
			func(r *rig) { r.pbx.call("guid-tweety", true) }, func(r *rig) { r.pbx.call("guid-tweety", false) }, "in no call",
		},
		"while somebody uses the account": {
			func(r *rig) { r.teams.show("teams-tweety", "Busy") }, func(r *rig) { r.teams.show("teams-tweety", "Available") }, "shows Busy in Teams and busy on the PBX",
		},
		"while the PBX cannot be seen": {
			func(r *rig) { r.b.PBXLost("guid-tweety") }, func(r *rig) { r.pbx.look("guid-tweety") }, "seen on both sides",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newSides().start(t, "tweety", "anna")
				defer r.stop()
				c.busy(r)
				r.wait(time.Minute)
				canary, stop := r.canary(bridge.CanaryOptions{})
				defer stop()
				r.wait(time.Hour)
				require.Equal(t, presence.StateStarting, canary.Health().State)
				require.Contains(t, canary.Health().Detail, c.want)
				require.Zero(t, writesOf(r.teams.take(), "DoNotDisturb"))
				c.free(r)
				r.wait(time.Minute)
				require.Equal(t, presence.StateOK, canary.Health().State)
			})
		})
	}
}

func TestACanaryThatIsSignedOutHoldsASession(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "tweety")
		defer r.stop()
		r.teams.show("teams-tweety", "Offline")
		r.wait(time.Minute)
		r.teams.take()
		c, stop := r.canary(bridge.CanaryOptions{})
		r.wait(time.Second)
		require.Equal(t, "teams-tweety session Available/Available for 10m0s", r.teams.take()[0])
		r.wait(time.Minute)
		require.Equal(t, presence.StateOK, c.Health().State, c.Health().LastError)
		require.Equal(t, 1, writesOf(r.teams.take(), "clear session"))
		r.requireIdle("Offline")
		stop()
	})
}

func TestTheSessionOfACallIsLeftToIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "tweety")
		defer r.stop()
		r.teams.show("teams-tweety", "Offline")
		r.wait(time.Minute)
		r.slow(2*time.Second, 2*time.Second)
		_, stop := r.canary(bridge.CanaryOptions{})
		r.wait(5 * time.Second) // the round goes on
		r.pbx.call("guid-tweety", true)
		r.wait(3 * time.Second)
		stop()
		r.wait(time.Minute)
		writes := r.teams.take()
		require.Equal(t, 1, writesOf(writes, "session Available"))
		require.Equal(t, 1, writesOf(writes, "session Busy/InACall"))
		require.Zero(t, writesOf(writes, "clear session"))
	})
}

func TestACanaryThatIsCutShortLeavesThePairAsItWas(t *testing.T) {
	t.Parallel()
	for at := time.Duration(0); at < 20*time.Second; at += 90 * time.Millisecond {
		synctest.Test(t, func(t *testing.T) {
			r := newSides().start(t, "tweety")
			defer r.stop()
			r.slow(200*time.Millisecond, 50*time.Millisecond)
			_, stop := r.canary(bridge.CanaryOptions{})
			r.wait(at)
			stop()
			r.wait(time.Minute)
			r.requireIdle("Available")
		})
	}
}

func TestWhatAKilledCanaryLeftIsMadeGood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "tweety")
		defer r.stop()
		r.pbx.show("guid-tweety", "away")
		r.wait(time.Hour)
		require.Equal(t, "Away", r.teams.seen("teams-tweety").Value.Activity)
		c, stop := r.canary(bridge.CanaryOptions{})
		defer stop()
		r.wait(2 * time.Minute)
		require.Equal(t, presence.StateOK, c.Health().State)
		r.requireIdle("Available")
		r.pbx.show("guid-tweety", "away") // of a person, this time
		r.wait(time.Hour)
		require.Equal(t, "away", r.pbx.activity["guid-tweety"])
	})
}

// The PBX goes away when it has just been changed, and with it what would change it back.
func TestACanaryThatCouldNotCleanUpDoesSoLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "tweety")
		defer r.stop()
		r.pbx.failWith(func(write string) error {
			if strings.HasSuffix(write, "available") && r.pbx.shown("guid-tweety") == "away" {
				return errLost
			}
			return nil
		})
		c, stop := r.canary(bridge.CanaryOptions{})
		defer stop()
		r.wait(3 * time.Minute)
		require.Equal(t, presence.StateFailed, c.Health().State)
		require.Equal(t, "away", r.pbx.shown("guid-tweety"))
		r.pbx.failWith(nil)
		r.wait(10 * time.Minute)
		require.Equal(t, presence.StateOK, c.Health().State)
		r.requireIdle("Available")
	})
}

func TestTheCanaryGoesOnlyTheWayThatIsCarried(t *testing.T) {
	t.Parallel()
	for direction, want := range map[presence.Direction]string{
		presence.TeamsToPBX: "Teams to PBX 0s (p50 0s, p95 0s); PBX to Teams is not carried",
		presence.PBXToTeams: "Teams to PBX is not carried; PBX to Teams 0s (p50 0s, p95 0s)",
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newSides().startWith(t, bridge.Options{
				Rules: func(match.Pair) presence.Rules { return presence.Rules{Direction: direction} },
			}, "tweety")
			defer r.stop()
			r.pbx.call("guid-tweety", true)
			c, stop := r.canary(bridge.CanaryOptions{})
			defer stop()
			r.wait(time.Minute)
			require.Equal(t, presence.StateStarting, c.Health().State, "not during a call")
			r.pbx.call("guid-tweety", false)
			r.wait(time.Minute)
			require.Equal(t, want, c.Health().Detail)
		})
	}
}
