package graph_test

import (
	"errors"
	"math/bits"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/graph"
)

// works says that something else works while a batch does not, or that nothing does.
func works(yes bool) func() bool { return func() bool { return yes } }

// However many are bad, and wherever they are.
func TestBisectFindsTheBadOnes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 650).Draw(t, "n")
		bad := rapid.SliceOfNDistinct(rapid.IntRange(0, n-1), 1, n, rapid.ID).Draw(t, "bad")
		batch, tries := make([]int, n), 0
		for i := range batch {
			batch[i] = i
		}
		found, unclear := graph.Bisect(batch, func() bool { tries++; return true }, func(part []int) error {
			tries++
			if slices.ContainsFunc(part, func(i int) bool { return slices.Contains(bad, i) }) {
				return &graph.Error{Status: 500}
			}
			return nil
		})
		require.ElementsMatch(t, bad, found)
		require.Empty(t, unclear)
		require.LessOrEqual(t, tries*14/15, min(len(bad)*(2*bits.Len(uint(n))+1)+1, 3*n+1))
	})
}

func TestBisectTakesAnOutageForWhatItIs(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"nobody is to blame": errors.New("connection refused"),
		"throttled":          &graph.Error{Status: 429},
		"not Graph":          &graph.Error{Status: 400, Code: "NotGraph"},
		"everything fails":   &graph.Error{Status: 500},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			batch, tries := crowd(650), 0
			bad, unclear := graph.Bisect(batch, works(false), func([]string) error {
				tries++
				return err
			})
			require.Empty(t, bad)
			require.ElementsMatch(t, batch, unclear)
			require.LessOrEqual(t, tries, 14)
		})
	}
}

func TestBisectNoticesAnOutageThatBegins(t *testing.T) {
	t.Parallel()
	batch, tries := crowd(650), 0
	bad, unclear := graph.Bisect(batch, works(true), func(part []string) error {
		if tries++; tries < 15 && !slices.Contains(part, batch[5]) {
			return nil
		}
		return &graph.Error{Status: 500}
	})
	require.Empty(t, bad, "nobody is blamed for it")
	require.Contains(t, unclear, batch[5])

	asked := 0
	tries = 0
	bad, unclear = graph.Bisect(batch, func() bool { asked++; return asked < 3 }, func([]string) error {
		tries++
		return &graph.Error{Status: 500}
	})
	require.Empty(t, bad)
	require.ElementsMatch(t, batch, unclear)
	require.Equal(t, 3*14, tries)
}

func TestBisectForgivesASingleFailure(t *testing.T) {
	t.Parallel()
	tries := 0
	bad, unclear := graph.Bisect([]string{"a"}, works(true), func([]string) error {
		tries++
		return nil
	})
	require.Empty(t, append(bad, unclear...))
	require.Equal(t, 1, tries)
}

func TestBisectLeavesOpenWhatItCouldNotTry(t *testing.T) {
	t.Parallel()
	bad, unclear := graph.Bisect([]string{"a", "b", "c", "d"}, works(false), func(part []string) error {
		switch {
		case slices.Contains(part, "d"):
			return errors.New("timed out")
		case slices.Contains(part, "a"):
			return &graph.Error{Status: 400}
		}
		return nil
	})
	require.Equal(t, []string{"a"}, bad)
	require.ElementsMatch(t, []string{"c", "d"}, unclear)
}

// One who fails alone is bad only where somebody else does not.
func TestBisectOfOne(t *testing.T) {
	t.Parallel()
	for yes, want := range map[bool][2][]string{true: {{"a"}, nil}, false: {nil, {"a"}}} {
		bad, unclear := graph.Bisect([]string{"a"}, works(yes), func([]string) error { return &graph.Error{Status: 500} })
		require.ElementsMatch(t, want[0], bad)
		require.ElementsMatch(t, want[1], unclear)
	}
}
