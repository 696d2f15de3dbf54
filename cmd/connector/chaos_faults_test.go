package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestLineFailsByItsShare(t *testing.T) {
	t.Parallel()
	const n = 10_000
	count := func(seed uint64, request string, fair bool) (faults map[pbxtest.Fault]int, failed, cut int) {
		l := newLine(0.05, 100, seed)
		l.fair.Store(fair)
		faults = map[pbxtest.Fault]int{}
		for range n {
			faults[l.fault(request)]++
		}
		return faults, n - faults[pbxtest.FaultNone], faults[pbxtest.FaultDrop] + faults[pbxtest.FaultDropAfter]
	}
	writes, failed, _ := count(1, "AddAlienCall", false)
	require.InDelta(t, 0.05*n, failed, 90, "four standard deviations")
	require.Len(t, writes, 9, "all there are")
	again, _, _ := count(1, "AddAlienCall", false)
	require.Equal(t, writes, again)
	_, failed, _ = count(1, "ReplicateNext", false)
	require.InDelta(t, 0.005*n, failed, 30)
	checks, failed, _ := count(1, "CheckAppLic", false)
	require.InDelta(t, 0.005*n, failed, 30)
	require.NotZero(t, checks[pbxtest.FaultRefuse])
	watches, failed, cut := count(1, "SubscribePresence", false)
	require.InDelta(t, (0.75+0.025)*0.05*n, failed, 80)
	require.InDelta(t, 0.25*0.005*n, cut, 15, "seldom")
	require.NotZero(t, watches[pbxtest.FaultRefuse])
	_, failed, _ = count(1, "AddAlienCall", true)
	require.Zero(t, failed)
}
