package presence_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

func TestEachRowCrossesToThePBX(t *testing.T) {
	t.Parallel()
	for activity, word := range readGolden(t).ToPBX {
		t.Run(activity, func(t *testing.T) {
			t.Parallel()
			w := started(t)
			w.client = pair("Busy/Busy")
			w.run()
			require.Equal(t, "busy", w.activity)
			w.client = presence.Teams{Availability: "Busy", Activity: activity}
			w.run()
			switch word {
			case presence.Online:
				require.Empty(t, w.activity)
			case presence.OnThePhone:
				require.True(t, w.alien)
			default:
				require.Equal(t, word, w.activity)
			}
			require.Empty(t, w.advance(time.Hour), "an echo is no change")
		})
	}
}

func TestEachRowCrossesToTeams(t *testing.T) {
	t.Parallel()
	for activity, want := range readGolden(t).ToTeams {
		t.Run("activity "+activity, func(t *testing.T) {
			t.Parallel()
			w := started(t)
			if activity == "" {
				w.activity = "dnd"
				w.run()
				w.advance(time.Minute)
			}
			w.activity = activity
			require.Len(t, w.run(), 1)
			if want == "" {
				require.Equal(t, pair("Available/Available"), w.teams())
			} else {
				require.Contains(t, want, w.teams().String()+" "+w.slotUntil.Sub(w.now).String())
			}
			require.Empty(t, w.advance(time.Hour), "an echo is no change")
			require.Equal(t, activity, w.activity)
		})
	}
}

func TestMergeOfValues(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(t *testing.T, w *world){
		"meeting becomes Busy and does not drift": func(t *testing.T, w *world) {
			w.activity = "meeting"
			require.Equal(t, []string{"preferred presence Busy/Busy"}, w.run())
			require.Empty(t, w.advance(time.Hour))
			w.choose("Available/Available")
			require.Equal(t, []string{"activity available"}, w.run())
		},
		"both changed, the newer one wins": func(t *testing.T, w *world) {
			w.lag = true
			w.client = pair("Busy/InAMeeting")
			w.activity = "dnd"
			w.view()
			w.now = w.now.Add(2 * time.Second)
			w.lag = false
			w.run()
			require.Equal(t, "meeting", w.activity)
			require.Contains(t, w.rulesF, presence.RuleBothTeams)
		},
		"both changed within a second, Teams wins": func(t *testing.T, w *world) {
			w.client = pair("Busy/Busy")
			w.activity = "dnd"
			require.Equal(t, []string{"activity busy"}, w.run())
		},
		"both changed to the same, nothing is written": func(t *testing.T, w *world) {
			w.client, w.activity = pair("Busy/InAMeeting"), "meeting"
			require.Empty(t, w.run())
			require.Equal(t, []presence.Rule{presence.RuleAgree}, w.rulesF)
		},
		"going offline takes away what came from Teams": func(t *testing.T, w *world) {
			w.client = pair("Busy/Busy")
			w.run()
			w.client = presence.Teams{}
			require.Equal(t, []string{"activity available"}, w.run())
		},
		"going offline leaves what a person set on the PBX": func(t *testing.T, w *world) {
			w.activity = "lunch"
			w.run()
			w.advance(time.Minute)
			w.client = presence.Teams{}
			require.Empty(t, w.run())
			w.client = pair("Available/Available")
			require.Empty(t, w.advance(time.Hour))
			require.Equal(t, "lunch", w.activity)
			require.Equal(t, "Away/Away", w.teams().String())
		},
		"available chosen in Teams takes away what a person set on the PBX": func(t *testing.T, w *world) {
			w.activity = "lunch"
			w.run()
			w.choose("Available/Available")
			require.Equal(t, []string{"activity available"}, w.run())
		},
		"running out is no change by a person": func(t *testing.T, w *world) {
			w.activity = "dnd"
			w.run()
			require.Empty(t, w.advance(25*time.Hour))
			require.Equal(t, "Available/Available", w.teams().String())
			require.Equal(t, "dnd", w.activity)
			require.Nil(t, w.mem.ToTeams)
		},
		"a person clears the phone while the calendar says meeting": func(t *testing.T, w *world) {
			w.client = pair("Busy/InAMeeting")
			w.run()
			w.advance(time.Minute)
			w.activity = ""
			require.Equal(t, []string{"clear preferred presence"}, w.run())
			require.Empty(t, w.advance(time.Hour), "the disagreement stands")
			w.client = pair("Available/Available")
			require.Empty(t, w.run())
		},
		"a person goes back to the old value while the write is in flight": func(t *testing.T, w *world) {
			w.activity = "dnd"
			w.run()
			w.slot = presence.Teams{}
			w.sequence += 2 // DoNotDisturb was shown for a moment and nobody looked
			w.shown = pair("Available/Available")
			require.Equal(t, []string{"activity available"}, w.run())
		},
		"an unknown value changes nothing": func(t *testing.T, w *world) {
			w.client = pair("Busy/Juggling")
			require.Empty(t, w.run())
			d := w.rules.Merge(w.mem, w.view())
			require.Equal(t, []string{"Teams activity Juggling"}, d.Unknown)
			w.client, w.activity = pair("Available/Available"), "worship"
			require.Empty(t, w.run())
			d = w.rules.Merge(w.mem, w.view())
			require.Equal(t, []string{"PBX activity worship"}, d.Unknown)
		},
		"many changes within the settle time come to rest on the last": func(t *testing.T, w *world) {
			for _, activity := range []string{"dnd", "away", "busy", "dnd", "lunch"} {
				w.activity = activity
				w.now = w.now.Add(100 * time.Millisecond)
				w.run()
			}
			require.Empty(t, w.advance(time.Hour))
			require.Equal(t, "lunch", w.activity)
			require.Equal(t, "Away/Away", w.teams().String())
		},
		"a late notification does not make the connector forget what it wrote": func(t *testing.T, w *world) {
			w.activity = "dnd"
			w.run()
			w.now = w.now.Add(time.Second)
			w.lag, w.stale = true, &presence.TeamsSeen{Value: pair("Busy/Busy"), Notified: true, At: w.now}
			require.Empty(t, w.run())
			require.Contains(t, w.rulesF, presence.RuleLook)
			w.lag = false
			w.goal = presence.TakeBack
			require.Equal(t, []string{"clear preferred presence"}, w.run())
		},
		"late echoes of replaced writes are no change": func(t *testing.T, w *world) {
			w.lag = true
			w.activity = "dnd"
			w.run()
			w.activity = "away"
			w.run()
			w.stale = &presence.TeamsSeen{Value: pair("DoNotDisturb/DoNotDisturb"), Notified: true, At: w.now}
			require.Empty(t, w.run())
			w.lag = false
			require.Empty(t, w.advance(time.Hour))
			require.Equal(t, "away", w.activity)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, started(t))
		})
	}
}

func TestLateNotificationsAreNoChange(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		play func(w *world)
		late string
	}{
		"of a write that a person took back": {
			func(w *world) { w.activity = "busy"; w.run(); w.activity = ""; w.run() }, "Busy/Busy",
		},
		"of a write that a person replaced in Teams": {
			func(w *world) { w.activity = "busy"; w.run(); w.choose("Away/Away"); w.run() }, "Busy/Busy",
		},
		"of a write that another one replaced": {
			func(w *world) { w.activity = "busy"; w.run(); w.activity = "dnd"; w.run() }, "Busy/Busy",
		},
		"of a call that has ended": {
			func(w *world) { w.onPhone = true; w.run(); w.onPhone = false; w.run() }, "Busy/InACall",
		},
		"of what was before the write": {
			func(w *world) { w.activity = "busy"; w.run() }, "Available/Available",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := started(t)
			c.play(w)
			teams, pbx := w.teams(), w.activity
			require.Empty(t, w.told(c.late))
			require.Empty(t, w.told(teams.String()))
			require.Empty(t, w.told(c.late))
			w.lag = false
			require.Empty(t, w.advance(time.Hour))
			require.Equal(t, teams, w.teams())
			require.Equal(t, pbx, w.activity)
		})
	}
}

func TestFirstStart(t *testing.T) {
	t.Parallel()
	t.Run("Teams is carried where it shows more than available", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.client, w.activity = pair("Busy/Busy"), "lunch"
		require.Equal(t, []string{"activity busy"}, w.run())
	})
	t.Run("what stands on the PBX is not pushed to Teams", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.activity = "vacation"
		require.Empty(t, w.advance(time.Hour))
		w.activity = "lunch"
		require.Equal(t, []string{"preferred presence Away/Away"}, w.run())
	})
	t.Run("during a call in Teams only the call is carried", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.client, w.activity = pair("Busy/InACall"), "lunch"
		require.Equal(t, []string{"add alien call"}, w.run())
	})
}

func TestDirections(t *testing.T) {
	t.Parallel()
	w := started(t)
	w.rules.Direction = presence.TeamsToPBX
	w.activity, w.onPhone = "dnd", true
	require.Empty(t, w.run())
	w.client = pair("Busy/Busy")
	require.Equal(t, []string{"activity busy"}, w.run())

	w = started(t)
	w.rules.Direction = presence.PBXToTeams
	w.client = pair("Busy/InAMeeting")
	require.Empty(t, w.run())
	w.client = pair("Busy/InACall")
	require.Empty(t, w.run())
	w.activity = "dnd"
	require.Equal(t, []string{"preferred presence DoNotDisturb/DoNotDisturb"}, w.run())
}

func TestRefusedWritesAreNotRepeated(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(w *world){
		"activity":  func(w *world) { w.client = pair("Busy/Busy") },
		"preferred": func(w *world) { w.activity = "dnd" },
		"session":   func(w *world) { w.onPhone = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := started(t)
			tries := 0
			w.fail = func(a presence.Action) error {
				if a != (presence.Look{}) {
					tries++
				}
				return presence.ErrRefused
			}
			change(w)
			w.advance(time.Hour)
			require.Equal(t, 1, tries)
		})
	}
}

func TestUnansweredWritesAreRepeated(t *testing.T) {
	t.Parallel()
	w := started(t)
	w.client = pair("Busy/Busy")
	d := w.rules.Merge(w.mem, w.view())
	require.Equal(t, presence.SetActivity{Activity: "busy"}, d.Action)
	kept := w.rules.Done(d.Memory, d.Action, presence.Outcome{At: w.now, Err: errors.New("connection lost")})
	require.Equal(t, d.Memory, kept)
	w.mem = kept // also what a crash after the store leaves
	require.Equal(t, []string{"activity busy"}, w.run())
	require.Empty(t, w.advance(time.Hour))
}
