package presence_test

import (
	"flag"
	"fmt"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

var night = flag.Int("night", 0, "so many random schedules, in place of 10,000 that are the same each time")

const (
	// everyTime is the number of schedules that are the same each time.
	everyTime = 10_000
	// portions are played side by side.
	portions = 100
)

// TestAnySchedule plays 10,000 schedules, and a million in make model. Of one that fails it
// prints what is left of it when nothing more can be left out; pasted into
// [TestHardSchedules], that is a test.
func TestAnySchedule(t *testing.T) {
	t.Parallel()
	first, last := 0, everyTime
	if *night > 0 {
		first = int(time.Now().UnixNano() & 0xffffffffff)
		last = first + *night
	}
	var played atomic.Int64
	if testing.Verbose() {
		t.Cleanup(progress(&played, last-first))
	}
	schedules := schedules()
	for i := range portions {
		t.Run(fmt.Sprintf("%02d", i), func(t *testing.T) {
			t.Parallel()
			for seed := first + i; seed < last; seed += portions {
				s := schedules.Example(seed)
				if failure(s) != "" {
					t.Errorf("schedule %d: %s", seed, failure(shortest(s)))
				}
				played.Add(1)
			}
		})
	}
}

// trial is what a model says of the schedule that it plays.
type trial struct{ failure string }

func (*trial) Helper() {}

func (r *trial) Fatalf(format string, args ...any) {
	r.failure = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// failure plays a schedule, and says what was wrong.
func failure(s schedule) string {
	var r trial
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		newModel(&r).play(s)
	}()
	<-ended
	return r.failure
}

// shortest leaves out of a schedule that fails whatever it fails without.
func shortest(s schedule) schedule {
	for i := 0; i < len(s)-1; { // the last one is the end
		if less := slices.Delete(slices.Clone(s), i, i+1); less.whole() && failure(less) != "" {
			s, i = less, 0
		} else {
			i++
		}
	}
	return s
}

// progress tells how many schedules have been played, until end is called.
func progress(played *atomic.Int64, all int) (end func()) {
	ticker := time.NewTicker(5 * time.Second)
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case <-ticker.C:
				fmt.Printf("%d of %d\n", played.Load(), all)
			case <-ended:
				return
			}
		}
	}()
	return func() {
		ticker.Stop()
		close(ended)
		fmt.Printf("%d of %d\n", played.Load(), all)
	}
}
