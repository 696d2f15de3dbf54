package main

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestScriptFollowsItsSeed(t *testing.T) {
	t.Parallel()
	p := script{people: 50, rounds: 3, round: time.Minute, final: time.Minute, seed: 7}
	require.Equal(t, p.acts(), p.acts())
	require.Equal(t, p.finale(), p.finale())
	other := p
	other.seed = 8
	require.NotEqual(t, p.acts(), other.acts())
	require.NotEqual(t, p.finale(), other.finale())
}

func TestScriptHasSomethingForEverybody(t *testing.T) {
	t.Parallel()
	p := script{people: 500, rounds: 4, round: time.Minute, final: 20 * time.Second, seed: 1}
	inOrder := func(cues []cue, end time.Duration) {
		require.True(t, slices.IsSortedFunc(cues, func(a, b cue) int { return int(a.at - b.at) }))
		require.GreaterOrEqual(t, cues[0].at, time.Duration(0))
		require.LessOrEqual(t, cues[len(cues)-1].at, end)
	}
	kinds, often := map[deed]bool{}, map[int]int{}
	for _, c := range p.acts() {
		kinds[c.kind], often[c.who] = true, often[c.who]+1
	}
	inOrder(p.acts(), 4*time.Minute)
	require.ElementsMatch(t, []deed{shows, chooses, resets, signsOut, signsIn, sets, rings, hangsUp, loses, regains, moves}, slices.Collect(maps.Keys(kinds)))
	require.Len(t, often, p.people)
	require.GreaterOrEqual(t, slices.Min(slices.Collect(maps.Values(often))), p.rounds)

	often = map[int]int{}
	for _, c := range p.finale() {
		often[c.who]++
	}
	inOrder(p.finale(), 20*time.Second)
	require.Len(t, often, p.people)
	require.Equal(t, 1, slices.Max(slices.Collect(maps.Values(often))))
}
