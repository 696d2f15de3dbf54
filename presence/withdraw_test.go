package presence_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

func TestWithdrawingCutsNothingOff(t *testing.T) {
	t.Parallel()
	require.NoError(t, presence.Wanted(t.Context()).Err(), "nobody can withdraw it")
	parent, cancel := context.WithCancel(t.Context())
	ctx, withdraw := presence.Withdrawable(parent)
	other, _ := presence.Withdrawable(ctx)
	require.NoError(t, presence.Wanted(ctx).Err())
	withdraw()
	require.Error(t, presence.Wanted(ctx).Err())
	require.NoError(t, presence.Wanted(other).Err(), "each action has its own")
	require.NoError(t, ctx.Err())
	cancel()
	require.Error(t, ctx.Err(), "a stop does")
}

func TestSameActions(t *testing.T) {
	t.Parallel()
	busy, dnd := pair("Busy/Busy"), pair("DoNotDisturb/DoNotDisturb")
	all := []presence.Action{
		nil, presence.SetSession{Value: busy}, presence.SetSession{Value: dnd}, presence.RenewSession{Value: busy}, presence.ClearSession{},
		presence.SetPreferred{Value: busy}, presence.SetPreferred{Value: dnd}, presence.ClearPreferred{}, presence.Look{},
		presence.AddCall{}, presence.DelCall{ID: 1}, presence.DelCall{ID: 2}, presence.SetActivity{Activity: "dnd"}, presence.SetActivity{},
	}
	for i, a := range all {
		for j, b := range all {
			require.Equal(t, i == j, presence.Same(a, b), "%v, %v", a, b)
		}
	}
	for _, c := range [][2]presence.Action{
		{presence.SetSession{busy, time.Minute}, presence.SetSession{busy, time.Hour}},
		{presence.RenewSession{busy, time.Minute}, presence.RenewSession{busy, time.Hour}},
		{presence.SetPreferred{busy, time.Minute}, presence.SetPreferred{busy, time.Hour}},
	} {
		require.True(t, presence.Same(c[0], c[1]), "%v", c[0])
	}
}
