package graphtest_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

// paying runs a test with an endpoint that takes what slow says for the nth POST.
func paying(t *testing.T, slow func(n int) time.Duration, test func(t *testing.T, w *world)) {
	t.Helper()
	pushed(t, basic, func(t *testing.T, w *world) {
		w.hook.answer = func(_ http.ResponseWriter, n int) bool {
			pass(slow(n))
			return true
		}
		test(t, w)
	}, func(o *graphtest.Options) { o.Penalties, o.DeliverTimeout = true, time.Minute })
}

// flip makes one notification and waits for it to settle.
func flip(w *world, n int) {
	shows := []string{"Busy", "Away"}[n%2]
	w.Show(w.ada, shows, shows)
	pass(20 * time.Second)
	synctest.Wait()
}

func TestASlowEndpointIsServedLater(t *testing.T) {
	paying(t, func(n int) time.Duration { return map[bool]time.Duration{true: 4 * time.Second}[n == 10] }, func(t *testing.T, w *world) {
		for n := range 9 {
			flip(w, n)
			require.Len(t, w.hook.received(), n+1)
		}
		flip(w, 9) // slow: one of ten is not more than 10 %
		flip(w, 10)
		require.Len(t, w.hook.received(), 11)
		pass(7 * time.Minute) // of the fast ones, most are forgotten
		flip(w, 11)
		require.Len(t, w.hook.received(), 11)
		pass(9*time.Minute + 30*time.Second)
		require.Len(t, w.hook.received(), 11)
		pass(time.Minute)
		require.Len(t, w.hook.received(), 12, "ten minutes later")
		flip(w, 12)
		require.Len(t, w.hook.received(), 13, "and forgiven")
	})
}

func TestADeadEndpointLosesNotifications(t *testing.T) {
	paying(t, func(n int) time.Duration { return map[bool]time.Duration{true: 11 * time.Second}[n == 1] }, func(t *testing.T, w *world) {
		flip(w, 0)
		for n := range 20 {
			flip(w, n+1)
		}
		require.Len(t, w.hook.received(), 1)
		pass(10 * time.Minute)
		require.Len(t, w.hook.received(), 1, "lost for good")
		flip(w, 21)
		require.Len(t, w.hook.received(), 2)
	})
}

func TestAFastEndpointPaysNothing(t *testing.T) {
	paying(t, func(int) time.Duration { return 3 * time.Second }, func(t *testing.T, w *world) {
		for n := range 20 {
			flip(w, n)
		}
		require.Len(t, w.hook.received(), 20)
	})
}
