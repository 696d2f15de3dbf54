package pbx_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/pbx"
)

// Whatever a PBX answers, and in whatever order things happen: each question has one
// outcome, and no more than the limit are under way.
func TestEachRequestHasOneOutcome(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const limit = 3
		queue := pbx.NewRequests(limit)
		outcomes, expected := map[string][]error{}, map[string]bool{}
		takeBack, expire := map[string]func() (bool, bool){}, map[string]func(){}
		src := func() string { return fmt.Sprint(rapid.IntRange(0, 12).Draw(t, "src")) }
		name := func() string { return rapid.SampledFrom([]string{"A", "B"}).Draw(t, "name") }
		n := 0
		t.Repeat(map[string]func(*rapid.T){
			"ask": func(t *rapid.T) {
				s := fmt.Sprint(n)
				n++
				abandon, fire, err := queue.Add(name(), s, rapid.Bool().Draw(t, "urgent"), func(err error) { outcomes[s] = append(outcomes[s], err) })
				require.NoError(t, err)
				expected[s], takeBack[s], expire[s] = true, abandon, fire
			},
			"answer":             func(*rapid.T) { queue.Answer(name(), src()) },
			"answer without src": func(*rapid.T) { queue.Answer(name(), "") },
			"take back": func(t *rapid.T) {
				s := src()
				if abandon := takeBack[s]; abandon != nil {
					if _, ok := abandon(); ok {
						require.Empty(t, outcomes[s])
						delete(expected, s)
					}
				}
			},
			"time runs out": func(*rapid.T) {
				if s := src(); slices.Contains(queue.Sent, s) { // also of what was answered at the same moment
					expire[s]()
				}
			},
			"": func(t *rapid.T) {
				open := 0
				for _, s := range queue.Sent {
					if expected[s] && len(outcomes[s]) == 0 {
						open++
					}
				}
				require.LessOrEqual(t, open, limit)
				for s, all := range outcomes {
					require.Len(t, all, 1, s)
					require.True(t, expected[s], s)
					if all[0] != nil {
						require.ErrorIs(t, all[0], pbx.ErrTimeout)
					}
				}
			},
		})
		gone := errors.New("gone")
		queue.End(gone)
		for s := range expected {
			require.Len(t, outcomes[s], 1, s)
		}
		_, _, err := queue.Add("A", "late", true, func(error) { t.Fatal("it was refused already") })
		require.ErrorIs(t, err, gone)
	})
}
