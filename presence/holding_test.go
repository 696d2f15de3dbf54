package presence_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

// held and waits are short forms: what is held and its stage, and what is waited for and
// how long.
func (w *world) held() (list []string) {
	for _, h := range w.mem.Holdings() {
		list = append(list, string(h.Side)+": "+h.What+" "+string(h.Stage))
	}
	return list
}

func (w *world) waits() (list []string) {
	for _, wait := range w.rules.Waits(w.mem, w.view()) {
		list = append(list, wait.For+" in "+wait.Until.Sub(w.now).String())
	}
	return list
}

func TestWhatIsHeldAndWaitedFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		play        func(w *world)
		held, waits []string
	}{
		"nothing": {play: func(*world) {}},
		"a value from Teams stands": {
			play: func(w *world) { w.client = pair("Busy/Busy"); w.run() },
			held: []string{"PBX: activity busy stands"},
		},
		"a value from the PBX runs out one day": {
			play:  func(w *world) { w.activity = "dnd"; w.run(); w.advance(time.Minute) },
			held:  []string{"Teams: preferred presence DoNotDisturb/DoNotDisturb stands"},
			waits: []string{"preferred presence DoNotDisturb/DoNotDisturb to run out in 23h59m0s"},
		},
		"a value that Teams does not show yet": {
			play: func(w *world) { w.activity, w.lag = "dnd", true; w.run() },
			held: []string{"Teams: preferred presence DoNotDisturb/DoNotDisturb sent"},
			waits: []string{
				"Teams to show preferred presence DoNotDisturb/DoNotDisturb in 15s",
				"preferred presence DoNotDisturb/DoNotDisturb to run out in 24h0m0s",
			},
		},
		"a settle time that is over is not waited for": {
			play: func(w *world) {
				w.activity, w.lag = "dnd", true
				w.run()
				w.now = w.now.Add(20 * time.Second)
			},
			held:  []string{"Teams: preferred presence DoNotDisturb/DoNotDisturb sent"},
			waits: []string{"preferred presence DoNotDisturb/DoNotDisturb to run out in 23h59m40s"},
		},
		"a value that was cleared, and Teams still shows it": {
			play: func(w *world) {
				w.activity = "dnd"
				w.run()
				w.advance(time.Minute)
				w.view()
				w.activity, w.lag = "", true
				w.mem = w.decide().Memory
				w.mem = w.rules.Done(w.mem, presence.ClearPreferred{}, presence.Outcome{At: w.now})
			},
			waits: []string{"Teams to show clear preferred presence in 15s"},
		},
		"a call on the PBX": {
			play: func(w *world) { w.onPhone = true; w.run() },
			held: []string{"Teams: session Busy/InACall stands"},
			// At its own point in the interval, the last one before the lifetime would be short.
			waits: []string{"renew session Busy/InACall in 4m0s"},
		},
		"a call on the PBX that Teams does not show yet": {
			play:  func(w *world) { w.onPhone, w.lag = true, true; w.run() },
			held:  []string{"Teams: session Busy/InACall sent"},
			waits: []string{"Teams to show session Busy/InACall in 15s", "renew session Busy/InACall in 4m0s"},
		},
		"a call on the PBX that has ended": {
			play: func(w *world) {
				w.onPhone = true
				w.run()
				w.onPhone = false
				w.decide()
				w.lag = true
				w.mem = w.rules.Done(w.mem, presence.ClearSession{}, presence.Outcome{At: w.now})
			},
			held:  []string{"Teams: session Busy/InACall gone"},
			waits: []string{"Teams to stop showing session Busy/InACall in 15s"},
		},
		"a call in Teams": {
			play: func(w *world) { w.client = pair("Busy/InACall"); w.run() },
			held: []string{"PBX: alien call stands"},
		},
		"a value on the PBX that is not shown yet": {
			play: func(w *world) {
				w.client = pair("Busy/Busy")
				w.mem = w.rules.Done(w.decide().Memory, presence.SetActivity{Activity: "busy"}, presence.Outcome{At: w.now})
			},
			held:  []string{"PBX: activity busy sent"},
			waits: []string{"the PBX to show activity busy in 15s"},
		},
		"what was refused is not held": {
			play: func(w *world) {
				w.noAlien = true
				w.refuse(presence.SetSession{})
				w.onPhone, w.client = true, pair("DoNotDisturb/Presenting")
				w.run()
			},
			held: []string{"PBX: activity busy stands"},
		},
		"a refused renewal leaves the session its time": {
			play: func(w *world) {
				w.onPhone = true
				w.run()
				w.refuse(presence.RenewSession{})
				w.advance(6 * time.Minute)
			},
			held:  []string{"Teams: session Busy/InACall refused"},
			waits: []string{"session Busy/InACall to run out in 4m0s"},
		},
		"a time that nothing else explains": {
			play: func(w *world) {
				w.mem.ToTeams = &presence.TeamsWrite{Stage: presence.Stands, At: w.now.Add(-time.Second)}
			},
			waits: []string{"the next look at what is due in 14s"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := started(t)
			c.play(w)
			require.Equal(t, c.held, w.held())
			require.Equal(t, c.waits, w.waits())
		})
	}
}
