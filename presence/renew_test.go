package presence_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/presence"
)

// Calls of 1,000 people that begin in one moment are renewed evenly from the first renewal on.
func TestRenewalsOfCallsThatBeganTogetherAreSpread(t *testing.T) {
	t.Parallel()
	const people, slot = 1000, 30 * time.Second
	var perSlot [120]int // of an hour
	for i := range people {
		w := newWorld(t)
		w.phase = float64(i) / people
		w.onPhone = true
		require.Equal(t, []string{"session Busy/InACall"}, w.run())
		for n := range perSlot {
			perSlot[n] += len(w.advance(slot))
			require.True(t, w.now.Before(w.sessionUntil), "it never lapses")
		}
	}
	writes := 0
	for n, renewed := range perSlot {
		if n > 5 { // half an interval after the start
			require.InDelta(t, people/10, renewed, 5, "half minute %d", n)
		}
		writes += renewed
	}
	require.InDelta(t, 12*people, writes, people/2, "no more than without")
}

// The connector may start again with an earlier clock than that of its memory.
func TestRenewalBearsAClockThatIsSetBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.onPhone = true
	require.Equal(t, []string{"session Busy/InACall"}, w.run())
	w.advance(time.Second)
	w.now, w.sessionUntil = w.now.Add(-time.Hour), w.sessionUntil.Add(-time.Hour)
	require.Equal(t, []string{"renew session Busy/InACall"}, w.run())
	w.advance(time.Hour)
	require.True(t, w.now.Before(w.sessionUntil))
}

// TestRenewalsNeverLapse holds for any interval, lifetime and place in it.
func TestRenewalsNeverLapse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		w.phase = rapid.Float64Range(0, 0.999).Draw(t, "phase")
		w.rules.Renew = time.Duration(rapid.IntRange(60, 3600).Draw(t, "renew")) * time.Second
		w.rules.Session = w.rules.Renew + time.Duration(rapid.IntRange(2, 14400).Draw(t, "slack"))*time.Second
		w.now = w.now.Add(time.Duration(rapid.IntRange(0, 1e6).Draw(t, "start")) * time.Millisecond)
		w.onPhone = true
		w.run()
		last := w.now
		w.fail = func(a presence.Action) error {
			if _, ok := a.(presence.RenewSession); ok {
				require.LessOrEqual(t, w.now.Sub(last), w.rules.Renew*3/2)
				last = w.now
			}
			return nil
		}
		renewed := len(w.advance(10 * w.rules.Renew))
		require.InDelta(t, 10, renewed, 1)
		require.Equal(t, w.rules.Tables.Call(), w.session)
	})
}

func TestARenewalThatFailsIsRepeatedUntilTheSessionIsGone(t *testing.T) {
	t.Parallel()
	w := started(t)
	w.onPhone = true
	w.run()
	failed := 0
	w.fail = func(a presence.Action) error {
		if _, ok := a.(presence.RenewSession); !ok {
			return nil
		}
		failed++
		return errors.New("throttled")
	}
	require.Equal(t, presence.Stands, w.mem.Session.Stage)
	w.now = w.mem.Session.Until.Add(-time.Second)
	d := w.rules.Merge(w.mem, w.view())
	require.Equal(t, []presence.Rule{presence.RuleRenew}, d.Rules)
	require.Equal(t, presence.Action(presence.RenewSession{Value: pair("Busy/InACall"), Lifetime: 10 * time.Minute}), d.Action)
	w.mem = w.rules.Done(d.Memory, d.Action, w.do(d.Action))
	require.Equal(t, presence.Renewing, w.mem.Session.Stage)
	require.Equal(t, 1, failed)
	w.now = w.now.Add(2 * time.Second)
	require.Equal(t, []string{"session Busy/InACall"}, w.run(), "as if the call began: it waits for nobody")
}

func TestARenewalNeedsNoLook(t *testing.T) {
	t.Parallel()
	w := started(t)
	w.choose("DoNotDisturb/DoNotDisturb")
	w.run()
	w.onPhone = true
	w.run()
	looks := 0
	w.fail = func(a presence.Action) error {
		if a == presence.Action(presence.Look{}) {
			looks++
		}
		return nil
	}
	w.advance(time.Hour)
	require.Equal(t, "hidden by the person's own status", w.mem.Hidden(w.seen()))
	require.LessOrEqual(t, looks, 1)
}

func TestWhyASessionIsNotSeen(t *testing.T) {
	t.Parallel()
	for shows, reason := range map[string]string{
		"Busy/InACall":                    "",
		"DoNotDisturb/DoNotDisturb":       "hidden by the person's own status",
		"Offline/OffWork":                 "hidden by the person's own status",
		"Offline/Offline":                 "not signed in to Teams",
		"PresenceUnknown/PresenceUnknown": "not signed in to Teams",
	} {
		for _, stage := range []presence.Stage{presence.Stands, presence.Renewing} {
			m := presence.Memory{Session: &presence.Session{Value: pair("Busy/InACall"), Stage: stage}}
			require.Equal(t, reason, m.Hidden(&presence.TeamsSeen{Value: pair(shows)}), shows)
		}
		m := presence.Memory{Session: &presence.Session{Value: pair("Busy/InACall"), Stage: presence.Sent}}
		require.Empty(t, m.Hidden(&presence.TeamsSeen{Value: pair(shows)}), "it may still come")
	}
}

func TestAHiddenSessionIsToldOnce(t *testing.T) {
	t.Parallel()
	w := started(t)
	w.choose("DoNotDisturb/DoNotDisturb")
	w.run()
	w.onPhone = true
	w.run()
	told := 0
	for range 3600 {
		w.now = w.now.Add(time.Second)
		w.run()
		for _, rule := range w.rulesF {
			if rule == presence.RuleHidden {
				told++
			}
		}
	}
	require.Equal(t, 1, told)
}
