package presence_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

// refuse has Graph refuse those writes of sessions from now on.
func (w *world) refuse(writes ...presence.Action) {
	kind := func(a presence.Action) string { return fmt.Sprintf("%T", a) }
	w.fail = func(a presence.Action) error {
		if slices.ContainsFunc(writes, func(r presence.Action) bool { return kind(r) == kind(a) }) {
			return fmt.Errorf("403: %w", presence.ErrRefused)
		}
		return nil
	}
}

func TestARefusedSession(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(t *testing.T, w *world){
		"a refused renewal leaves the session its time, and that is no call in Teams": func(t *testing.T, w *world) {
			w.onPhone = true
			w.run()
			w.refuse(presence.RenewSession{})
			require.Empty(t, w.advance(time.Hour))
			require.True(t, w.session.IsZero(), "it has lapsed")
			require.Equal(t, "Graph refused the session", w.mem.Hidden(w.seen()))
			w.onPhone = false
			require.Empty(t, w.run())
			require.False(t, w.mem.Owns())
		},
		"a hang-up after a refused renewal clears what is left": func(t *testing.T, w *world) {
			w.onPhone = true
			w.run()
			w.refuse(presence.RenewSession{})
			for w.mem.Session.Stage != presence.Refused {
				require.Empty(t, w.advance(time.Second))
			}
			require.False(t, w.session.IsZero())
			w.onPhone = false
			require.Equal(t, []string{"clear session"}, w.run())
			require.Empty(t, w.advance(time.Hour))
			require.False(t, w.mem.Owns())
		},
		"a hang-up while everything is refused waits for the end of the session": func(t *testing.T, w *world) {
			w.onPhone = true
			w.run()
			w.refuse(presence.RenewSession{}, presence.SetSession{}, presence.ClearSession{})
			w.advance(6 * time.Minute)
			w.onPhone = false
			require.Empty(t, w.advance(time.Hour))
			require.False(t, w.mem.Owns())
		},
		"a call in Teams outlasts the refused session": func(t *testing.T, w *world) {
			w.onPhone = true
			w.run()
			w.refuse(presence.RenewSession{})
			w.advance(6 * time.Minute)
			w.client = pair("Busy/InACall")
			require.Equal(t, []string{"add alien call"}, w.advance(10*time.Minute))
		},
		"a call in Teams beside one that was refused at once": func(t *testing.T, w *world) {
			w.onPhone = true
			w.refuse(presence.SetSession{})
			require.Empty(t, w.run())
			w.client = pair("Busy/InACall")
			require.Equal(t, []string{"add alien call"}, w.run())
			w.client, w.onPhone = pair("Available/Available"), false
			require.Equal(t, []string{"delete alien call"}, w.run())
			require.False(t, w.mem.Owns())
		},
		"the next call while what is left of the last one cannot be cleared": func(t *testing.T, w *world) {
			w.onPhone = true
			w.run()
			w.refuse(presence.SetSession{}, presence.ClearSession{})
			w.onPhone = false
			w.run()
			w.onPhone = true
			require.Empty(t, w.advance(time.Hour))
			w.onPhone = false
			require.Empty(t, w.run())
			require.False(t, w.mem.Owns())
		},
		"a session of which only the answer was lost is cleared": func(t *testing.T, w *world) {
			w.onPhone = true
			w.unanswered()
			w.now = w.now.Add(15 * time.Minute)
			d := w.rules.Merge(w.mem, w.view())
			w.do(d.Action) // it arrives, and nobody learns of it
			w.onPhone = false
			require.Equal(t, []string{"clear session"}, w.run())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, started(t))
		})
	}
}
