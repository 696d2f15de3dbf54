package pbxtest_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestOutboxKeepsTheOrder(t *testing.T) {
	t.Parallel()
	o := pbxtest.NewOutbox(4)
	o.Push("a")
	o.Push("b")
	<-o.Ready()
	require.Equal(t, []string{"a", "b"}, o.Take())
	require.Empty(t, o.Ready())
	require.Empty(t, o.Take())
}

func TestOutboxOverflowsOnce(t *testing.T) {
	t.Parallel()
	o := pbxtest.NewOutbox(2)
	for _, s := range []string{"a", "b"} {
		o.Push(s)
	}
	select {
	case <-o.Full():
		require.Fail(t, "two fit")
	default:
	}
	o.Push("c")
	o.Push("d")
	<-o.Full()
	require.Equal(t, []string{"a", "b"}, o.Take())
}

func TestOutboxRoomComesWithTheWriter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := pbxtest.NewOutbox(4)
		for i := range 3 {
			require.NoError(t, o.AwaitRoom(t.Context()), "up to half full there is room")
			o.Push(fmt.Sprint(i))
		}
		done := make(chan error, 2)
		for range cap(done) {
			go func() { done <- o.AwaitRoom(t.Context()) }()
		}
		synctest.Wait()
		require.Empty(t, done)
		o.Take()
		synctest.Wait()
		require.Len(t, done, 2)
		require.NoError(t, <-done)

		for range 3 {
			o.Push("x")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, o.AwaitRoom(ctx), context.Canceled)
	})
}
