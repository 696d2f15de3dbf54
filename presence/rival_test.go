package presence_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

// rivalry lets a rival and a person act once a second.
func (w *world) rivalry(d time.Duration, rival, person func()) []string {
	before := len(w.writes)
	for end := w.now.Add(d); w.now.Before(end); w.now = w.now.Add(time.Second) {
		person()
		rival()
		w.decide()
	}
	return w.writes[before:]
}

func nobodyElse() {}

// insist returns a rival who puts the activity back some seconds after it was changed.
func (w *world) insist(activity string, after time.Duration) func() {
	var changed time.Time
	return func() {
		switch {
		case w.activity == activity:
			changed = time.Time{}
		case changed.IsZero():
			changed = w.now
		case w.now.Sub(changed) >= after:
			w.activity = activity
		}
	}
}

// every returns a person who chooses the values in Teams in turn.
func (w *world) every(d time.Duration, values ...string) func() {
	next, n := w.now, 0
	return func() {
		if !w.now.Before(next) {
			next = next.Add(d)
			w.choose(values[n%len(values)])
			n++
		}
	}
}

func toPBX(writes []string) (n int) {
	for _, w := range writes {
		if strings.HasPrefix(w, "activity") {
			n++
		}
	}
	return n
}

func TestARivalOnThePBXIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := started(t)
	person := w.every(time.Minute, "Busy/Busy", "DoNotDisturb/DoNotDisturb")
	writes := w.rivalry(3*time.Minute, w.insist("lunch", 3*time.Second), person)
	require.Equal(t, 3, toPBX(writes))
	r := w.mem.PBXRival
	require.True(t, r.Pauses(w.now))
	require.Equal(t, []string{"busy", "lunch"}, []string{r.Ours, r.Theirs})
	require.Nil(t, w.mem.TeamsRival)

	writes = w.rivalry(12*time.Hour, w.insist("lunch", 3*time.Second), person)
	require.Less(t, toPBX(writes), 9, "a try after each pause, of 720 changes")
	require.Equal(t, 4*time.Hour, w.mem.PBXRival.Pause, "it grows up to that")
}

func TestEachPauseIsTwiceAsLong(t *testing.T) {
	t.Parallel()
	w := started(t)
	var pauses []time.Duration
	person, rival := w.every(time.Minute, "Busy/Busy", "DoNotDisturb/DoNotDisturb"), w.insist("lunch", time.Second)
	w.rivalry(24*time.Hour, rival, func() {
		if r := w.mem.PBXRival; r.Pauses(w.now) && (len(pauses) == 0 || pauses[len(pauses)-1] != r.Pause) {
			pauses = append(pauses, r.Pause)
		}
		person()
	})
	var minutes []float64
	for _, p := range pauses {
		minutes = append(minutes, p.Minutes())
	}
	require.Equal(t, []float64{5, 10, 20, 40, 80, 160, 240}, minutes)
}

// TestTwoProgramsThatContradictDoNotLoop has a rival whose rules are the opposite of ours.
func TestTwoProgramsThatContradictDoNotLoop(t *testing.T) {
	t.Parallel()
	w := started(t)
	w.choose("Busy/Busy")
	ticks, noticed := 0, false
	writes := w.rivalry(8*time.Hour, func() {
		noticed = noticed || w.mem.PBXRival.Pauses(w.now)
		if ticks++; ticks%4 != 0 {
			return
		}
		w.activity = ""
		if w.teams().Activity == "Available" {
			w.choose("Busy/Busy")
		}
	}, nobodyElse)
	require.NotEmpty(t, writes)
	require.Less(t, len(writes), 12)
	require.True(t, noticed)
}

func TestWhatIsNoRival(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(w *world){
		"a person who changes their mind on the phone": func(w *world) {
			for _, activity := range []string{"dnd", "", "dnd", "", "away", "", "lunch", "", "dnd"} {
				w.activity = activity
				w.run()
				w.advance(4 * time.Second)
			}
		},
		"a person who changes their mind in Teams": func(w *world) {
			for _, value := range []string{"Busy", "Away", "Busy", "Away", "Busy", "Away", "Busy"} {
				w.choose(value + "/" + value)
				w.run()
				w.advance(4 * time.Second)
			}
		},
		"a person who uses both by turns": func(w *world) {
			for i, activity := range []string{"away", "dnd", "lunch", "meeting", "away", "dnd"} {
				w.choose([]string{"Busy/Busy", "DoNotDisturb/DoNotDisturb", "Away/Away"}[i%3])
				w.run()
				w.advance(10 * time.Second)
				w.activity = activity
				w.run()
				w.advance(10 * time.Second)
			}
		},
		"a person who disagrees twice": func(w *world) {
			for range 2 {
				w.choose("Busy/Busy")
				w.run()
				w.activity = ""
				w.run()
			}
		},
		"a person who disagrees every six minutes": func(w *world) {
			for range 4 {
				w.advance(6 * time.Minute)
				w.choose("Busy/Busy")
				w.run()
				w.activity = ""
				w.run()
			}
		},
		"a person who sets another value right after one was taken away": func(w *world) {
			for range 6 {
				w.activity = "busy"
				w.run()
				w.activity = ""
				w.run()
				w.choose("DoNotDisturb/DoNotDisturb")
				w.run()
				w.advance(20 * time.Second)
				w.choose("Available/Available")
				w.run()
				w.advance(20 * time.Second)
			}
		},
		"a person who goes back to what was written over the same": func(w *world) {
			for range 3 {
				w.mem.Last.Activity = presence.Write{At: w.now}
				w.activity = "dnd"
				w.run()
				w.activity = ""
				w.run()
			}
		},
		"a person who disagrees after a while": func(w *world) {
			for range 8 {
				w.choose("Busy/Busy")
				w.run()
				w.advance(20 * time.Second)
				w.activity = ""
				w.run()
				w.advance(20 * time.Second)
			}
		},
		"flapping": func(w *world) {
			for i := range 100 {
				w.client = pair([]string{"Busy/Busy", "Available/Available"}[i%2])
				w.decide()
				w.now = w.now.Add(150 * time.Millisecond)
			}
		},
		"late echoes": func(w *world) {
			for i := range 9 {
				before := w.teams().String()
				w.activity = []string{"dnd", "away"}[i%2]
				w.run()
				w.told(before)
				w.told(w.teams().String())
				w.told(before)
				w.lag = false
				w.advance(20 * time.Second)
			}
		},
		"calls": func(w *world) {
			w.activity = "lunch"
			for range 9 {
				w.onPhone = !w.onPhone
				w.run()
				w.advance(5 * time.Second)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := started(t)
			play(w)
			require.NotEmpty(t, w.writes)
			require.False(t, w.mem.PBXRival.Pauses(w.now), "%+v", w.mem.PBXRival)
			require.False(t, w.mem.TeamsRival.Pauses(w.now), "%+v", w.mem.TeamsRival)
		})
	}
}

// contested returns a world in which the values of the PBX are left alone.
func contested(t *testing.T) *world {
	t.Helper()
	w := started(t)
	w.rivalry(3*time.Minute, w.insist("", 3*time.Second), w.every(time.Minute, "Busy/Busy", "DoNotDisturb/DoNotDisturb"))
	require.True(t, w.mem.PBXRival.Pauses(w.now))
	return w
}

func TestAContestedSide(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(t *testing.T, w *world){
		"old values are not pushed when the pause is over, and new ones are": func(t *testing.T, w *world) {
			w.choose("Away/Away")
			require.Empty(t, w.run())
			require.Empty(t, w.advance(5*time.Minute))
			require.Empty(t, w.activity)
			require.Equal(t, "Away", w.mem.Agreed.Teams.Activity, "the state of now is agreed")
			w.choose("Busy/Busy")
			require.Equal(t, []string{"activity busy"}, w.run())
			w.advance(time.Minute)
			w.run()
			require.Nil(t, w.mem.PBXRival, "a write stands: it is over")
		},
		"a rival who comes back is known at once": func(t *testing.T, w *world) {
			w.advance(6 * time.Minute)
			w.choose("Away/Away")
			require.Equal(t, []string{"activity away"}, w.run())
			w.activity = ""
			w.run()
			require.True(t, w.mem.PBXRival.Pauses(w.now))
			require.Equal(t, 10*time.Minute, w.mem.PBXRival.Pause)
		},
		"a rival who was quiet for long is forgotten": func(t *testing.T, w *world) {
			w.advance(11 * time.Minute)
			w.run()
			require.Nil(t, w.mem.PBXRival)
		},
		"what it does during the pause makes it no longer": func(t *testing.T, w *world) {
			w.advance(5 * time.Minute)
			w.choose("Away/Away")
			w.run()
			for _, activity := range []string{"", "dnd", ""} {
				w.activity = activity
				w.run()
			}
			require.Equal(t, 10*time.Minute, w.mem.PBXRival.Pause)
		},
		"a copy of the memory is its own": func(t *testing.T, _ *world) {
			m := presence.Memory{PBXRival: &presence.Rival{Seen: make([]time.Time, 1)}}
			m.Clone().PBXRival.Seen[0] = time.Now()
			require.Zero(t, m.PBXRival.Seen[0])
		},
		"a person on the PBX is still carried": func(t *testing.T, w *world) {
			w.activity = "lunch"
			require.Equal(t, []string{"preferred presence Away/Away"}, w.run())
		},
		"calls are mirrored both ways": func(t *testing.T, w *world) {
			w.onPhone = true
			require.Equal(t, []string{"session Busy/InACall"}, w.run())
			w.onPhone = false
			require.Equal(t, []string{"clear session"}, w.run())
			w.advance(time.Minute)
			w.slot, w.client = presence.Teams{}, pair("Busy/InACall")
			require.Equal(t, []string{"add alien call"}, w.run())
		},
		"a clock that was set back makes the pause no longer": func(t *testing.T, w *world) {
			w.now = w.now.Add(-time.Hour)
			w.choose("Away/Away")
			require.Equal(t, []string{"activity away"}, w.run())
		},
		"a link that ends forgets it": func(t *testing.T, w *world) {
			w.goal = presence.TakeBack
			w.decide()
			require.Nil(t, w.mem.PBXRival)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, contested(t))
		})
	}
}

// What the rival has done may show no sooner than in the look that ends the settle time.
func TestARivalThatOnlyALookShows(t *testing.T) {
	t.Parallel()
	w := started(t)
	for range 3 {
		for _, activity := range []string{"dnd", "busy"} {
			w.activity = activity
			w.run()
			w.slot = presence.Teams{}
			w.lag = true // no notification tells
			w.advance(16 * time.Second)
			w.lag = false
			w.decide()
			w.advance(14 * time.Second)
		}
	}
	require.True(t, w.mem.TeamsRival.Pauses(w.now), "%+v", w.mem.TeamsRival)
	require.Contains(t, strings.Join(w.rules.Apart(w.mem, w.view()), "; "), "another program keeps changing back")
	waits := w.rules.Waits(w.mem, w.view())
	require.Contains(t, waits, presence.Wait{For: "the side of Teams, which is left alone because of another program", Until: w.mem.TeamsRival.Until})
}

func TestARivalInTeamsIsLeftAlone(t *testing.T) {
	t.Parallel()
	w := started(t)
	changed := 0
	person := func() {
		if changed++; changed%60 == 1 {
			w.activity = []string{"dnd", "busy"}[changed/60%2]
		}
	}
	rival := func() {
		if changed%60 == 4 {
			w.slot = presence.Teams{} // resets what is set by hand
		}
	}
	w.rivalry(3*time.Minute, rival, person)
	require.True(t, w.mem.TeamsRival.Pauses(w.now))
	require.Equal(t, "Available", w.mem.TeamsRival.Theirs)
	before := len(w.writes)
	w.rivalry(12*time.Hour, rival, person)
	preferred := 0
	for _, write := range w.writes[before:] {
		if strings.Contains(write, "preferred") {
			preferred++
		}
	}
	require.Less(t, preferred, 9)
}
