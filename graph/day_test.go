package graph_test

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/graph/graphtest"
)

var soak = flag.Bool("soak", false, "play the day in full size, which takes minutes")

// overdue is how long a change may take in the worst weather: a round of those who are
// told of, and a minute for what fails in it.
const overdue = 6 * time.Minute

// mostUncovered is the part of the time that people may be covered by nobody in that weather,
// in which subscriptions fall silent.
const mostUncovered = 0.05

// day is 24 hours, or with fewer people 6, in which people change what they show while Graph has its faults, and
// the process is restarted now and then.
type day struct {
	*town
	t      *testing.T
	shown  map[string]time.Time // since when a person shows what has not been heard yet
	alone  map[string]bool      // who was covered by nobody when that began
	swept  []time.Duration      // how long each change of those took
	told   []time.Duration      // and of the others
	turn   int
	values []string
	steps  int // of 10 seconds
}

// stride is a prime, so that changes are spread over all people, and everybody has a turn
// before anybody has two.
const stride = 7919

// change has n people show something else.
func (d *day) change(n int) {
	uncovered := map[string]bool{}
	for _, id := range d.push.Uncovered() {
		uncovered[id] = true
	}
	for range n {
		id := d.people[d.turn*stride%len(d.people)]
		value := d.values[d.turn/len(d.people)%len(d.values)]
		d.turn++
		_, waiting := d.shown[id]
		require.False(d.t, waiting, "the change before was never heard")
		d.Show(id, value, value)
		d.shown[id], d.alone[id] = time.Now(), uncovered[id]
	}
}

// check looks who has heard of the changes by now.
func (d *day) check() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for id, since := range d.shown {
		took := &d.told
		if d.alone[id] {
			took = &d.swept
		}
		if d.heard[id] == d.Presence(id).Pair {
			*took = append(*took, d.when[id].Sub(since))
			delete(d.shown, id)
			continue
		}
		require.Less(d.t, time.Since(since), overdue, "%s is not heard", id)
	}
}

func TestDayInAnyWeather(t *testing.T) {
	for name, test := range map[string]struct{ users, people, few int }{
		"5 communication users, 5,000 people": {users: 5, people: 5000, few: 400},
		"none and 10,000 people":              {people: 10_000, few: 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			people, hours := test.few, 6
			if *soak {
				people, hours = test.people, 24
			}
			o := graph.PushOptions{Sweep: graph.SweepOptions{Every: 30 * time.Second}}
			inTown(t, test.users, people, graphtest.Options{Seed: 4, Reauthorize: 50 * time.Minute}, o, func(t *testing.T, w *town) {
				if !*soak && test.users > 0 {
					w.keys = []graph.Key{newKey()}
				}
				d := &day{town: w, t: t, shown: map[string]time.Time{}, alone: map[string]bool{}, values: []string{"Busy", "Away", "DoNotDisturb", "Available"}, steps: hours * 360}
				d.play()
			})
		})
	}
}

func (d *day) play() {
	t := d.t
	stop := d.start()
	pass(time.Minute)
	require.Zero(t, d.drift())
	clear := d.Fault(graphtest.Weather(0.01))
	perStep := max(1, len(d.people)/100/6) // each person every 100 minutes
	uncovered := 0
	for step := range d.steps {
		pass(10 * time.Second)
		d.check()
		if step%6 == 0 || perStep > 1 {
			d.change(perStep)
		}
		if step%1435 == 700 { // every four hours or so, at other points of the renewals
			stop()
			d.change(perStep)
			pass(20 * time.Second)
			stop = d.start()
		}
		uncovered += len(d.push.Uncovered())
		if step%360 == 359 {
			t.Logf("hour %2d: %d changes heard, %d under way, %d people covered by nobody", (step+1)/360, len(d.swept)+len(d.told), len(d.shown), len(d.push.Uncovered()))
		}
	}
	clear()
	for range int(overdue / (10 * time.Second)) {
		pass(10 * time.Second)
		d.check()
	}
	require.Empty(t, d.shown)
	require.Zero(t, d.drift())
	before := d.Tally()
	stop()
	d.change(1)
	stop = d.start()
	pass(time.Second)
	d.check()
	require.Empty(t, d.shown, "a restart works at once")
	require.Zero(t, d.Tally().Since(before)[graphtest.RouteSubscribe].Asked, "with the subscriptions that live")
	covered, within := slices.Clone(d.people), 2*time.Second
	if len(d.users) > 0 {
		covered = slices.DeleteFunc(covered, func(id string) bool { return slices.Contains(d.push.Uncovered(), id) })
	} else {
		within = d.options.Sweep.Every
	}
	require.NotEmpty(t, covered)
	d.learns(slices.Index(d.people, covered[len(covered)/2]), "BeRightBack", within)
	stop()
	d.report(uncovered)
}

func (d *day) report(uncovered int) {
	share := float64(uncovered) / float64(len(d.people)*d.steps)
	tally := d.Tally()
	d.t.Logf("changes of people who are told of: %v", latency(d.told))
	d.t.Logf("changes of the others: %v", latency(d.swept))
	d.t.Logf("%.1f %% of the time of the people covered by nobody", 100*share)
	d.t.Logf("%+v; busiest half minute: %d", tally.Sum(), d.Busiest(30*time.Second))
	d.t.Logf("subscriptions: %+v", tally[graphtest.RouteSubscribe])
	if len(d.users) == 0 {
		require.Empty(d.t, d.told)
		return
	}
	require.Less(d.t, latency(d.told).median, 2*time.Second)
	require.Less(d.t, share, mostUncovered)
	require.Greater(d.t, len(d.told), len(d.swept))
}

// times are those of many changes.
type times struct {
	changes                   int
	median, ninetyFifth, most time.Duration
}

func latency(took []time.Duration) times {
	if len(took) == 0 {
		return times{}
	}
	slices.Sort(took)
	return times{len(took), took[len(took)/2], took[len(took)*95/100], took[len(took)-1]}
}

func (l times) String() string {
	return fmt.Sprintf("%d, within %v, 95 %% within %v, all within %v", l.changes, l.median, l.ninetyFifth, l.most)
}
