package graph_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/graph"
)

func TestPlanByDefault(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		active, idle, told int
		want               [3]time.Duration
	}{
		"one office":       {2, 10, 0, [3]time.Duration{time.Second, time.Second, 5 * time.Minute}},
		"5,000 people":     {200, 4800, 0, [3]time.Duration{time.Second, 4800 * time.Millisecond, 5 * time.Minute}},
		"10,000 people":    {800, 9200, 0, [3]time.Duration{1920 * time.Millisecond, 9600 * time.Millisecond, 5 * time.Minute}},
		"100,000 people":   {5000, 95000, 0, [3]time.Duration{3696 * time.Millisecond, 18480 * time.Millisecond, 5 * time.Minute}},
		"all are told of":  {0, 0, 3250, [3]time.Duration{time.Second, time.Second, 5 * time.Minute}},
		"most are told of": {0, 300, 3250, [3]time.Duration{time.Second, time.Second, 5 * time.Minute}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.want, graph.Plan(test.active, test.idle, test.told, 500, 0, 5*time.Minute))
		})
	}
}

func TestPlanKeepsWithinItsBudget(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		people := rapid.IntRange(0, 100_000)
		active, idle, told := people.Draw(t, "active"), people.Draw(t, "idle"), people.Draw(t, "told")
		budget := rapid.IntRange(2, 1500).Draw(t, "budget")
		every := time.Duration(rapid.IntRange(0, 60_000).Draw(t, "every")) * time.Millisecond
		plan := graph.Plan(active, idle, told, budget, every, 5*time.Minute)
		require.LessOrEqual(t, plan[0], plan[1])
		require.LessOrEqual(t, plan[1], plan[2])
		require.GreaterOrEqual(t, plan[1], every)
		calls := func(people int, every time.Duration) float64 {
			return float64((people+649)/650) * float64(30*time.Second) / float64(every)
		}
		half := float64(budget / 2)
		require.LessOrEqual(t, calls(active+idle, plan[1]), half+1e-3)
		require.LessOrEqual(t, calls(active+idle+told, plan[2]), half+1e-3)
		if plan[0] < plan[1] {
			require.LessOrEqual(t, calls(active, plan[0]), half+1e-3)
		}
	})
}
