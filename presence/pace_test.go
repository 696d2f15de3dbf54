package presence_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/presence"
)

// slotOf names what an action writes; nothing for a renewal and a look.
func slotOf(a presence.Action) string {
	switch a.(type) {
	case presence.SetSession, presence.ClearSession:
		return "session"
	case presence.SetPreferred, presence.ClearPreferred:
		return "preferred presence"
	case presence.AddCall, presence.DelCall:
		return "alien call"
	case presence.SetActivity:
		return "activity"
	}
	return ""
}

// clocked notes when each slot is written.
func (w *world) clocked() map[string][]time.Time {
	times := map[string][]time.Time{}
	w.fail = func(a presence.Action) error {
		if slot := slotOf(a); slot != "" {
			times[slot] = append(times[slot], w.now)
		}
		return nil
	}
	return times
}

// TestFlappingCostsOneWriteASecond plays any changes within a second, on both sides. Calls
// are on one of them: a call in Teams beside one on the PBX is told apart by time alone.
func TestFlappingCostsOneWriteASecond(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		call := rapid.SampledFrom([]string{"phone", "call in Teams"}).Draw(t, "calls")
		w.decide()
		w.advance(time.Minute)
		for range rapid.IntRange(0, 3).Draw(t, "what stands") {
			w.flap(t, call)
			w.run()
			w.advance(time.Minute)
		}
		times, begin := w.clocked(), w.now
		for range rapid.IntRange(1, 12).Draw(t, "changes") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 80).Draw(t, "ms")) * time.Millisecond)
			w.flap(t, call)
			w.decide()
		}
		last := w.now
		w.advance(1200 * time.Millisecond)
		if call == "call in Teams" { // a preferred presence may have hidden it until now
			last = last.Add(time.Second)
			w.advance(time.Second)
		}
		for slot, at := range times {
			for i := range at[1:] {
				require.GreaterOrEqual(t, at[i+1].Sub(at[i]), time.Second, "%s: %v", slot, at)
			}
			require.LessOrEqual(t, len(at), 1+int(last.Add(time.Second).Sub(begin)/time.Second), slot)
		}
		before := len(w.writes)
		w.advance(13 * time.Second)
		require.Empty(t, w.writes[before:], "it has settled")
	})
}

// flap changes one thing.
func (w *world) flap(t *rapid.T, call string) {
	switch rapid.SampledFrom([]string{"client", "choose", "reset", "activity", call}).Draw(t, "what") {
	case "client":
		w.client = pair(rapid.SampledFrom([]string{"Available/Available", "Busy/InAMeeting", "Away/Away"}).Draw(t, "value"))
	case "call in Teams":
		w.client = pair("Busy/InACall")
	case "choose":
		w.choose(rapid.SampledFrom(chosenValues).Draw(t, "value"))
	case "reset":
		w.slot = presence.Teams{}
	case "activity":
		w.activity = rapid.SampledFrom(activities).Draw(t, "activity")
	case "phone":
		w.onPhone = !w.onPhone
	}
}

func TestPace(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(t *testing.T, w *world){
		"the first change goes out at once, the last one a second later": func(t *testing.T, w *world) {
			var got []string
			for i, value := range []string{"Busy/Busy", "Away/Away", "DoNotDisturb/DoNotDisturb", "Busy/InAMeeting"} {
				w.client = pair(value)
				got = append(got, w.decide()...)
				require.Equal(t, []string{"activity busy"}, got, "change %d", i)
				w.now = w.now.Add(100 * time.Millisecond)
			}
			require.Equal(t, 600*time.Millisecond, w.wake.Sub(w.now))
			require.Empty(t, w.advance(599*time.Millisecond))
			require.Equal(t, []string{"activity meeting"}, w.advance(time.Millisecond))
			require.Empty(t, w.advance(time.Hour))
		},
		"what is as it was before costs nothing more": func(t *testing.T, w *world) {
			for i := range 9 {
				w.activity = []string{"dnd", ""}[i%2]
				w.decide()
				w.now = w.now.Add(100 * time.Millisecond)
			}
			require.Empty(t, w.advance(time.Hour))
			require.Equal(t, []string{"preferred presence DoNotDisturb/DoNotDisturb"}, w.writes)
		},
		"sides do not wait for each other": func(t *testing.T, w *world) {
			w.client = pair("Busy/Busy")
			require.Equal(t, []string{"activity busy"}, w.decide())
			w.activity = "dnd"
			require.Equal(t, []string{"preferred presence DoNotDisturb/DoNotDisturb"}, w.decide())
			w.onPhone = true
			require.Equal(t, []string{"session Busy/InACall"}, w.decide())
		},
		"a call does not wait for a value, nor the other way round": func(t *testing.T, w *world) {
			w.client = pair("Busy/Busy")
			w.decide()
			w.client = pair("Busy/InACall")
			require.Equal(t, []string{"add alien call"}, w.decide())
		},
		"a short call under lunch is not torn apart": func(t *testing.T, w *world) {
			w.activity = "lunch"
			w.run()
			w.advance(time.Minute)
			w.onPhone = true
			require.Equal(t, []string{"session Busy/InACall", "clear preferred presence"}, w.decide())
			w.now = w.now.Add(300 * time.Millisecond)
			w.onPhone = false
			require.Empty(t, w.decide())
			require.Equal(t, []string{"preferred presence Away/Away", "clear session"}, w.advance(time.Second))
			require.Empty(t, w.advance(time.Hour))
		},
		"a hang-up right after the lifting waits with what comes back": func(t *testing.T, w *world) {
			w.activity = "dnd"
			w.run()
			w.advance(time.Minute)
			w.onPhone = true
			w.run()
			w.advance(time.Minute)
			w.activity = "lunch"
			require.Equal(t, []string{"clear preferred presence"}, w.decide())
			w.now = w.now.Add(300 * time.Millisecond)
			w.onPhone = false
			require.Empty(t, w.decide(), "the session does not go first")
			require.Equal(t, []string{"preferred presence Away/Away", "clear session"}, w.advance(time.Second))
		},
		"a value and a call that flap together": func(t *testing.T, w *world) {
			w.onPhone = true
			w.run()
			w.advance(time.Minute)
			w.activity = "dnd"
			require.Equal(t, []string{"preferred presence DoNotDisturb/DoNotDisturb"}, w.decide())
			w.activity = "away"
			w.now = w.now.Add(time.Millisecond)
			w.onPhone = false
			require.Equal(t, []string{"clear session"}, w.decide())
			w.onPhone = true
			require.Empty(t, w.decide())
			require.Equal(t, []string{"session Busy/InACall", "clear preferred presence"}, w.advance(1200*time.Millisecond))
			require.Empty(t, w.advance(time.Minute))
			w.onPhone = false
			require.Equal(t, []string{"preferred presence Away/Away", "clear session"}, w.decide())
		},
		"a call that comes right after one, with lunch between": func(t *testing.T, w *world) {
			w.onPhone = true
			w.run()
			w.advance(time.Minute)
			w.onPhone = false
			require.Equal(t, []string{"clear session"}, w.decide())
			w.now = w.now.Add(time.Millisecond)
			w.activity, w.onPhone = "lunch", true
			require.Empty(t, w.decide(), "lunch is not written to be lifted at once")
			require.Equal(t, []string{"session Busy/InACall"}, w.advance(2*time.Second))
		},
		"a call right after lunch was set is lifted a second after it": func(t *testing.T, w *world) {
			w.activity = "lunch"
			w.decide()
			w.now = w.now.Add(400 * time.Millisecond)
			w.onPhone = true
			require.Equal(t, []string{"session Busy/InACall"}, w.decide())
			w.now = w.now.Add(200 * time.Millisecond)
			w.onPhone = false
			require.Empty(t, w.advance(400*time.Millisecond), "the call is over before it had to be lifted")
			require.Equal(t, []string{"clear session"}, w.advance(time.Second))
			require.Equal(t, "Away/Away", w.teams().String())
		},
		"a renewal is no write that others wait for": func(t *testing.T, w *world) {
			w.onPhone = true
			w.run()
			for w.advance(time.Second) == nil || !strings.HasPrefix(w.writes[len(w.writes)-1], "renew") {
			}
			w.onPhone = false
			require.Equal(t, []string{"clear session"}, w.decide())
		},
		"a write that failed is repeated at once": func(t *testing.T, w *world) {
			failures := 3
			w.fail = func(presence.Action) error {
				if failures--; failures >= 0 {
					return fmt.Errorf("lost")
				}
				return nil
			}
			w.client = pair("Busy/Busy")
			require.Equal(t, []string{"activity busy"}, w.decide())
		},
		"what is taken back does not wait": func(t *testing.T, w *world) {
			w.client = pair("DoNotDisturb/DoNotDisturb")
			w.decide()
			w.client, w.onPhone = pair("DoNotDisturb/Presenting"), true
			w.decide()
			w.goal = presence.Pause
			require.Equal(t, []string{"clear session", "delete alien call"}, w.decide())
			w.goal = presence.TakeBack
			require.Equal(t, []string{"activity available"}, w.decide())
		},
		"a link that comes back at once waits": func(t *testing.T, w *world) {
			w.client = pair("Busy/Busy")
			w.decide()
			w.goal = presence.TakeBack
			w.decide()
			w.goal = presence.Sync
			require.Empty(t, w.decide())
			require.Equal(t, []string{"activity busy"}, w.advance(time.Second))
		},
		"a clock that was set back holds up nothing": func(t *testing.T, w *world) {
			w.client = pair("Busy/Busy")
			w.decide()
			w.advance(time.Minute)
			w.now = w.now.Add(-time.Hour)
			w.client = pair("Away/Away")
			require.Equal(t, []string{"activity away"}, w.decide())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, started(t))
		})
	}
}
