package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestStartsLastUntilTheFirstWrite(t *testing.T) {
	t.Parallel()
	var writes []written
	for _, at := range []float64{1, 10.4, 12, 13, 25, 41} {
		writes = append(writes, written{at: second(at), slot: slotSession, value: "InACall"})
	}
	kills := []time.Time{second(10), second(20), second(22), second(40), second(50), second(52)}
	starts := startsIn(kills, writes)
	require.Equal(t, []start{
		{second(10), second(12)}, // what had been sent before came after it
		{second(20), second(22)}, // killed at once
		{second(22), second(25)},
		{second(40), second(41)},
		{second(50), second(52)},
		{second(52), second(52)}, // nothing to write any more
	}, starts)
	c := causes{starts: starts}
	for _, tc := range []struct{ from, to, want float64 }{
		{0, 9, 9}, {9, 11, 1}, {11, 13, 1}, {10.5, 11, 0}, {19, 26, 2}, {0, 60, 50}, {30, 29, -1},
	} {
		require.Equal(t, time.Duration(tc.want*float64(time.Second)), c.worked(second(tc.from), second(tc.to)), tc)
	}
}

func TestReasonsWaitForAConnectorAtWork(t *testing.T) {
	t.Parallel()
	because := causes{
		inputs: input{at: second(1), act: act{kind: shows}}.reasons(),
		starts: []start{{second(10), second(100)}},
	}
	away := func(at float64) []written {
		return []written{{at: second(at), slot: slotActivity, value: "away"}}
	}
	require.Empty(t, because.without(away(110)))
	require.Len(t, because.without(away(112)), 1, "there was time enough")
	require.Len(t, because.without(append(away(105), written{at: second(106), slot: slotActivity})), 1, "it is good for one write")
}
