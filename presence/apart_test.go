package presence_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/presence"
)

// plan lets a second pass, takes the next decision and carries out nothing.
func (w *world) plan() presence.Decision {
	w.now = w.now.Add(time.Second)
	d := w.rules.Merge(w.mem, w.view())
	w.mem = d.Memory
	return d
}

func TestWhyTheSidesDiffer(t *testing.T) {
	t.Parallel()
	for want, play := range map[string]func(w *world){
		"the PBX activity tv is in no row of to_teams and changes nothing": func(w *world) {
			w.activity = "tv"
			w.run()
		},
		"the Teams activity Juggling is in no row of to_pbx and changes nothing": func(w *world) {
			w.client = pair("Busy/Juggling")
			w.run()
		},
		"nobody is at Teams, and what a person set on the PBX stays": func(w *world) {
			w.activity = "dnd"
			w.run()
			w.advance(time.Minute)
			w.slot, w.client = presence.Teams{}, pair("Offline/OffWork")
			w.run()
		},
		"this is the agreed pair: neither side has changed since, so nothing is carried": func(w *world) {
			w.activity = "dnd"
			w.run()
			w.advance(25 * time.Hour) // the preferred presence has run out
		},
		"a call hides what is set on the PBX until it ends": func(w *world) {
			w.covered = true
			w.choose("Busy/Busy")
			require.Equal(w.t, []string{"activity busy"}, w.run())
			w.advance(time.Minute)
			require.False(w.t, w.plan().Behind, "nothing more can be seen of it")
		},
		"activity busy is not written yet": func(w *world) {
			w.client = pair("Busy/Busy")
			w.plan()
		},
		"preferred presence Away/Away is not written yet": func(w *world) {
			w.activity = "lunch"
			w.plan()
		},
		"preferred presence Away/Away is written, and Teams does not show it yet": func(w *world) {
			w.activity, w.lag = "lunch", true
			w.run()
		},
		"clear preferred presence is not written yet": func(w *world) {
			w.activity = "lunch"
			w.run()
			w.advance(time.Minute)
			w.activity = ""
			w.plan()
		},
		"not signed in to Teams": func(w *world) {
			w.client = presence.Teams{}
			w.advance(time.Minute)
			w.activity = "lunch"
			w.run()
			w.advance(time.Minute)
		},
		"what has changed is about to be carried": func(w *world) { w.client = pair("Busy/Busy") },
		"what is set on the PBX is not carried: the direction is teams-to-pbx": func(w *world) {
			w.rules.Direction, w.activity = presence.TeamsToPBX, "lunch"
			w.run()
		},
		"what is set in Teams is not carried: the direction is pbx-to-teams": func(w *world) {
			w.rules.Direction, w.client = presence.PBXToTeams, pair("Busy/Busy")
			w.run()
		},
		"the call on the PBX is not carried: the direction is teams-to-pbx": func(w *world) {
			w.rules.Direction, w.onPhone = presence.TeamsToPBX, true
			w.run()
		},
		"the call in Teams is not carried: the direction is pbx-to-teams": func(w *world) {
			w.rules.Direction, w.client = presence.PBXToTeams, pair("Busy/InACall")
			w.run()
		},
		"the session that shows the call on the PBX is not written yet": func(w *world) {
			w.onPhone = true
			w.plan()
		},
		"the session that shows the call on the PBX is written, and Teams does not show it yet": func(w *world) {
			w.onPhone, w.lag = true, true
			w.run()
		},
		"Graph refused the session": func(w *world) {
			w.refuse(presence.SetSession{})
			w.onPhone = true
			w.run()
		},
		"hidden by the person's own status": func(w *world) {
			w.choose("DoNotDisturb/DoNotDisturb")
			w.run()
			w.advance(time.Minute)
			w.onPhone = true
			w.run()
			w.advance(time.Minute)
		},
		"the alien call that shows the call in Teams is not added yet": func(w *world) {
			w.client = pair("Busy/InACall")
			w.plan()
		},
		"the PBX refused the alien call; shown as busy": func(w *world) {
			w.noAlien, w.client = true, pair("Busy/InACall")
			w.run()
		},
		"the call on the PBX has ended, and its session in Teams is being taken back": func(w *world) {
			w.onPhone = true
			w.run()
			w.advance(time.Minute)
			w.onPhone = false
			w.plan()
		},
		"the call in Teams has ended, and its alien call on the PBX is being taken back": func(w *world) {
			w.client = pair("Busy/InACall")
			w.run()
			w.client = pair("Available/Available")
			w.plan()
		},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			w := started(t)
			play(w)
			require.Equal(t, []string{want}, w.rules.Apart(w.mem, w.view()))
		})
	}
}

func TestASideThatIsNotSeenIsNamed(t *testing.T) {
	t.Parallel()
	rules := presence.Rules{}.WithDefaults()
	require.Equal(t, []string{
		"what Teams shows has not been seen yet",
		"the PBX that serves the person is not connected, or does not tell what it shows",
	}, rules.Apart(presence.Memory{}, presence.View{}))
}

func TestEveryRowLeavesTheSidesTheSame(t *testing.T) {
	t.Parallel()
	golden := readGolden(t)
	for activity := range golden.ToPBX {
		w := started(t)
		w.client = presence.Teams{Availability: "Busy", Activity: activity}
		w.run()
		w.advance(time.Minute)
		require.Empty(t, w.rules.Apart(w.mem, w.view()), activity)
	}
	for activity := range golden.ToTeams {
		w := started(t)
		w.activity = activity
		w.run()
		w.advance(time.Minute)
		require.Empty(t, w.rules.Apart(w.mem, w.view()), activity)
	}
	w := started(t)
	w.onPhone = true
	w.run()
	require.Empty(t, w.rules.Apart(w.mem, w.view()))
}

// However the sides came about, asking why changes nothing, what is waited for is still to
// come, and what is held is owned.
func TestAskingWhyChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.noAlien = rapid.Bool().Draw(t, "no alien calls")
		for range rapid.IntRange(1, 8).Draw(t, "changes") {
			w.client = pair(rapid.SampledFrom([]string{"Available/Available", "Busy/Busy", "Busy/InACall", "Offline/Offline", "Busy/Juggling"}).Draw(t, "Teams"))
			w.activity = rapid.SampledFrom([]string{"", "away", "dnd", "tv", "meeting"}).Draw(t, "PBX")
			w.onPhone = rapid.Bool().Draw(t, "on the phone")
			w.lag = rapid.Bool().Draw(t, "lag")
			w.run()
			before := w.mem.Clone()
			v := w.view()
			w.rules.Apart(w.mem, v)
			for _, wait := range w.rules.Waits(w.mem, v) {
				require.True(t, wait.Until.After(w.now), wait)
			}
			require.Equal(t, before, w.mem)
			require.Equal(t, v, w.view())
			require.True(t, w.mem.Owns() || len(w.mem.Holdings()) == 0)
			w.advance(time.Duration(rapid.IntRange(0, 30).Draw(t, "seconds")) * time.Second)
		}
	})
}
