package graph_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/store"
)

func TestKeeperReauthorizesUntilItSucceeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		p.push.Watch([]string{"aa"})
		defer p.start()()
		pass(time.Second)
		p.failing(func(c call) *http.Response {
			if c.Method == "PATCH" && p.count("PATCH") <= 2 {
				return reply(500, `{"error":{"code":"ExtensionError"}}`)
			}
			return nil
		})
		p.lifecycle("reauthorizationRequired")
		pass(0)
		require.Equal(t, 1, p.count("PATCH"))
		require.Equal(t, presence.StateFailed, p.push.Health().State)
		pass(10 * time.Second)
		require.Equal(t, 3, p.count("PATCH"))
		require.Equal(t, presence.StateOK, p.push.Health().State)
	})
}

func TestKeeperHoldsOnWhenAProxyFindsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{RenewEvery: 10 * time.Minute})
		p.push.Watch([]string{"aa"})
		defer p.start()()
		pass(time.Second)
		listed := p.count("GET /subscriptions")
		p.failing(func(c call) *http.Response {
			if c.Method == "PATCH" && p.count("PATCH") == 1 {
				return reply(404, "<html>", "Content-Type", "text/html")
			}
			return nil
		})
		pass(11 * time.Minute)
		require.Equal(t, 2, p.count("PATCH"))
		require.Equal(t, 1, p.count("POST /subscriptions"))
		require.Equal(t, listed, p.count("GET /subscriptions"), "nothing is taken for gone")
	})
}

func TestKeeperLooksBeforeItCreatesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		p.failing(func(c call) *http.Response {
			if c.Method == "POST" && p.count("POST /subscriptions") == 1 {
				return reply(504, "")
			}
			return nil
		})
		p.push.Watch([]string{"aa"})
		defer p.start()()
		pass(100 * time.Millisecond)
		require.Equal(t, 1, p.count("POST /subscriptions"), "it may have been created")
		listed := p.count("GET /subscriptions")
		pass(time.Minute)
		require.Equal(t, 2, p.count("POST /subscriptions"))
		require.Greater(t, p.count("GET /subscriptions"), listed)
	})
}

func TestKeeperReleasesWithoutItsRecord(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		p.push.Watch([]string{"aa"})
		defer p.start()()
		pass(time.Second)
		r := p.record()
		require.NoError(t, p.records.DeleteSubscription(t.Context(), r.Name, r.Revision))

		p.push.Watch(nil)
		pass(2 * time.Hour) // would not end if it were busy
		require.Empty(t, p.ids())
		require.Equal(t, presence.StateOff, p.push.Lights()[1].State)
		_, err := p.records.Subscription(t.Context(), r.Name)
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestKeeperSiftsInSpiteOfWhatDeletionsDo(t *testing.T) {
	t.Parallel()
	users := crowd(100)
	refused := func(c call) *http.Response {
		if c.String() == "POST /subscriptions" && strings.Contains(c.Body, users[42]+"'") {
			return reply(500, `{"error":{"code":"ExtensionError"}}`)
		}
		return nil
	}
	after := func(status int, within time.Duration) func() func(call) *http.Response {
		return func() func(call) *http.Response {
			var deleted time.Time
			return func(c call) *http.Response {
				switch {
				case c.Method == "DELETE":
					deleted = time.Now()
				case c.String() == "POST /subscriptions" && time.Since(deleted) < within:
					return reply(status, `{"error":{"code":"ExtensionError"}}`)
				}
				return refused(c)
			}
		}
	}
	every := func(method string, n, status int) func() func(call) *http.Response {
		return func() func(call) *http.Response {
			calls := 0
			return func(c call) *http.Response {
				if c.Method == method && strings.HasPrefix(c.Path, "/subscriptions") {
					if calls++; calls%n == 0 {
						return reply(status, `{"error":{"code":"ExtensionError"}}`)
					}
				}
				return refused(c)
			}
		}
	}
	for name, weather := range map[string]func() func(call) *http.Response{
		"409 right after":              after(409, time.Second),
		"409 for longer":               after(409, 9*time.Second),
		"500 right after":              after(500, time.Second),
		"some deletions fail":          every("DELETE", 2, 500),
		"some creations are not tried": every("POST", 5, 502),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPushing(t, easy)
				fail := weather()
				var mu sync.Mutex
				p.failing(func(c call) *http.Response {
					mu.Lock()
					defer mu.Unlock()
					return fail(c)
				})
				p.push.Watch(users)
				defer p.start()()
				pass(10 * time.Minute)
				require.Equal(t, []string{users[42]}, p.push.Uncovered())
				require.Len(t, p.ids(), 1)
				require.Len(t, p.record().Members, 99)
				require.Less(t, p.count("POST /subscriptions"), 70)
			})
		})
	}
}

func TestKeeperBlamesNobodyForTheNotificationURL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, easy)
		p.answering(nil)
		p.push.Watch(crowd(650))
		defer p.start()()
		pass(time.Hour)
		require.Less(t, p.count("POST /subscriptions"), 60, "nobody is tried alone")
		require.Contains(t, p.push.Health().Todo, "notification URL")
	})
}

func TestKeeperWaitsForASlowCreation(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		ends bool // the program does meanwhile
		made int
	}{
		"while the program runs": {made: 1},
		"but not after its end":  {ends: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newPushing(t, easy)
				p.during(func(r *http.Request) error {
					if r.Method != "POST" || !strings.HasSuffix(r.URL.Path, "/subscriptions") {
						return nil
					}
					select {
					case <-time.After(time.Minute):
						return nil
					case <-r.Context().Done():
						return r.Context().Err()
					}
				})
				p.push.Watch([]string{"aa"})
				stop := p.start()
				pass(30 * time.Second)
				if begin := time.Now(); test.ends {
					stop()
					require.Equal(t, 20*time.Second, time.Since(begin), "a subscription that nobody knows of would live on")
				} else {
					pass(30*time.Second + time.Millisecond)
					require.Equal(t, presence.StateOK, p.push.Health().State)
					stop()
				}
				require.Len(t, p.ids(), test.made)
				require.Equal(t, 1, p.count("POST /subscriptions"))
			})
		})
	}
}
