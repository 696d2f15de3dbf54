package graph_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
)

// A list of a hundred pages, of which begun anew seven out of eight would fail.
func TestPeopleAreListedInOneGo(t *testing.T) {
	t.Parallel()
	faults := 0
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			g, c, odds, failed := newTenant(t), &bigTenant{size: 1000, page: 10}, rand.New(rand.NewPCG(seed, 0)), 0
			g.failing(func(r call) *http.Response {
				if odds.Float64() < 0.02 {
					failed++
					return reply(500, "")
				}
				return c.answer(r)
			})
			begin := time.Now()
			people, err := g.client().People(t.Context())
			require.NoError(t, err)
			require.Len(t, people, 10)
			require.Equal(t, 100+failed, g.count("GET /users"), "a call more for each that failed")
			require.LessOrEqual(t, time.Since(begin), time.Duration(failed)*2*time.Second, "a pause of a second or so after each")
			faults += failed
		})
	}
	require.InDelta(t, 20, faults, 15, "the test has tested something")
}

func TestAPageIsAskedForAgainWhereThatMayHelp(t *testing.T) {
	t.Parallel()
	answer := func(status int, code string, headers ...string) func() (*http.Response, error) {
		return func() (*http.Response, error) { return reply(status, `{"error":{"code":"`+code+`"}}`, headers...), nil }
	}
	tests := map[string]struct {
		answer func() (*http.Response, error)
		calls  int
	}{
		"out of order":                {answer(500, "x"), 4},
		"a proxy that is":             {func() (*http.Response, error) { return reply(502, "<html>", "Content-Type", "text/html"), nil }, 4},
		"no route":                    {func() (*http.Response, error) { return nil, errors.New("no route to host") }, 4},
		"throttled for half a minute": {answer(429, "TooManyRequests", "Retry-After", "30"), 4},
		"throttled for two":           {answer(429, "TooManyRequests", "Retry-After", "120"), 1},
		"out of order for an hour":    {answer(503, "x", "Retry-After", "3600"), 1},
		"refused":                     {answer(403, "Authorization_RequestDenied"), 1},
		"not understood":              {answer(400, "BadRequest"), 1},
		"forgotten":                   {answer(410, "syncStateNotFound"), 1},
		"no list":                     {func() (*http.Response, error) { return reply(200, "{}"), nil }, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				calls := 0
				c, err := graph.New(signedIn{}, graph.Options{Endpoint: endpoint, Transport: roundTrip(func(*http.Request) (*http.Response, error) {
					calls++
					return test.answer()
				})})
				require.NoError(t, err)
				for _, list := range []func(context.Context) error{
					func(ctx context.Context) error { _, err := c.People(ctx); return err },
					func(ctx context.Context) error { _, err := c.PeopleSince(ctx, endpoint+"/users/delta?x"); return err },
				} {
					begin := time.Now()
					calls = 0
					require.Error(t, list(t.Context()))
					require.Equal(t, test.calls, calls)
					require.LessOrEqual(t, time.Since(begin), 5*time.Minute)
					pass(time.Hour)
				}
			})
		})
	}
}

func TestAPageOfSomebodyWhoIsNotSignedInIsAskedForOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cred := &refused{err: errors.New("connection refused")}
		c, err := graph.New(cred, graph.Options{Endpoint: endpoint, Transport: newTenant(t)})
		require.NoError(t, err)
		_, err = c.People(t.Context())
		require.Error(t, err)
		require.Equal(t, 1, cred.tries)
	})
}

func TestThePauseOfAPageEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTenant(t)
		g.failing(func(call) *http.Response { return reply(500, "") })
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		begin := time.Now()
		_, err := g.client().People(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "list people")
		require.Equal(t, 100*time.Millisecond, time.Since(begin))
		require.Equal(t, 1, g.count("GET /users"))
	})
}
