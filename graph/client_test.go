package graph_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/presence"
)

const user = "fa8bf3dc-eca7-46b7-bad1-db199b62afc3"

func TestNewRefusesUnusableEndpoints(t *testing.T) {
	t.Parallel()
	for name, endpoint := range map[string]string{
		"not encrypted": "http://graph.microsoft.com/v1.0",
		"no host":       "/v1.0",
		"no URL":        "https://graph.microsoft.com:port",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := graph.New(signedIn{}, graph.Options{Endpoint: endpoint})
			require.ErrorContains(t, err, "endpoint")
		})
	}
	_, err := graph.New(nil, graph.Options{})
	require.ErrorContains(t, err, "credential")
}

func TestErrors(t *testing.T) {
	t.Parallel()
	const body = `{"error":{"code":"Forbidden","message":"secret words of the server"}}`
	tests := map[string]struct {
		answer  func() *http.Response
		write   bool
		status  int
		code    string
		refused bool
		advice  string
	}{
		"bad request": {
			answer: func() *http.Response { return reply(400, `{"error":{"code":"BadRequest","message":"m"}}`) },
			write:  true, status: 400, code: "BadRequest", refused: true,
		},
		"write without permission": {
			answer: func() *http.Response { return reply(403, body, "request-id", "abc-1") },
			write:  true, status: 403, code: "Forbidden", refused: true, advice: "Presence.ReadWrite.All",
		},
		"read without permission": {
			answer: func() *http.Response { return reply(403, body) },
			status: 403, code: "Forbidden", refused: true, advice: "Presence.Read.All",
		},
		"write with a user's token": {
			answer: func() *http.Response { return reply(401, body) },
			write:  true, status: 401, code: "Forbidden", refused: true, advice: "application's sign-in",
		},
		"write with a token that is not accepted": {
			answer: func() *http.Response { return reply(401, `{"error":{"code":"InvalidAuthenticationToken"}}`) },
			write:  true, status: 401, code: "InvalidAuthenticationToken", advice: "tenant",
		},
		"forbidden for a while": {
			answer: func() *http.Response { return reply(403, body, "Retry-After", "30") },
			write:  true, status: 403, code: "Forbidden",
		},
		"throttled with another status": {
			answer: func() *http.Response { return reply(400, `{"error":{"code":"TooManyRequests"}}`) },
			write:  true, status: 400, code: "TooManyRequests",
		},
		"read with a token that is not accepted": {
			answer: func() *http.Response { return reply(401, body) },
			status: 401, code: "Forbidden", advice: "tenant",
		},
		"nobody of that name": {
			answer: func() *http.Response { return reply(404, `{"error":{"code":"NotFound"}}`) },
			write:  true, status: 404, code: "NotFound", refused: true,
		},
		"server error": {
			answer: func() *http.Response { return reply(500, body) },
			write:  true, status: 500, code: "Forbidden",
		},
		"empty body": {
			answer: func() *http.Response { return reply(502, "") },
			write:  true, status: 502,
		},
		"page of a proxy": {
			answer: func() *http.Response {
				return reply(502, "<html>secret words</html>", "Content-Type", "text/html")
			},
			write: true, status: 502, code: "NotGraph", advice: "proxy",
		},
		"page of a proxy that forbids": {
			answer: func() *http.Response {
				return reply(403, "<html>secret words</html>", "Content-Type", "text/html")
			},
			write: true, status: 403, code: "NotGraph", advice: "proxy",
		},
		"page of a proxy that finds nothing": {
			answer: func() *http.Response {
				return reply(404, "<html>secret words</html>", "Content-Type", "text/html")
			},
			write: true, status: 404, code: "NotGraph", advice: "proxy",
		},
		"page of a proxy that claims success": {
			answer: func() *http.Response {
				return reply(200, "<html>secret words</html>", "Content-Type", "text/html")
			},
			status: 502, code: "NotGraph", advice: "proxy",
		},
		"code that is none": {
			answer: func() *http.Response { return reply(500, `{"error":{"code":"a\nb <script>"}}`) },
			status: 500, code: "abscript",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newTenant(t)
			g.failing(func(call) *http.Response { return test.answer() })
			var err error
			if test.write {
				err = g.client().SetSession(t.Context(), user, teams("Busy"), time.Hour)
			} else {
				_, err = g.client().Presences(t.Context(), []string{user})
			}
			var e *graph.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, test.status, e.Status)
			require.Equal(t, test.code, e.Code)
			require.Equal(t, test.refused, errors.Is(err, presence.ErrRefused))
			require.NotContains(t, err.Error(), "secret")
			if test.advice == "" {
				require.Empty(t, presence.Advice(err))
			} else {
				require.Contains(t, presence.Advice(err), test.advice)
			}
		})
	}
}

func TestErrorNamesTheRequest(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	g.failing(func(call) *http.Response {
		return reply(403, `{"error":{"code":"Forbidden"}}`, "request-id", "7c1f-2")
	})
	err := g.client().ClearPreferred(t.Context(), user)
	require.EqualError(t, err, "clear preferred presence: Graph answered 403 Forbidden (request 7c1f-2)")
}

type broken struct{}

func (broken) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("no route to host")
}

func TestNetworkErrorIsWorthAnotherTry(t *testing.T) {
	t.Parallel()
	c, err := graph.New(signedIn{}, graph.Options{Endpoint: endpoint, Transport: broken{}})
	require.NoError(t, err)
	err = c.ClearPreferred(t.Context(), user)
	require.EqualError(t, err, "clear preferred presence: no route to host")
	require.NotErrorIs(t, err, presence.ErrRefused)
}

func TestSuccessOfAWriteNeedsNoBody(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	g.failing(func(call) *http.Response {
		resp := reply(200, "OK", "Content-Type", "text/plain")
		resp.ContentLength = -1
		return resp
	})
	c := g.client()
	require.NoError(t, c.SetSession(t.Context(), user, teams("Busy"), time.Hour))
	require.NoError(t, c.ClearSession(t.Context(), user))
	require.NoError(t, c.Unsubscribe(t.Context(), "s1"))
	_, err := c.Look(t.Context(), user)
	require.ErrorContains(t, err, "502 NotGraph", "what is read has a body")
}

func TestOnlyGraphSaysThatNothingIsThere(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	c := g.client()
	g.failing(func(call) *http.Response { return reply(404, `{"error":{"code":"NotFound"}}`) })
	require.NoError(t, c.ClearSession(t.Context(), user))
	require.NoError(t, c.Unsubscribe(t.Context(), "s1"))
	g.failing(func(call) *http.Response { return reply(404, "<html>", "Content-Type", "text/html") })
	require.ErrorContains(t, c.ClearSession(t.Context(), user), "404 NotGraph")
	require.ErrorContains(t, c.Unsubscribe(t.Context(), "s1"), "404 NotGraph")
}

func TestThrottleIsSharedByClients(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		throttled, other := newTenant(t), newTenant(t)
		throttled.failing(func(call) *http.Response {
			return reply(429, `{"error":{"code":"TooManyRequests"}}`, "Retry-After", "60")
		})
		var shared graph.Throttle
		client := func(g *tenant, throttle *graph.Throttle) *graph.Client {
			c, err := graph.New(signedIn{}, graph.Options{Endpoint: endpoint, Transport: g, Throttle: throttle})
			require.NoError(t, err)
			return c
		}
		start := time.Now()
		require.Error(t, client(throttled, &shared).ClearPreferred(t.Context(), user))
		require.NoError(t, client(other, nil).ClearPreferred(t.Context(), user))
		require.Zero(t, time.Since(start), "a Client of another application")
		require.NoError(t, client(other, &shared).ClearPreferred(t.Context(), user))
		require.Equal(t, time.Minute, time.Since(start))
	})
}

func TestThrottlingHoldsTheWholeClient(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTenant(t)
		c, start := g.client(), time.Now()
		throttled := false
		g.failing(func(call) *http.Response {
			if throttled {
				return nil
			}
			throttled = true
			return reply(429, `{"error":{"code":"TooManyRequests"}}`, "Retry-After", "10")
		})
		first := make(chan time.Duration)
		go func() {
			require.NoError(t, c.SetPreferred(t.Context(), user, teams("Away"), time.Hour))
			first <- time.Since(start)
		}()
		synctest.Wait()
		require.NoError(t, c.ClearPreferred(t.Context(), user))
		require.Equal(t, 10*time.Second, time.Since(start))
		require.Equal(t, 10*time.Second, <-first)
	})
}

func TestLongThrottlingIsReportedAndHolds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTenant(t)
		c := g.client()
		g.failing(func(call) *http.Response {
			return reply(429, `{"error":{"code":"TooManyRequests"}}`, "Retry-After", "300")
		})
		err := c.ClearPreferred(t.Context(), user)
		var e *graph.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, 5*time.Minute, e.RetryAfter)
		require.NotErrorIs(t, err, presence.ErrRefused)
		require.Equal(t, 1, g.count("POST"))

		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err = c.ClearPreferred(ctx, user)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "throttled")
		require.Equal(t, 1, g.count("POST"))

		g.failing(nil)
		require.NoError(t, c.ClearPreferred(t.Context(), user))
		require.Equal(t, 2, g.count("POST"))
	})
}

func TestRetryWaitsEndWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTenant(t)
		g.failing(func(call) *http.Response { return reply(503, "", "Retry-After", "15") })
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		start := time.Now()
		err := g.client().ClearPreferred(ctx, user)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 2*time.Second, time.Since(start))
	})
}

func TestRetriedBodyIsComplete(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTenant(t)
		g.failing(func(c call) *http.Response {
			if g.count("setPresence") < 3 {
				return reply(504, "")
			}
			return nil
		})
		require.NoError(t, g.client().SetSession(t.Context(), user, teams("Away"), time.Hour))
		require.Equal(t, 3, g.count("setPresence"))
		c := g.last("setPresence")
		require.Contains(t, c.Body, "expirationDuration")
		require.Empty(t, c.Header.Get("Content-Encoding"))
	})
}

func TestTokenIsNotSentToOtherHosts(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	g.failing(func(c call) *http.Response {
		if c.Query == "" {
			return nil
		}
		return reply(200, `{"value":[],"@odata.nextLink":"http://elsewhere.example/v1.0/users"}`)
	})
	_, err := g.client().People(t.Context())
	require.NoError(t, err)
	require.Empty(t, g.last("GET /users").Header.Get("Authorization"))
}

type endless struct{}

func (endless) RoundTrip(*http.Request) (*http.Response, error) {
	resp := reply(200, "x")
	resp.Body, resp.ContentLength = io.NopCloser(zeros{}), -1
	return resp, nil
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return copy(p, strings.Repeat(" ", len(p))), nil }

func TestEndlessAnswerIsCutOff(t *testing.T) {
	t.Parallel()
	c, err := graph.New(signedIn{}, graph.Options{Endpoint: endpoint, Transport: endless{}})
	require.NoError(t, err)
	_, err = c.Presences(t.Context(), []string{user})
	require.ErrorContains(t, err, "too long")
}

func TestHealthIsTheLightOfTheSignIn(t *testing.T) {
	t.Parallel()
	cred := &refused{err: aadsts(7000222)}
	c, err := graph.New(cred, graph.Options{Endpoint: endpoint, Transport: newTenant(t), Name: "application"})
	require.NoError(t, err)
	require.Equal(t, "application", c.Health().Name)
	require.Equal(t, presence.StateStarting, c.Health().State)
	_, err = c.People(t.Context())
	require.Error(t, err)
	require.Equal(t, presence.StateFailed, c.Health().State)
	require.Contains(t, c.Health().Todo, "expired")
}
