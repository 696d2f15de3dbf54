package presence_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestAnySchedule plays random schedules. With -rapid.checks=10000 it is a million of them.
func TestAnySchedule(t *testing.T) {
	t.Parallel()
	any := schedules()
	for i := range 100 {
		t.Run(fmt.Sprintf("%02d", i), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) { newModel(t).play(any.Draw(t, "schedule")) })
		})
	}
}
