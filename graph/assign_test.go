package graph_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/graph"
)

// seating is what went into an assignment and what came out of it.
type seating struct {
	before [][]string
	out    []bool
	people []string
	after  [][]string
	over   []string
}

func (s *seating) assign() { s.after, s.over = graph.Assign(s.before, s.out, s.people) }

// seats returns who sits where.
func seats(lists [][]string) map[string]int {
	at := map[string]int{}
	for i, members := range lists {
		for _, m := range members {
			at[m] = i
		}
	}
	return at
}

func TestAssignAnyHistory(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := &seating{}
		user := rapid.IntRange(0, 5)
		for range user.Draw(t, "users") {
			s.before, s.out = append(s.before, nil), append(s.out, false)
		}
		for range rapid.IntRange(1, 6).Draw(t, "changes") {
			first, n := rapid.IntRange(0, 900).Draw(t, "first"), rapid.IntRange(0, 3000).Draw(t, "people")
			s.people = make([]string, n)
			for i := range n {
				s.people[i] = fmt.Sprintf("P%d", first+i)
			}
			for i := range s.out {
				s.out[i] = rapid.IntRange(0, 4).Draw(t, "out") == 0
			}
			s.assign()
			s.check(t)
			s.before = s.after
		}
	})
}

func (s *seating) check(t require.TestingT) {
	before, after := seats(s.before), seats(s.after)
	var seated []string
	room := 0
	for i, members := range s.after {
		require.LessOrEqual(t, len(members), graph.PushLimit)
		require.True(t, slices.IsSorted(members))
		seated = append(seated, members...)
		if !s.out[i] {
			room += graph.PushLimit - len(members)
		}
	}
	require.Len(t, after, len(seated), "nobody is seated twice")
	lowered := slices.Sorted(slices.Values(append(slices.Clone(seated), s.over...)))
	want := map[string]bool{}
	for _, p := range s.people {
		want[strings.ToLower(p)] = true
	}
	require.Equal(t, slices.Sorted(maps.Keys(want)), lowered, "everybody is seated or left over, and nobody else")
	if room > 0 {
		require.Empty(t, s.over, "there is room")
	}
	for m, i := range before {
		if want[m] && !s.out[i] {
			require.Equal(t, i, after[m], "whoever had a seat keeps it")
		}
		if j, seated := after[m]; seated && s.out[j] {
			require.Equal(t, i, j, "nobody is sent to a user who is out")
			require.Zero(t, room, "who is with one who is out goes where there is room")
		}
	}
}

func TestAssignChangesFewLists(t *testing.T) {
	t.Parallel()
	s := &seating{before: make([][]string, 4), out: make([]bool, 4), people: crowd(2597)}
	s.assign()
	changed := func(people []string) (n int) {
		next := &seating{before: s.after, out: s.out, people: people}
		next.assign()
		for i := range next.after {
			if !slices.Equal(next.before[i], next.after[i]) {
				n++
			}
		}
		return n
	}
	rest := s.people[1:]
	require.Equal(t, 1, changed(rest))
	require.Equal(t, 1, changed(append(slices.Clone(rest), "new-1")), "the list that lost somebody takes the new one")
	require.Equal(t, 2, changed(append(slices.Clone(rest), crowd(2600)[2597:]...)), "then the one with most room takes them all")
	require.Zero(t, changed(slices.Concat(rest, s.people[:1])), "the order does not matter")
}

func TestAssignDistrustsTheStore(t *testing.T) {
	t.Parallel()
	people := crowd(700)
	s := &seating{before: [][]string{people, people[:10]}, out: make([]bool, 2), people: people}
	s.assign()
	s.before = [][]string{people[:650], people[650:]}
	s.check(t)
}
