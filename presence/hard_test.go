package presence_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

// crash stores the decision of now and loses the rest.
func (w *world) crash() { w.mem = w.rules.Merge(w.mem, w.view()).Memory }

// unanswered carries out one decision without learning its outcome.
func (w *world) unanswered() {
	d := w.rules.Merge(w.mem, w.view())
	w.mem = w.rules.Done(d.Memory, d.Action, presence.Outcome{At: w.now, Err: errors.New("lost")})
}

func TestHardCases(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(t *testing.T, w *world){
		"an older own value reappears at sign-in": func(t *testing.T, w *world) {
			w.activity = "away"
			w.run()
			w.advance(time.Minute)
			w.client = presence.Teams{}
			w.run()
			w.activity = "dnd"
			w.crash()
			w.client = pair("Available/Available")
			w.run()
			require.Equal(t, "dnd", w.activity)
			require.Equal(t, "DoNotDisturb/DoNotDisturb", w.teams().String())
		},
		"a preferred presence that all but ran out during a call": func(t *testing.T, w *world) {
			w.activity = "busy"
			w.run()
			w.advance(24*time.Hour - 10*time.Minute)
			w.onPhone = true
			w.run()
			w.advance(9*time.Minute + 30*time.Second)
			w.onPhone = false
			w.run()
			w.advance(time.Hour)
			require.Equal(t, "busy", w.activity, "running out is no change by a person")
		},
		"an expiry that cannot be seen": func(t *testing.T, w *world) {
			w.activity = "busy"
			w.run()
			w.advance(time.Minute)
			w.client = pair("Busy/Busy")
			w.advance(26 * time.Hour)
			w.client = pair("DoNotDisturb/DoNotDisturb")
			require.Equal(t, []string{"activity dnd"}, w.run())
		},
		"a session that ran out unseen is no call of a person": func(t *testing.T, w *world) {
			w.onPhone = true
			w.run()
			w.advance(time.Minute)
			w.onPhone, w.lag = false, true
			w.unanswered()
			w.now = w.now.Add(11 * time.Minute)
			v := w.view()
			v.TeamsHeld, v.LooksHeld = true, true
			require.Nil(t, w.rules.Merge(w.mem, v).Action)
		},
		"a clearing that fails, replaced during a call": func(t *testing.T, w *world) {
			w.activity = "dnd"
			w.run()
			w.advance(time.Minute)
			w.onPhone = true
			w.run()
			w.advance(time.Minute)
			w.activity = ""
			w.unanswered()
			w.activity = "lunch"
			w.run()
			w.activity = ""
			w.run()
			w.onPhone = false
			w.run()
			w.advance(time.Hour)
			require.Equal(t, "Available/Available", w.teams().String())
		},
		"a refused write leaves what was written before to be taken back": func(t *testing.T, w *world) {
			w.client = pair("Busy/InAMeeting")
			w.run()
			w.advance(time.Minute)
			w.fail = func(presence.Action) error { return presence.ErrRefused }
			w.client = pair("Busy/Busy")
			w.run()
			w.fail, w.goal = nil, presence.TakeBack
			w.run()
			require.Empty(t, w.activity)
		},
		"a write that was never made takes nothing back": func(t *testing.T, w *world) {
			w.activity = "lunch"
			w.run()
			w.advance(time.Minute)
			w.choose("Busy/Busy")
			w.crash()
			w.goal = presence.TakeBack
			w.run()
			require.Equal(t, "lunch", w.activity)
		},
		"a write older than its lifetime is not made": func(t *testing.T, w *world) {
			w.activity = "dnd"
			w.crash()
			w.now = w.now.Add(48 * time.Hour)
			require.Empty(t, w.run())
			require.Equal(t, "dnd", w.activity)
		},
		"available in Teams and cleared at the phone are the same": func(t *testing.T, w *world) {
			w.client = pair("Busy/Busy")
			w.run()
			w.advance(time.Minute)
			w.choose("Available/Available")
			w.view()
			w.now = w.now.Add(2 * time.Second)
			w.activity = ""
			require.Empty(t, w.run())
		},
		"a link that is lost and regained while it is taken back": func(t *testing.T, w *world) {
			w.client = pair("Busy/Busy")
			w.run()
			w.advance(time.Minute)
			w.goal = presence.TakeBack
			w.crash()
			w.goal = presence.Sync
			w.run()
			w.advance(time.Hour)
			require.Equal(t, "busy", w.activity)
		},
		"a link that is regained after it was taken back": func(t *testing.T, w *world) {
			w.activity = "dnd"
			w.run()
			w.advance(time.Minute)
			w.goal = presence.TakeBack
			w.run()
			w.goal = presence.Sync
			require.Empty(t, w.advance(time.Hour))
			require.Equal(t, "dnd", w.activity)
		},
		"reads that are refused are not repeated at once": func(t *testing.T, w *world) {
			w.activity = "dnd"
			w.lag = true
			w.run()
			w.now = w.now.Add(time.Minute)
			v := w.view()
			v.LooksHeld = true
			d := w.rules.Merge(w.mem, v)
			require.Nil(t, d.Action)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, started(t))
		})
	}
}

func TestFirstStartDuringACall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.client, w.activity = pair("Busy/InACall"), "vacation"
	w.run()
	w.advance(time.Minute)
	w.client = pair("Available/Available")
	w.run()
	require.Equal(t, "vacation", w.activity, "a call that ends is no choice")
	w.client = pair("Busy/InACall")
	w.run()
	w.client = pair("DoNotDisturb/DoNotDisturb")
	w.run()
	require.Equal(t, "dnd", w.activity)
}
