package presence_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

func TestADecisionNamesItsRows(t *testing.T) {
	t.Parallel()
	for want, play := range map[string]func(w *world){
		"to_pbx: InAMeeting → meeting":         func(w *world) { w.client = pair("Busy/inameeting") },
		"to_pbx: Available → online":           func(w *world) { w.client = pair("Busy/Busy"); w.run(); w.client = pair("Available/Available") },
		"to_pbx: InACall → on-the-phone":       func(w *world) { w.client = pair("Busy/InACall") },
		"to_teams: lunch → Away/Away for 168h": func(w *world) { w.activity = "lunch" },
		"to_teams: available → clear":          func(w *world) { w.activity = "lunch"; w.run(); w.advance(time.Minute); w.activity = "" },
		"call: on-the-phone → Busy/InACall":    func(w *world) { w.onPhone = true },
		"to_pbx: DoNotDisturb → dnd":           func(w *world) { w.mem, w.client = presence.Memory{}, pair("DoNotDisturb/DoNotDisturb") },
		"to_pbx: Busy → busy":                  func(w *world) { w.client, w.activity = pair("Busy/Busy"), "busy" },
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			w := started(t)
			play(w)
			d := w.decide()
			require.NotEmpty(t, d.Rules)
			require.Len(t, d.Rows, 1)
			require.Equal(t, want, d.Rows[0].Table+": "+d.Rows[0].String())
			w.run()
			require.Empty(t, w.decide().Rows, "a decision that changes nothing needs no row")
		})
	}
}
