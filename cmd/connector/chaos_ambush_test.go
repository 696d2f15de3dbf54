package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func TestOppositeTakesBackWhatAnActBroughtAbout(t *testing.T) {
	t.Parallel()
	busy := graphtest.Pair{Availability: "Busy", Activity: "Busy"}
	for name, tc := range map[string]struct {
		act  act
		of   slot
		want deed
	}{
		"a call":                     {act{kind: rings}, slotSession, hangsUp},
		"a call, preferred":          {act{kind: rings}, slotPreferred, ""},
		"set at the phone":           {act{kind: sets, word: "dnd"}, slotPreferred, sets},
		"shown":                      {act{kind: shows, pair: busy}, slotActivity, shows},
		"shown as a call":            {act{kind: shows, pair: busy}, slotAlien, shows},
		"chosen":                     {act{kind: chooses, pair: busy}, slotActivity, resets},
		"chosen, and a call beneath": {act{kind: chooses, pair: busy}, slotAlien, ""},
		"the end of a call":          {act{kind: hangsUp}, slotPreferred, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := tc.act.opposite(tc.of)
			require.Equal(t, tc.want, got.kind)
			require.Equal(t, tc.want != "", ok)
			require.Empty(t, got.word)
			require.NotEqual(t, busy, got.pair)
		})
	}
}
