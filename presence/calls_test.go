package presence_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

func TestCalls(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(t *testing.T, w *world){
		"a call on the PBX holds a session as long as it lasts": func(t *testing.T, w *world) {
			w.onPhone = true
			require.Equal(t, []string{"session Busy/InACall"}, w.run())
			require.Len(t, w.advance(time.Hour), 12, "renewed every five minutes")
			require.Equal(t, "Busy/InACall", w.teams().String())
			w.onPhone = false
			require.Equal(t, []string{"clear session"}, w.run())
			require.Empty(t, w.advance(time.Hour))
			require.False(t, w.mem.Owns())
		},
		"a call in Teams holds an alien call": func(t *testing.T, w *world) {
			w.client = pair("Busy/InACall")
			require.Equal(t, []string{"add alien call"}, w.run())
			require.Empty(t, w.advance(time.Hour))
			w.client = pair("Available/Available")
			require.Equal(t, []string{"delete alien call"}, w.run())
			require.False(t, w.mem.Owns())
		},
		"where calls are not counted, the own alien call is no call": func(t *testing.T, w *world) {
			w.counted = false
			w.client = pair("Busy/InACall")
			w.run()
			require.Empty(t, w.advance(time.Hour))
			w.client = pair("Available/Available")
			require.Equal(t, []string{"delete alien call"}, w.run())
			w.advance(time.Minute)
			w.onPhone = true
			require.Equal(t, []string{"session Busy/InACall"}, w.run())
		},
		"a conference in Teams beside an own session is a call": func(t *testing.T, w *world) {
			w.onPhone = true
			w.run()
			w.client = pair("DoNotDisturb/Presenting")
			require.Equal(t, []string{"add alien call"}, w.run())
			w.onPhone = false
			require.Equal(t, []string{"clear session"}, w.run())
			require.Empty(t, w.advance(time.Hour))
			require.True(t, w.alien)
		},
		"a hang-up while the person is in a Teams call too": func(t *testing.T, w *world) {
			w.onPhone = true
			w.run()
			w.client = pair("Busy/InACall")
			require.Empty(t, w.advance(time.Minute), "it looks like the own session")
			w.onPhone = false
			require.Equal(t, []string{"clear session"}, w.run())
			require.False(t, w.alien)
			require.Equal(t, []string{"add alien call"}, w.advance(16*time.Second))
		},
		"a call in Teams right after the hang-up": func(t *testing.T, w *world) {
			w.onPhone = true
			w.run()
			w.advance(time.Minute)
			w.onPhone = false
			w.lag = true
			require.Equal(t, []string{"clear session"}, w.run())
			w.sequence, w.shown, w.lag = w.sequence+1, pair("Available/Available"), false // nobody looked
			w.client = pair("Busy/InACall")
			w.now = w.now.Add(time.Second)
			require.Equal(t, []string{"add alien call"}, w.run(), "known by its newer number")
		},
		"a preferred presence makes room for a call and comes back": func(t *testing.T, w *world) {
			w.activity = "lunch"
			w.run()
			until := w.slotUntil
			w.advance(time.Hour)
			w.onPhone = true
			require.Equal(t, []string{"session Busy/InACall", "clear preferred presence"}, w.run())
			w.advance(20 * time.Minute)
			w.onPhone = false
			require.Equal(t, []string{"preferred presence Away/Away", "clear session"}, w.run())
			require.Equal(t, until, w.slotUntil, "for the rest of its lifetime")
			require.Empty(t, w.advance(time.Hour))
			require.Equal(t, "lunch", w.activity)
		},
		"do not disturb is stronger than a call": func(t *testing.T, w *world) {
			w.activity = "dnd"
			w.run()
			w.onPhone = true
			require.Equal(t, []string{"session Busy/InACall"}, w.run())
			w.advance(time.Minute)
			require.Equal(t, "hidden by the person's own status", w.mem.Hidden(w.seen()))
			w.activity = ""
			require.Equal(t, []string{"clear preferred presence"}, w.run())
			require.Equal(t, "Busy/InACall", w.teams().String())
			w.onPhone = false
			w.run()
			require.Empty(t, w.advance(time.Hour))
			require.Empty(t, w.activity)
		},
		"a value set on the PBX during its call waits for the hang-up": func(t *testing.T, w *world) {
			w.onPhone = true
			w.run()
			w.activity = "away"
			require.Empty(t, w.run())
			require.Equal(t, "Busy/InACall", w.teams().String())
			w.onPhone = false
			require.Equal(t, []string{"preferred presence Away/Away", "clear session"}, w.run())
		},
		"a value set on the PBX during a Teams call waits for its end": func(t *testing.T, w *world) {
			w.client = pair("Busy/InACall")
			w.run()
			w.activity = "lunch"
			require.Empty(t, w.run())
			w.client = pair("Available/Available")
			require.ElementsMatch(t, []string{"preferred presence Away/Away", "delete alien call"}, w.run())
			require.Empty(t, w.advance(time.Hour))
			require.Equal(t, "lunch", w.activity)
		},
		"a value set by hand in Teams during a PBX call": func(t *testing.T, w *world) {
			w.activity = "lunch"
			w.run()
			w.advance(time.Minute)
			w.onPhone = true
			w.run()
			w.advance(time.Minute)
			w.choose("DoNotDisturb/DoNotDisturb")
			require.Equal(t, []string{"activity dnd"}, w.run())
			w.onPhone = false
			require.Equal(t, []string{"clear session"}, w.run(), "the choice by hand is not replaced")
		},
		"a refused alien call is shown as busy": func(t *testing.T, w *world) {
			w.noAlien = true
			w.client = pair("Busy/InACall")
			require.Equal(t, []string{"add alien call", "activity busy"}, w.run())
			require.Contains(t, w.mem.Hidden(w.seen()), "shown as busy")
			require.Empty(t, w.advance(time.Hour))
			w.client = pair("Available/Available")
			require.Equal(t, []string{"activity available"}, w.run())
		},
		"a refused alien call leaves what a person set": func(t *testing.T, w *world) {
			w.activity = "lunch"
			w.run()
			w.choose("Available/Available")
			w.run()
			w.activity = "worship" // in no row: carried nowhere
			w.run()
			w.noAlien = true
			w.slot, w.client = presence.Teams{}, pair("Busy/InACall")
			require.Equal(t, []string{"add alien call"}, w.run())
		},
		"an alien call is added again on the next connection": func(t *testing.T, w *world) {
			w.client = pair("Busy/InACall")
			w.run()
			w.connection++
			w.alien = false
			require.Equal(t, []string{"add alien call"}, w.run())
		},
		"an alien call that the next connection has refused": func(t *testing.T, w *world) {
			w.fail = func(a presence.Action) error {
				if a == (presence.AddCall{}) && len(w.writes) == 0 {
					w.connection++
					return presence.ErrRefused
				}
				return nil
			}
			w.client = pair("Busy/InACall")
			require.Equal(t, []string{"activity busy"}, w.run())
			require.Empty(t, w.advance(time.Hour))
			w.connection++
			require.Equal(t, []string{"add alien call"}, w.run(), "another one may take it")
		},
		"lunch and a call so short that no look saw either": func(t *testing.T, w *world) {
			w.activity = "busy"
			w.run()
			w.advance(time.Minute)
			w.lag = true // Busy/Busy is what the last look saw
			w.activity = ""
			w.run()
			w.activity = "lunch"
			w.run()
			w.onPhone = true
			require.Equal(t, []string{"session Busy/InACall", "clear preferred presence"}, w.run())
			w.now = w.now.Add(time.Second)
			w.onPhone = false
			require.Equal(t, []string{"preferred presence Away/Away", "clear session"}, w.run())
			w.now = w.now.Add(time.Second)
			require.Empty(t, w.run())
			w.stale = &presence.TeamsSeen{Value: pair("Busy/InACall"), Notified: true, At: w.now}
			require.Empty(t, w.run())
			w.lag = false
			require.Empty(t, w.advance(time.Hour))
			require.Equal(t, "lunch", w.activity)
			require.Equal(t, "Away/Away", w.teams().String())
		},
		"the value from before lunch, chosen by hand during a call": func(t *testing.T, w *world) {
			w.activity = "lunch"
			w.run()
			w.advance(time.Minute)
			w.onPhone = true
			w.run()
			w.advance(time.Minute)
			w.choose("Available/Available")
			require.Equal(t, []string{"activity available"}, w.run())
			w.onPhone = false
			require.Equal(t, []string{"clear session"}, w.run())
		},
		"an alien call follows its person to another PBX": func(t *testing.T, w *world) {
			w.client = pair("Busy/InACall")
			w.run()
			w.home, w.connection, w.alien = "slave", 2, false
			require.Equal(t, []string{"add alien call"}, w.run())
			require.Empty(t, w.advance(time.Hour))
			require.Equal(t, "slave", w.mem.Call.Home)
			w.client = pair("Available/Available")
			require.Equal(t, []string{"delete alien call"}, w.run())
		},
		"while Teams shows a call its value does not count": func(t *testing.T, w *world) {
			w.client = pair("Busy/InAMeeting")
			w.run()
			w.client = pair("Busy/InACall")
			w.run()
			require.Equal(t, "meeting", w.activity)
			w.client = pair("Busy/InAMeeting")
			require.Equal(t, []string{"delete alien call"}, w.run())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, started(t))
		})
	}
}

func TestPauseEndsCallsAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	w := started(t)
	w.activity = "lunch"
	w.run()
	w.advance(time.Minute)
	w.onPhone = true
	w.run()
	w.advance(time.Minute)
	w.goal = presence.Pause
	require.Equal(t, []string{"preferred presence Away/Away", "clear session"}, w.run())
	w.onPhone, w.goal = false, presence.Sync
	w.now = w.now.Add(time.Hour)
	require.Empty(t, w.advance(time.Hour))
	require.Equal(t, "lunch", w.activity)
}

func TestTakeBackLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		play func(w *world)
		want []string
	}{
		"a value on the PBX": {func(w *world) { w.client = pair("Busy/Busy") }, []string{"activity available"}},
		"a preferred presence": {
			func(w *world) { w.activity = "dnd" }, []string{"clear preferred presence"},
		},
		"an alien call": {func(w *world) { w.client = pair("Busy/InACall") }, []string{"delete alien call"}},
		"a session":     {func(w *world) { w.onPhone = true }, []string{"clear session"}},
		"a session over a lifted preferred presence": {
			func(w *world) { w.activity = "lunch"; w.run(); w.onPhone = true }, []string{"clear session"},
		},
		"nothing of a person on the PBX": {func(w *world) {
			w.client = pair("Busy/Busy")
			w.run()
			w.activity = "lunch"
			w.run()
			w.choose("Away/Away")
		}, nil},
		"nothing where nothing was ever written": {func(*world) {}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := started(t)
			c.play(w)
			w.run()
			w.goal = presence.TakeBack
			got := w.run()
			if c.want != nil || name == "nothing where nothing was ever written" {
				require.Equal(t, c.want, got[:len(got):len(got)])
			}
			require.Empty(t, w.run())
			require.False(t, w.mem.Owns())
			require.True(t, w.session.IsZero())
			require.False(t, w.alien)
		})
	}
}

// While the PBX of a person is away, another one tells of calls without counting them.
func TestACallThatAnAlienCallHidesGoesOn(t *testing.T) {
	t.Parallel()
	w := started(t)
	w.onPhone = true
	require.Equal(t, []string{"session Busy/InACall"}, w.run())
	w.client = pair("Busy/InAConferenceCall")
	w.session = w.client // as Graph shows it beside
	require.Equal(t, []string{"add alien call"}, w.run())
	w.counted = false
	require.Empty(t, w.run(), "nobody can tell whether it has ended")
	w.counted = true
	require.Empty(t, w.run())
	w.onPhone = false
	require.Contains(t, w.run(), "clear session")
}
