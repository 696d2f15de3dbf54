package main

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestLineFailsByItsShare(t *testing.T) {
	t.Parallel()
	const n = 10_000
	count := func(seed uint64, request string, fair bool) (faults map[pbxtest.Fault]int, failed, cut int) {
		l := newLine(0.05, 100, seed)
		l.fair.Store(fair)
		l.dropped = func(pbx string) {
			require.Equal(t, "slave", pbx)
			cut++
		}
		faults = map[pbxtest.Fault]int{}
		for range n {
			faults[l.fault("slave", "PbxApi", request)]++
		}
		return faults, n - faults[pbxtest.FaultNone], cut
	}
	writes, failed, cut := count(1, "AddAlienCall", false)
	require.InDelta(t, 0.05*n, failed, 90, "four standard deviations")
	require.Equal(t, writes[pbxtest.FaultDrop]+writes[pbxtest.FaultDropAfter], cut)
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

func TestShakingTellsBeforeItBreaks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		system := pbxtest.NewSystem("example.com")
		s := &stage{system: system, master: system.AddPBX(pbxtest.Options{}), slave: system.AddPBX(pbxtest.Options{Slave: true})}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		often := map[string]int{}
		s.shake(ctx, 1, time.Second, func(pbx string) { often[pbx]++ })
		require.InDelta(t, 60, often["master"]+often["slave"], 20)
		require.Len(t, often, 2)
	})
}
