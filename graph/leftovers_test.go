package graph_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/store"
)

func TestPushDeletesTheSubscriptionOfAUserWithoutPeople(t *testing.T) {
	t.Parallel()
	inTown(t, 2, 20, graphtest.Options{}, easy, func(t *testing.T, w *town) {
		stop := w.start()
		pass(time.Minute)
		stop()
		require.Len(t, w.Subscriptions(), 2)
		kept := w.record(0).Members
		w.people = slices.DeleteFunc(w.people, func(id string) bool { return !slices.Contains(kept, strings.ToLower(id)) })

		defer w.start()()
		pass(time.Minute)
		require.Len(t, w.Subscriptions(), 1)
		require.Equal(t, presence.StateOff, w.push.Lights()[2].State)
		_, err := w.records.Subscription(t.Context(), "presence/"+w.users[1])
		require.ErrorIs(t, err, store.ErrNotFound)
		require.Equal(t, kept, w.record(0).Members)
		asked := w.Tally()[graphtest.RouteSubscriptions].Asked
		pass(time.Hour)
		require.Equal(t, asked, w.Tally()[graphtest.RouteSubscriptions].Asked, "there is nothing more to delete")
	})
}

// What a communication user has left behind who is not among the users any more.
func TestPushForgetsACommunicationUser(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	o := graph.PushOptions{Sweep: easy.Sweep, Logger: slog.New(slog.NewTextHandler(&log, nil))}
	inTown(t, 3, 1200, graphtest.Options{}, o, func(t *testing.T, w *town) {
		stop := w.start()
		pass(time.Minute)
		stop()
		gone, left := w.users[2], w.record(2)
		w.users = w.users[:2]
		other, err := w.records.PutSubscription(t.Context(), store.Subscription{Name: "users"})
		require.NoError(t, err)

		stop = w.start()
		pass(time.Minute)
		require.Empty(t, w.push.Uncovered(), "its people go elsewhere")
		require.Len(t, append(w.record(0).Members, w.record(1).Members...), 1200)
		require.Equal(t, 1, strings.Count(log.String(), "ends by itself"))
		require.Contains(t, log.String(), "user="+gone)
		require.Len(t, w.Subscriptions(), 3)
		record, err := w.records.Subscription(t.Context(), left.Name)
		require.NoError(t, err, "somebody may still want to know of it")
		require.Equal(t, left, record)
		stop()

		pass(time.Hour)
		defer w.start()()
		pass(time.Minute)
		require.Len(t, w.Subscriptions(), 2)
		_, err = w.records.Subscription(t.Context(), left.Name)
		require.ErrorIs(t, err, store.ErrNotFound)
		require.Equal(t, 1, strings.Count(log.String(), "ends by itself"))
		_, err = w.records.Subscription(t.Context(), other.Name)
		require.NoError(t, err, "that is no presence subscription")
	})
}

func TestPushTriesASignInAgainThatNeverWorked(t *testing.T) {
	t.Parallel()
	inTown(t, 2, 20, graphtest.Options{}, easy, func(t *testing.T, w *town) {
		w.FailSignIn(w.users[1], 50057)
		defer w.start()()
		pass(time.Hour)
		require.Empty(t, w.push.Uncovered())
		require.Equal(t, presence.StateFailed, w.push.Lights()[2].State, "there is nothing for it to do, and nobody may rely on it")
		w.FailSignIn(w.users[1], 0)
		pass(20 * time.Minute)
		require.Equal(t, presence.StateOff, w.push.Lights()[2].State)
		require.Len(t, w.record(0).Members, 20)
	})
}
