package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestThePageOfAPerson(t *testing.T) {
	t.Parallel()
	s := asked(t, "sweep")
	s.tenant.Show(s.cast.anna.id, "Busy", "InAMeeting")
	s.untilAsked(t, "anna.mueller", "PBX shows meeting since", "stands since")
	answer := s.get(t, "/people/anna.mueller", "text/html")
	require.Equal(t, http.StatusOK, answer.Code)
	require.Equal(t, "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'", answer.Header().Get("Content-Security-Policy"))
	page := answer.Body.String()
	for _, want := range []string{
		"<h1>Anna Müller</h1>", "Teams changed [to_pbx: InAMeeting → meeting]. PBX: activity meeting, done in",
		"the sides show the same", "nothing but a change", `<meta http-equiv="refresh"`,
	} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "<script")
	require.NotContains(t, page, "<form", "what is being typed would be thrown away")

	answer = s.get(t, "/people/"+url.PathEscape("Anna Müller"), "application/json")
	require.Equal(t, "application/json", answer.Header().Get("Content-Type"))
	var e map[string]any
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &e))
	require.Equal(t, "anna.mueller", e["name"])
}

func TestAskingForAPerson(t *testing.T) {
	t.Parallel()
	s := asked(t, "sweep")
	page := s.get(t, "/people", "text/html").Body.String()
	require.Contains(t, page, `<form action="/people">`)
	require.Contains(t, page, `<a href="/people/anna.mueller">anna.mueller</a>`)
	require.Contains(t, page, `<a href="/people/ute">ute</a>`)
	require.Contains(t, page, "alex1, alex2 could be")
	require.NotContains(t, page, `http-equiv="refresh"`)
	require.Contains(t, s.get(t, "/status", "text/html").Body.String(), `<a href="/people">`)

	answer := s.get(t, "/people?name="+url.QueryEscape(" Anna/Müller? "), "text/html")
	require.Equal(t, http.StatusSeeOther, answer.Code)
	require.Equal(t, "/people/Anna%2FM%C3%BCller%3F", answer.Header().Get("Location"))

	for name, c := range map[string]struct {
		code int
		want string
	}{
		"ute":                       {http.StatusConflict, "does not hold the licence"},
		"Jörg Schmidt":              {http.StatusConflict, `<a href="/people/joerg.schmidt2">joerg.schmidt2</a>`},
		"ana.mueller":               {http.StatusNotFound, `<a href="/people/anna.mueller">anna.mueller</a>`},
		"<script>alert(1)</script>": {http.StatusNotFound, "&lt;script&gt;"},
		"a/b":                       {http.StatusNotFound, "nobody is called"},
	} {
		answer := s.get(t, "/people/"+url.PathEscape(name), "text/html")
		require.Equal(t, c.code, answer.Code, name)
		require.Contains(t, answer.Body.String(), c.want, name)
		require.NotContains(t, answer.Body.String(), "<script", name)
		require.Contains(t, answer.Body.String(), "<form", name)
		answer = s.get(t, "/people/"+url.PathEscape(name), "application/json")
		require.Equal(t, c.code, answer.Code, name)
		var p problem
		require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &p), name)
		require.NotEmpty(t, p.Reason, name)
	}
}

func TestTheStatusPageLeadsToWhoIsInTrouble(t *testing.T) {
	t.Parallel()
	s := asked(t, "sweep")
	s.tenant.Fault(graphtest.Answer{Route: graphtest.RouteSetPresence, User: s.cast.ben.id, Status: 403})
	call, err := s.system.StartCall(s.cast.ben.guid, pbxtest.CallOptions{Incoming: true, Remote: "201"})
	require.NoError(t, err)
	call.Connect()
	s.until(t, func(st status) bool {
		return len(st.Bridge.Failing) == 1 && len(st.Bridge.Hidden) == 1 && st.Bridge.Drift.OutOfStep == 0
	})
	page := s.get(t, "/status", "text/html").Body.String()
	require.Equal(t, 2, strings.Count(page, `<a href="/people/ben">ben</a>`), "hidden and failing")
}

func TestNobodyIsExplainedWhileTheListsAreIncomplete(t *testing.T) {
	t.Parallel()
	s := running(t, "sweep", map[string]any{"pbx-password": "another"}, nil)
	answer := s.get(t, "/people/anna.mueller", "application/json")
	require.Equal(t, http.StatusServiceUnavailable, answer.Code)
	require.Contains(t, answer.Body.String(), `"reason": "starting"`)
}
