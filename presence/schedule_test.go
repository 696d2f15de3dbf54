package presence_test

import (
	"flag"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// portions are played side by side.
const portions = 100

// TestAnySchedule plays 10,000 random schedules, and a million in make model. Of one that
// fails it prints the shortest that fails as well; pasted into [TestHardSchedules], it is a test.
func TestAnySchedule(t *testing.T) {
	t.Parallel()
	var played atomic.Int64
	progress(t, &played)
	schedules := schedules()
	for i := range portions {
		t.Run(fmt.Sprintf("%02d", i), func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(t *rapid.T) {
				newModel(t).play(schedules.Draw(t, "schedule"))
				played.Add(1)
			})
		})
	}
}

// progress tells with -v how many schedules have been played.
func progress(t *testing.T, played *atomic.Int64) {
	checks, err := strconv.Atoi(flag.Lookup("rapid.checks").Value.String())
	if err != nil || !testing.Verbose() {
		return
	}
	ticker := time.NewTicker(5 * time.Second)
	end := make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				fmt.Printf("%d of %d\n", played.Load(), checks*portions)
			case <-end:
				return
			}
		}
	}()
	t.Cleanup(func() {
		ticker.Stop()
		close(end)
		fmt.Printf("%d of %d\n", played.Load(), checks*portions)
	})
}
