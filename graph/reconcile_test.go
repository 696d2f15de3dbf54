package graph_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/presence"
)

func TestPushRepairsALostNotification(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ every, within time.Duration }{
		"by default": {within: 5 * time.Minute},
		"as wanted":  {every: 20 * time.Second, within: 20 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPushing(t, graph.PushOptions{ReconcileEvery: test.every})
				p.show("aa", "Available")
				p.push.Watch([]string{"aa"})
				defer p.start()()
				pass(time.Second)
				require.Equal(t, []string{"aa Available"}, p.seen.take())

				p.show("aa", "Busy")
				pass(test.within - 2*time.Second)
				require.Empty(t, p.seen.take(), "nobody has said so")
				pass(2 * time.Second)
				require.Equal(t, []string{"aa Busy"}, p.seen.take())
				require.Equal(t, 1, p.count("POST /subscriptions"))
			})
		})
	}
}

func TestPushReadsThoseItDoesNotCover(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		users := crowd(651)
		last := users[650]
		p.push.Watch(users)
		defer p.start()()
		pass(time.Second)
		require.Contains(t, p.seen.take(), last+" PresenceUnknown")

		p.show(last, "Busy")
		pass(5 * time.Minute)
		require.Equal(t, []string{last + " Busy"}, p.seen.take())

		p.push.Watch(append(users[:650:650], "new"))
		pass(time.Second)
		require.Equal(t, []string{"new PresenceUnknown"}, p.seen.take())
		require.Equal(t, []string{"sub-1"}, p.ids(), "those who are covered are the same")
	})
}

func TestPushSweepsWhileThereIsNoSubscription(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{ReconcileEvery: time.Hour, RenewEvery: 10 * time.Minute})
		refuse := func(c call) *http.Response {
			if c.String() == "POST /subscriptions" {
				return reply(500, `{"error":{"code":"ExtensionError"}}`)
			}
			return nil
		}
		p.failing(refuse)
		p.push.Watch([]string{"aa"})
		defer p.start()()
		pass(time.Hour)
		require.Equal(t, presence.StateFailed, p.push.Health().State)
		p.seen.take()
		p.show("aa", "Busy")
		pass(time.Second)
		require.Equal(t, []string{"aa Busy"}, p.seen.take())

		p.failing(nil)
		pass(3 * time.Minute)
		require.Equal(t, presence.StateOK, p.push.Health().State)
		reads := p.count("getPresences")
		pass(3 * time.Hour)
		require.Equal(t, 3, p.count("getPresences")-reads, "it has become slow")

		p.failing(refuse)
		p.vanish()
		pass(10 * time.Minute) // the renewal finds out
		p.show("aa", "Away")
		pass(time.Second)
		require.Equal(t, []string{"aa Away"}, p.seen.take(), "it has become fast again")
	})
}
