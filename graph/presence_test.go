package graph_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/presence"
)

func TestPresencesKeepsTheOrderAndSpellingOfTheCaller(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	g.show("aa", "InACall")
	g.show("bb", "Focusing")
	got, err := g.client().Presences(t.Context(), []string{"BB", "cc", "aa", "aa"})
	require.NoError(t, err)
	require.Len(t, got, 4)
	require.Equal(t, "BB", got[0].User)
	require.Equal(t, teams("Focusing"), got[0].Seen.Value)
	require.Equal(t, "A00000002", got[0].Seen.Sequence)
	require.WithinDuration(t, time.Now(), got[0].Seen.At, time.Minute)
	require.Equal(t, teams("PresenceUnknown"), got[1].Seen.Value)
	require.Equal(t, teams("InACall"), got[2].Seen.Value)
	require.Equal(t, got[2], got[3])
}

func TestPresencesOfNobodyAsksNobody(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	got, err := g.client().Presences(t.Context(), nil)
	require.NoError(t, err)
	require.Empty(t, got)
	require.Zero(t, g.count("getPresences"))
}

func TestLookReadsOnePerson(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	g.show("aa", "InACall")
	got, err := g.client().Look(t.Context(), "AA")
	require.NoError(t, err)
	require.Equal(t, teams("InACall"), got.Value)
	got, err = g.client().Look(t.Context(), "bb")
	require.NoError(t, err)
	require.Equal(t, teams("PresenceUnknown"), got.Value)
	g.failing(func(call) *http.Response { return reply(500, "") })
	_, err = g.client().Look(t.Context(), "aa")
	require.ErrorContains(t, err, "read presence")
}

func TestPresencesReturnsWhatCouldBeRead(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	users := crowd(1500)
	g.failing(func(c call) *http.Response {
		if strings.Contains(c.Body, users[700]) {
			return reply(500, `{"error":{"code":"InternalServerError"}}`)
		}
		return nil
	})
	got, err := g.client().Presences(t.Context(), users)
	var e *graph.Error
	require.ErrorAs(t, err, &e)
	require.Len(t, got, 1500-650)
	require.Equal(t, 3, g.count("getPresences"))
	require.Equal(t, users[1299+1], got[650].User)
}

func TestPresencesRefusesAnAnswerThatIsNone(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"cut off": `{"value":[{"id":"x"`, "other type": `{"value":"x"}`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newTenant(t)
			g.failing(func(call) *http.Response { return reply(200, body) })
			got, err := g.client().Presences(t.Context(), []string{user})
			require.ErrorContains(t, err, "read presence")
			require.Empty(t, got)
		})
	}
}

func TestWritesOnTheWire(t *testing.T) {
	t.Parallel()
	inACall := presence.Teams{Availability: "Busy", Activity: "InACall"}
	tests := map[string]struct {
		write func(*graph.Client) error
		path  string
		body  string
	}{
		"set session": {
			write: func(c *graph.Client) error { return c.SetSession(t.Context(), user, inACall, 90*time.Minute) },
			path:  "setPresence",
			body:  `{"sessionId":"` + appID + `","availability":"Busy","activity":"InACall","expirationDuration":"PT1H30M"}`,
		},
		"clear session": {
			write: func(c *graph.Client) error { return c.ClearSession(t.Context(), user) },
			path:  "clearPresence",
			body:  `{"sessionId":"` + appID + `"}`,
		},
		"set preferred for a week": {
			write: func(c *graph.Client) error {
				return c.SetPreferred(t.Context(), user, teams("Away"), 7*24*time.Hour)
			},
			path: "setUserPreferredPresence",
			body: `{"availability":"Away","activity":"Away","expirationDuration":"P7D"}`,
		},
		"set preferred for an odd time": {
			write: func(c *graph.Client) error {
				return c.SetPreferred(t.Context(), user, teams("Busy"), 26*time.Hour+3*time.Second+400*time.Millisecond)
			},
			path: "setUserPreferredPresence",
			body: `{"availability":"Busy","activity":"Busy","expirationDuration":"P1DT2H3S"}`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newTenant(t)
			require.NoError(t, test.write(g.client()))
			c := g.last("POST")
			require.Equal(t, "/users/"+user+"/presence/"+test.path, c.Path)
			require.JSONEq(t, test.body, c.Body)
			require.Equal(t, "Bearer token", c.Header.Get("Authorization"))
		})
	}
	t.Run("clear preferred", func(t *testing.T) {
		t.Parallel()
		g := newTenant(t)
		require.NoError(t, g.client().ClearPreferred(t.Context(), user))
		require.Equal(t, "/users/"+user+"/presence/clearUserPreferredPresence", g.last("POST").Path)
	})
}

func TestClearSessionWithoutASessionSucceeds(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	g.failing(func(call) *http.Response { return reply(404, `{"error":{"code":"NotFound"}}`) })
	require.NoError(t, g.client().ClearSession(t.Context(), user))
	require.ErrorIs(t, g.client().ClearPreferred(t.Context(), user), presence.ErrRefused)
}

func TestLifetimeMustBePositive(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	require.ErrorContains(t, g.client().SetSession(t.Context(), user, teams("Away"), 0), "too short")
	require.ErrorContains(t, g.client().SetPreferred(t.Context(), user, teams("Away"), -time.Hour), "too short")
	require.Zero(t, g.count("POST"))
}

func TestPresencesEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := newTenant(t)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		g.failing(func(call) *http.Response { return reply(503, "") })
		_, err := g.client().Presences(ctx, crowd(2000))
		require.ErrorIs(t, err, ctx.Err())
		require.Equal(t, 1, g.count("getPresences"))
	})
}

func crowd(n int) []string {
	users := make([]string, n)
	for i := range users {
		users[i] = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
	}
	return users
}
