package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestLedgerKnowsWhatWasRefused(t *testing.T) {
	t.Parallel()
	set := func(at float64, value string) written {
		return written{at: second(at), who: "1", slot: slotActivity, value: value}
	}
	refused := func(w written) written {
		w.undone = true
		return w
	}
	lost := func(w written) written {
		w.undone, w.unsure = true, true
		return w
	}
	busy := glance{teams: "Busy"}
	for name, tc := range map[string]struct {
		writes []written
		acts   []float64 // times
		after  glance
		want   string
		held   bool
	}{
		"nothing":                         {nil, nil, busy, "", false},
		"not refused":                     {[]written{set(1, "busy")}, nil, busy, "", true},
		"refused":                         {[]written{refused(set(1, "busy"))}, nil, busy, "busy", false},
		"refused, and one was there":      {[]written{set(1, "away"), refused(set(2, "busy"))}, nil, busy, "busy", true},
		"written since":                   {[]written{refused(set(1, "busy")), set(2, "away")}, nil, busy, "", true},
		"somebody acted before":           {[]written{refused(set(2, "busy"))}, []float64{1}, busy, "busy", false},
		"somebody acted since":            {[]written{refused(set(2, "busy"))}, []float64{1, 3}, busy, "", false},
		"somebody did what does not show": {[]written{refused(set(2, "busy"))}, []float64{1, 3}, glance{}, "busy", false},
		"lost is not refused":             {[]written{lost(set(1, "busy"))}, nil, busy, "", false},
		"lost since":                      {[]written{refused(set(1, "busy")), lost(set(2, "away"))}, nil, busy, "busy", false},
		"to take it back was refused":     {[]written{set(1, "away"), refused(set(2, ""))}, nil, busy, "", false},
		"… and the value was made later":  {[]written{set(1, "away"), refused(set(2, "")), set(3, "busy")}, nil, busy, "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &character{actor: actor{guid: "1"}}
			for _, at := range tc.acts {
				p.inputs = append(p.inputs, input{at: second(at), after: tc.after})
			}
			l := newLedger(tc.writes, nil)
			require.Equal(t, tc.want, p.refusals(l).word)
			require.Equal(t, tc.held, !l.activity["1"].written.at.IsZero())
			require.Equal(t, refusals{}, (&character{actor: actor{guid: "2"}}).refusals(l), "of nobody else")
		})
	}
}

func TestRefusedAlienCallHoldsWhileTheCallLasts(t *testing.T) {
	t.Parallel()
	call, none := glance{teams: "InACall"}, glance{teams: "Busy"}
	add := []written{{at: second(2), who: "1", slot: slotAlien, value: "call", undone: true}}
	for name, tc := range map[string]struct {
		writes   []written
		failures []pbxtest.Failure
		inputs   []input
		want     bool
	}{
		"refused":             {add, nil, nil, true},
		"the call was before": {add, nil, []input{{at: second(1), before: none, after: call}}, true},
		"another call":        {add, nil, []input{{at: second(3), before: call, after: call}}, true},
		"the call is over":    {add, nil, []input{{at: second(3), before: call, after: none}}, false},
		"a call later":        {add, nil, []input{{at: second(3), before: none, after: call}}, false},
		"added since":         {append(add, written{at: second(3), who: "1", slot: slotAlien, value: "call"}), nil, nil, false},
		"deleted in vain":     {[]written{{at: second(2), who: "1", slot: slotAlien, undone: true}}, nil, nil, false},
		"the API refused":     {nil, []pbxtest.Failure{{Time: second(2), GUID: "1", Op: "CreateApi", Fault: pbxtest.FaultRefuse}}, nil, true},
		"the API lost":        {nil, []pbxtest.Failure{{Time: second(2), GUID: "1", Op: "CreateApi", Fault: pbxtest.FaultIgnore}}, nil, false},
		"another refused":     {nil, []pbxtest.Failure{{Time: second(2), GUID: "1", Op: "DeleteApi", Fault: pbxtest.FaultRefuse}}, nil, false},
		"the API refused before": {
			[]written{{at: second(3), who: "1", slot: slotAlien, value: "call"}},
			[]pbxtest.Failure{{Time: second(2), GUID: "1", Op: "CreateApi", Fault: pbxtest.FaultRefuseString}}, nil, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &character{actor: actor{guid: "1"}, inputs: tc.inputs}
			require.Equal(t, tc.want, p.refusals(newLedger(tc.writes, tc.failures)).alien)
		})
	}
}
