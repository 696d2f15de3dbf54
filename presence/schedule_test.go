package presence_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/presence"
)

var (
	clientValues = []string{
		"Available/Available", "Busy/InAMeeting", "Busy/Busy", "Away/Away", "Busy/InACall",
		"DoNotDisturb/Presenting", "Available/Inactive", "Busy/Juggling", "",
	}
	chosenValues = []string{"Available/Available", "Busy/Busy", "DoNotDisturb/DoNotDisturb", "Away/Away", "Offline/OffWork"}
	activities   = []string{"", "away", "busy", "dnd", "meeting", "lunch", "worship"}
)

// TestAnySchedule plays random changes by persons, calls, losses, refusals and late looks.
func TestAnySchedule(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.counted = rapid.Bool().Draw(t, "counted")
		w.noAlien = rapid.Bool().Draw(t, "no alien calls")
		causes := 1
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			if w.playOne(t) {
				causes++
			}
		}
		w.fail, w.lag, w.onPhone = nil, false, false
		if w.client = pair("Available/Available"); rapid.Bool().Draw(t, "signs out") {
			w.client = presence.Teams{}
		}
		w.run()
		w.advance(2 * time.Minute)
		writes := slices.DeleteFunc(slices.Clone(w.writes), func(s string) bool { return strings.Contains(s, "session") })
		require.LessOrEqual(t, len(writes), 8*causes, "writes without a cause, renewals aside")

		require.Empty(t, w.advance(3*time.Hour), "inputs have stopped")
		require.True(t, w.session.IsZero(), "a session is left")
		require.False(t, w.alien, "an alien call is left")
		require.True(t, w.mem.Agreed.Teams.Shows(w.teams()), "agreed on %v, Teams shows %v", w.mem.Agreed.Teams, w.teams())
		if w.activity != "worship" {
			require.Equal(t, w.mem.Agreed.PBX, w.activity)
		}

		w.goal = presence.TakeBack
		w.run()
		require.Empty(t, w.run())
		require.False(t, w.mem.Owns())
	})
}

// playOne plays one thing and lets the link look at it, or not.
func (w *world) playOne(t *rapid.T) (cause bool) {
	what := rapid.SampledFrom([]string{"client", "choose", "reset", "activity", "phone", "reconnect", "crash", "unanswered", "lag", "late", "leave", "refused", "wait"}).Draw(t, "what")
	w.fail = nil
	switch what {
	case "client":
		if v := rapid.SampledFrom(clientValues).Draw(t, "value"); v == "" {
			w.client = presence.Teams{}
		} else {
			w.client = pair(v)
		}
	case "choose":
		w.choose(rapid.SampledFrom(chosenValues).Draw(t, "value"))
	case "reset":
		w.slot = presence.Teams{}
	case "activity":
		w.activity = rapid.SampledFrom(activities).Draw(t, "activity")
	case "phone":
		w.onPhone = !w.onPhone
	case "reconnect":
		w.connection++
		w.home = rapid.SampledFrom([]string{"master", "slave"}).Draw(t, "home")
		w.alien = false
	case "crash":
		w.crash()
	case "unanswered":
		if d := w.rules.Merge(w.mem, w.view()); d.Action != nil {
			w.mem = w.rules.Done(d.Memory, d.Action, presence.Outcome{At: w.now, Err: errors.New("lost")})
		}
	case "late":
		w.told(rapid.SampledFrom([]string{w.teams().String(), w.lastTeams}).Draw(t, "told"))
	case "leave":
		w.goal = presence.TakeBack
		w.run()
		w.goal = presence.Sync
	case "lag":
		w.lag = !w.lag
	case "refused":
		w.refuse(rapid.SampledFrom([][]presence.Action{
			{presence.RenewSession{}}, {presence.SetSession{}}, {presence.ClearSession{}},
			{presence.SetSession{}, presence.RenewSession{}, presence.ClearSession{}},
		}).Draw(t, "which")...)
		w.advance(time.Duration(rapid.SampledFrom([]int{1, 300, 400, 4000}).Draw(t, "seconds")) * time.Second)
	case "wait":
		w.lag = false
		w.advance(time.Duration(rapid.SampledFrom([]int{1, 10, 20, 400, 4000, 90000}).Draw(t, "seconds")) * time.Second)
		return true
	}
	if rapid.Bool().Draw(t, "looks") {
		w.now = w.now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
		w.decide()
	}
	return true
}

// TestAWriteThatKeepsFailingIsOneDecision asserts that an unanswered write leaves
// the memory as it was stored, whatever the write.
func TestAWriteThatKeepsFailingIsOneDecision(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		for range rapid.IntRange(1, 10).Draw(t, "steps") {
			w.playOne(t)
		}
		d := w.rules.Merge(w.mem, w.view())
		if d.Action == nil {
			return // nothing to do, nothing to fail
		}
		kept := w.rules.Done(d.Memory, d.Action, presence.Outcome{At: w.now, Err: errors.New("lost")})
		require.Equal(t, d.Memory, kept)
		require.Equal(t, d.Action, w.rules.Merge(kept, w.view()).Action)
	})
}
