package graph_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/presence"
)

// refusing answers creations with any of these people as Graph does where one is deleted.
func refusing(users ...string) func(call) *http.Response {
	return func(c call) *http.Response {
		for _, user := range users {
			if c.String() == "POST /subscriptions" && strings.Contains(c.Body, "'"+user+"'") {
				return reply(500, `{"error":{"code":"ExtensionError"}}`)
			}
		}
		return nil
	}
}

func TestPushLeavesOutTheOnlyPersonWhomGraphRefuses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, easy)
		p.failing(refusing("bb"))
		p.push.Watch([]string{"aa"})
		defer p.start()()
		pass(time.Minute)
		p.push.Watch([]string{"bb"})
		pass(5 * time.Minute)
		require.Equal(t, []string{"bb"}, p.push.Uncovered())
		require.Empty(t, p.ids(), "what showed that Graph creates others is deleted")
		require.Equal(t, presence.StateOff, p.push.Lights()[1].State)
		asked := p.count("POST /subscriptions")
		pass(5 * time.Hour)
		require.Equal(t, asked, p.count("POST /subscriptions"))
		p.failing(nil)
		pass(time.Hour)
		require.Empty(t, p.push.Uncovered())
	})
}

// Without anybody whom Graph has ever taken it may as well be the times.
func TestPushBlamesNobodyWithoutEvidence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, easy)
		users := crowd(40)
		p.failing(refusing(users...))
		p.push.Watch(users)
		defer p.start()()
		pass(time.Hour)
		require.Equal(t, presence.StateFailed, p.push.Lights()[1].State)
		require.Less(t, p.count("POST /subscriptions"), 400)
		p.failing(nil)
		pass(3 * time.Minute)
		require.Empty(t, p.push.Uncovered(), "nobody had been left out")
	})
}

func TestPushLeavesOutAWholeShardThatGraphRefuses(t *testing.T) {
	t.Parallel()
	inTown(t, 2, 80, graphtest.Options{}, easy, func(t *testing.T, w *town) {
		defer w.start()()
		pass(time.Minute)
		refused := w.record(1).Members
		w.people = slices.DeleteFunc(w.people, func(id string) bool {
			return slices.Contains(w.record(0).Members[2:], strings.ToLower(id))
		})
		w.push.Watch(w.people)
		pass(time.Minute)
		for _, id := range refused {
			w.RemoveUser(id)
		}
		w.Vanish(w.record(1).ID)
		pass(50 * time.Minute) // the renewal finds out
		require.ElementsMatch(t, refused, w.push.Uncovered())
		require.Len(t, w.Subscriptions(), 1)
		require.Len(t, w.record(0).Members, 2, "they show that Graph creates others")
		require.Equal(t, presence.StateOff, w.push.Lights()[2].State)
		asked := w.Tally()[graphtest.RouteSubscribe].Asked
		require.Less(t, asked, 160, "three for each of them, and some")
		pass(5 * time.Hour)
		require.Equal(t, asked, w.Tally()[graphtest.RouteSubscribe].Asked)
		w.learns(w.member(0), "Busy", time.Second)
	})
}

// Another shard that is alive does not make an outage the fault of people.
func TestPushTakesAnOutageOfCreationsForWhatItIs(t *testing.T) {
	t.Parallel()
	inTown(t, 2, 80, graphtest.Options{}, easy, func(t *testing.T, w *town) {
		defer w.start()()
		pass(time.Minute)
		end := w.Fault(graphtest.Answer{Route: graphtest.RouteSubscribe, Status: 500})
		w.Vanish(w.record(1).ID)
		pass(3 * time.Hour)
		require.Equal(t, presence.StateFailed, w.push.Lights()[2].State)
		end()
		pass(3 * time.Minute)
		require.Empty(t, w.push.Uncovered(), "nobody had been left out")
		require.Len(t, w.record(1).Members, 40)
	})
}
