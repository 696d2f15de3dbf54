package main

import (
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestOppositeTakesBackWhatAnActBroughtAbout(t *testing.T) {
	t.Parallel()
	busy := graphtest.Pair{Availability: "Busy", Activity: "Busy"}
	for name, tc := range map[string]struct {
		act  act
		of   slot
		want deed
	}{
		"a call":                     {act{kind: rings}, slotSession, hangsUp},
		"a call, preferred":          {act{kind: rings}, slotPreferred, ""},
		"set at the phone":           {act{kind: sets, word: "dnd"}, slotPreferred, sets},
		"shown":                      {act{kind: shows, pair: busy}, slotActivity, shows},
		"shown as a call":            {act{kind: shows, pair: busy}, slotAlien, shows},
		"chosen":                     {act{kind: chooses, pair: busy}, slotActivity, resets},
		"chosen, and a call beneath": {act{kind: chooses, pair: busy}, slotAlien, ""},
		"the end of a call":          {act{kind: hangsUp}, slotPreferred, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := tc.act.opposite(tc.of)
			require.Equal(t, tc.want, got.kind)
			require.Equal(t, tc.want != "", ok)
			require.Empty(t, got.word)
			require.NotEqual(t, busy, got.pair)
		})
	}
}

func TestAmbushStrikesOnce(t *testing.T) {
	t.Parallel()
	victim := func() *process {
		cmd := exec.Command("sleep", "60")
		require.NoError(t, cmd.Start())
		p := &process{cmd: cmd, ended: make(chan struct{})}
		go func() {
			p.err = cmd.Wait()
			close(p.ended)
		}()
		t.Cleanup(p.kill)
		return p
	}
	a := ambush{worth: func(w written) bool { return w.who != "ben" }}
	write := func(user, activity string) {
		a.teams(graphtest.Write{User: user, Action: graphtest.RouteSetPreferred, Pair: graphtest.Pair{Activity: activity}})
	}
	write("anna", "Busy")
	p, struck := victim(), make(chan written, 1)
	_, ok := a.lay(t.Context(), p, slotPreferred, time.Nanosecond)
	require.False(t, ok, "that was before")
	write("anna", "Busy")
	a.set(slotPreferred, p, struck)
	a.phones(pbxtest.Write{GUID: "anna", Op: "SetPresence", Activity: "busy"})
	write("anna", "")
	write("ben", "Busy")
	require.NoError(t, p.cmd.Process.Signal(syscall.Signal(0)), "none of these")
	write("carla", "Busy")
	<-p.ended
	write("zoe", "Busy")
	require.Equal(t, "carla", (<-struck).who)
	require.Empty(t, struck)
}

func TestRegretIsOfWhatWasDoneLast(t *testing.T) {
	t.Parallel()
	c := staged(t)
	anna := c.crowd.people[0]
	preferred := written{who: anna.id, slot: slotPreferred, value: "Busy"}
	require.False(t, c.crowd.regrettable(preferred), "nothing was done")
	require.NoError(t, c.crowd.do(0, act{kind: sets, word: "busy"}))
	require.True(t, c.crowd.regrettable(preferred))
	require.False(t, c.crowd.regrettable(written{who: anna.guid, slot: slotActivity, value: "busy"}))
	require.False(t, c.crowd.regrettable(written{who: "nobody", slot: slotPreferred, value: "Busy"}))
	require.NoError(t, c.crowd.regret(preferred))
	require.Empty(t, c.stage.system.Activity(anna.guid))
	require.False(t, c.crowd.done(preferred))
	c.roguePreferred(t, anna.actor, "Busy")
	require.True(t, c.crowd.done(preferred))
	preferred.at = time.Now().Add(time.Second)
	require.False(t, c.crowd.done(preferred), "that was another one")
	require.NoError(t, c.crowd.do(0, act{kind: rings}))
	require.NoError(t, c.crowd.regret(preferred))
	require.Equal(t, rings, anna.last().act.kind, "something else was done meanwhile")
}
