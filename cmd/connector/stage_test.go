package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
	"github.com/pbx365/connector/presence"
)

// running returns a stage whose connector runs until the test ends.
func running(t *testing.T, feed string, keys map[string]any, sabotage func(*stage)) *stage {
	t.Helper()
	d, _ := testDemo(30 * time.Second)
	d.keys, d.sabotage = keys, sabotage
	s, err := newStage(t.Context(), feed, d.setting)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.close()) })
	require.NoError(t, s.startConnector())
	return s
}

// get asks the status page.
func (s *stage) get(t *testing.T, path, accept string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.Header.Set("Accept", accept)
	r.SetBasicAuth("anybody", s.connector.config.StatusPass.text)
	w := httptest.NewRecorder()
	s.connector.pages().ServeHTTP(w, r)
	return w
}

// until waits for a condition over the status of the connector.
func (s *stage) until(t *testing.T, cond func(status) bool) status {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), s.patience)
	defer cancel()
	for tick := time.NewTicker(5 * time.Millisecond); ; {
		if st := s.connector.status(); cond(st) {
			tick.Stop()
			return st
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			text, err := json.Marshal(s.connector.status())
			require.NoError(t, err)
			require.Fail(t, "the status never came", string(text))
		}
	}
}

func green(lights []presence.Health) bool {
	for _, l := range lights {
		if l.State != presence.StateOK {
			return false
		}
	}
	return true
}

func light(st status, name string) presence.Health {
	for _, l := range append(st.Lights, st.More...) {
		if l.Name == name {
			return l
		}
	}
	return presence.Health{}
}

func TestStatusShowsTheThreeLights(t *testing.T) {
	t.Parallel()
	for _, feed := range []string{"auto", "sweep"} {
		t.Run(feed, func(t *testing.T) {
			t.Parallel()
			s := running(t, feed, nil, nil)
			st := s.until(t, func(st status) bool { return green(st.Lights) && st.Bridge.Linked == 8 })
			require.Equal(t, []string{"master PBX", "authentication", "presence subscription"},
				[]string{st.Lights[0].Name, st.Lights[1].Name, st.Lights[2].Name})
			require.Equal(t, []string{"ute"}, st.People.Unlicensed)
			require.Contains(t, st.People.Ambiguous[0], "alex1")
			for _, l := range append(st.Lights, st.More...) {
				require.False(t, l.Since.IsZero(), l.Name)
			}
			require.Equal(t, http.StatusOK, s.get(t, "/readyz", "").Code)

			answer := s.get(t, "/status", "application/json")
			require.Equal(t, "application/json", answer.Header().Get("Content-Type"))
			require.True(t, json.Valid(answer.Body.Bytes()))
			people := s.get(t, "/people", "").Body.String()
			require.Contains(t, people, `"rule": "address"`)
			require.Contains(t, people, "reception")
			page := s.get(t, "/status", "text/html")
			require.Contains(t, page.Body.String(), "master PBX")
			for _, secret := range []string{demoSecret, demoPassword} {
				require.NotContains(t, answer.Body.String()+page.Body.String(), secret)
			}
		})
	}
}

func TestALightThatIsNotGreenSaysWhatToDo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keys     map[string]any
		sabotage func(*stage)
		light    string
		failure  string
		todo     string
		ready    bool
	}{
		"wrong client secret": {
			keys:  map[string]any{"graph-client-secret": "wrong"},
			light: "authentication", failure: "AADSTS7000215", todo: "client secret is wrong",
		},
		"the communication user must use MFA": {
			sabotage: func(s *stage) { s.tenant.RequireMFA(demoUser) },
			light:    "presence subscription", failure: "AADSTS50076", todo: "multi-factor", ready: true, // people are swept
		},
		"wrong password of the App object": {
			keys:  map[string]any{"pbx-password": "another"},
			light: "master PBX", failure: "digest", todo: "password", ready: true, // or no PBX would ever come
		},
		"the App object grants no user list": {
			keys:  map[string]any{"pbx-master": "elsewhere"},
			light: "master PBX", failure: "elsewhere", todo: "App object", ready: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := running(t, "auto", c.keys, c.sabotage)
			st := s.until(t, func(st status) bool {
				l := light(st, c.light)
				return l.State != presence.StateOK && strings.Contains(l.LastError+l.Detail, c.failure)
			})
			require.Contains(t, light(st, c.light).Todo, c.todo)
			if c.ready {
				require.Eventually(t, func() bool { return s.get(t, "/readyz", "").Code == http.StatusOK }, time.Minute, 10*time.Millisecond)
			} else {
				require.Equal(t, http.StatusServiceUnavailable, s.get(t, "/readyz", "").Code)
			}
			require.Contains(t, s.get(t, "/status", "text/html").Body.String(), c.todo)
		})
	}
}

func TestBadInputIsCountedAndTheRestGoesOn(t *testing.T) {
	t.Parallel()
	s := running(t, "auto", nil, nil)
	s.until(t, func(st status) bool { return green(st.Lights) })

	stranger := pbxtest.NewSystem("example.org").AddPBX(pbxtest.Options{
		Name: "stranger", Password: "wrong", AppURL: s.appURL, HTTPClient: s.trusting, MinBackoff: time.Hour,
	})
	pbxtest.Start(tb{t}, stranger)
	post := func(body string) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.publicURL+notifyPath, strings.NewReader(body))
		require.NoError(t, err)
		answer, err := s.tenant.Client().Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		require.Equal(t, http.StatusAccepted, answer.StatusCode, "a prober learns nothing")
	}
	id := s.tenant.Subscriptions()[0].ID
	post(`{"value":[{"subscriptionId":"` + id + `","clientState":"forged","changeType":"updated","resourceData":{"id":"` + s.cast.anna.id + `"}}]}`)
	post(`{"value":[{"subscriptionId":"somebody else's","clientState":"x","changeType":"updated"}]}`)
	post(`no JSON at all`)
	s.tenant.Show(s.cast.ben.id, "Busy", "Juggling")

	st := s.until(t, func(st status) bool {
		return st.Graph.Forged == 1 && st.Graph.Unknown == 1 && st.Graph.Unparsable == 1 &&
			st.PBX.RefusedLogins == 1 && st.Bridge.Unknown["Teams activity Juggling"] > 0
	})
	require.Empty(t, st.Bridge.Failing)
	s.tenant.Show(s.cast.anna.id, "Busy", "InAMeeting")
	require.True(t, s.await(t.Context(), func() bool { return s.pbxShows(s.cast.anna) == "meeting" }))
	require.Equal(t, "available", s.pbxShows(s.cast.ben))
}

// tb ends the stranger with the test, and lets it misbehave.
type tb struct{ *testing.T }

func (tb) Errorf(string, ...any) {}

func TestOnlyProbesNeedNoPassword(t *testing.T) {
	t.Parallel()
	s := asked(t, "sweep")
	for _, path := range []string{"/readyz", "/status", "/people", "/people/anna.mueller", "/", "/readyz/", "/elsewhere"} {
		for _, password := range []string{"", "wrong", "open sesame"} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
			r.SetBasicAuth("anybody", password)
			w := httptest.NewRecorder()
			s.connector.pages().ServeHTTP(w, r)
			require.Equal(t, path != "/readyz" && password != "open sesame", w.Code == http.StatusUnauthorized, "%s with %q", path, password)
		}
	}
}

func TestProbesLearnNothingButReadyOrNotWithoutThePassword(t *testing.T) {
	t.Parallel()
	s := running(t, "sweep", map[string]any{"graph-client-secret": "wrong", "status-password": "open sesame"}, nil)
	s.until(t, func(st status) bool { return light(st, "authentication").State == presence.StateFailed })
	require.Equal(t, http.StatusServiceUnavailable, s.get(t, "/readyz", "").Code)
	require.Equal(t, "not ready\n", s.probe(t, "wrong"))
	require.Regexp(t, "^not ready\nmaster PBX: .*\nauthentication: failed: .*\n", s.probe(t, "open sesame"))

	s = running(t, "sweep", map[string]any{"status-password": "open sesame"}, nil)
	s.until(t, func(st status) bool { return green(st.Lights) })
	require.Equal(t, http.StatusOK, s.get(t, "/readyz", "").Code)
	require.Equal(t, "ready\n", s.probe(t, ""))
	require.Regexp(t, "^ready\nmaster PBX: ok.*\nauthentication: ok.*\n", s.probe(t, "open sesame"))
}

// probe asks whether the service is ready.
func (s *stage) probe(t *testing.T, password string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil)
	r.SetBasicAuth("anybody", password)
	w := httptest.NewRecorder()
	s.connector.pages().ServeHTTP(w, r)
	return w.Body.String()
}

func TestAnotherFeedDropsWhatNobodyListensTo(t *testing.T) {
	t.Parallel()
	s := running(t, "auto", nil, nil)
	s.until(t, func(st status) bool { return green(st.Lights) })
	require.Eventually(t, func() bool { return len(s.tenant.Subscriptions()) == 3 }, s.patience, 10*time.Millisecond)
	require.NoError(t, s.stopConnector())
	text, err := os.ReadFile(s.file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.file, []byte(strings.Replace(string(text), "feed: auto", "feed: sweep", 1)), 0o600))
	require.NoError(t, s.startConnector())
	require.Eventually(t, func() bool { return len(s.tenant.Subscriptions()) == 0 }, s.patience, 10*time.Millisecond)
}

func TestASecondConnectorOnTheSameStoreSaysWhy(t *testing.T) {
	t.Parallel()
	s := running(t, "sweep", nil, nil)
	_, err := s.newConnector()
	require.Error(t, err)
	require.NotEmpty(t, presence.Advice(err))
}

// goRun runs f until stop, which returns after its end.
func goRun(t *testing.T, f func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- f(ctx) }()
	return func() {
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	}
}

func TestStatusHasALightForEachSubscription(t *testing.T) {
	t.Parallel()
	s := running(t, "auto", nil, nil)
	st := s.until(t, func(st status) bool {
		return light(st, "presence subscription of "+s.users[0]).State == presence.StateOK &&
			light(st, "presence subscription of "+s.users[1]).State == presence.StateOK
	})
	require.Contains(t, light(st, "presence subscription of "+demoUser).Detail, "4 people")
	st = s.until(t, func(st status) bool { return st.Lights[2].State == presence.StateOK })
	require.Contains(t, st.Lights[2].Detail, "2 communication users")
	require.Empty(t, st.People.NotCovered)
}

func TestStatusNamesWhoIsCoveredByNobody(t *testing.T) {
	t.Parallel()
	s := running(t, "auto", nil, func(s *stage) {
		for _, upn := range s.users {
			s.tenant.RequireMFA(upn)
		}
	})
	st := s.until(t, func(st status) bool { return len(st.People.NotCovered) == 8 })
	require.Contains(t, st.People.NotCovered, "anna.mueller@example.com")
	require.Contains(t, s.get(t, "/status", "text/html").Body.String(), "not covered by a subscription")
	s.tenant.Show(s.cast.anna.id, "Busy", "InAMeeting")
	require.True(t, s.await(t.Context(), func() bool { return s.pbxShows(s.cast.anna) == "meeting" }), "people are swept")
}

func TestAutoWithoutCommunicationUsersIsASweep(t *testing.T) {
	t.Parallel()
	s := running(t, "auto", map[string]any{"users": []any{}, "public-url": ""}, nil)
	st := s.until(t, func(st status) bool { return green(st.Lights) && st.Bridge.Linked == 8 })
	require.Contains(t, st.Lights[2].Detail, "none needed")
	require.Empty(t, st.People.NotCovered)
	require.Empty(t, s.tenant.Subscriptions())
}

func TestAGroupOfThePBXHasTablesOfItsOwn(t *testing.T) {
	t.Parallel()
	s := running(t, "sweep", map[string]any{"groups": []any{
		map[string]any{"name": "front", "pbx_groups": []any{"reception"}, "tables": map[string]any{"to_pbx": map[string]any{"InAMeeting": "busy"}}},
		map[string]any{"people": []any{"nobody"}, "direction": "teams-to-pbx"},
	}}, nil)
	st := s.until(t, func(st status) bool { return green(st.Lights) && st.Bridge.Linked == 8 })
	require.Equal(t, []string{
		"front: nobody who is kept the same is in the PBX group reception", "number 2: nobody who is kept the same is called nobody",
	}, st.People.UnusedGroups)
	s.tenant.Show(s.cast.ben.id, "Busy", "InAMeeting")
	require.True(t, s.await(t.Context(), func() bool { return s.pbxShows(s.cast.ben) == "meeting" }))
	s.system.UpdateUser(s.cast.anna.guid, func(u *pbxtest.User) { u.Groups = []string{"support", "Reception"} })
	s.until(t, func(st status) bool { return len(st.People.UnusedGroups) == 1 })
	s.tenant.Show(s.cast.anna.id, "Busy", "InAMeeting")
	require.True(t, s.await(t.Context(), func() bool { return s.pbxShows(s.cast.anna) == "busy" }))
}

func TestTheCanaryOfAPairMeasuresBothWays(t *testing.T) {
	t.Parallel()
	for _, feed := range []string{"auto", "sweep"} {
		t.Run(feed, func(t *testing.T) {
			t.Parallel()
			s := running(t, feed, map[string]any{"canary": map[string]any{"user": "zoe", "every": "2s"}}, nil)
			st := s.until(t, func(st status) bool { return light(st, "canary").State == presence.StateOK })
			require.Regexp(t, `^Teams to PBX [\d.]+m?s \(p50 [\d.]+m?s, p95 [\d.]+m?s\); PBX to Teams [\d.]+m?s \(p50 .*\)$`, light(st, "canary").Detail)
			require.Contains(t, s.get(t, "/status", "text/html").Body.String(), "PBX to Teams")
			require.NoError(t, s.stopConnector())
			require.Equal(t, "available", s.pbxShows(s.cast.zoe))
			require.Equal(t, "Available/Available", s.teamsShows(s.cast.zoe))
		})
	}
}

func TestTheCanarySaysWhereItDoesNotArrive(t *testing.T) {
	t.Parallel()
	s := running(t, "sweep", map[string]any{"canary": map[string]any{"user": "zoe", "within": "1ms"}}, nil)
	st := s.until(t, func(st status) bool { return light(st, "canary").State == presence.StateFailed })
	require.Contains(t, light(st, "canary").LastError, "dnd was not shown within 1ms")
	require.Contains(t, light(st, "canary").Todo, "zoe")
}

func TestStatusShowsWhoIsOutOfStep(t *testing.T) {
	t.Parallel()
	s := running(t, "auto", nil, nil)
	s.until(t, func(st status) bool {
		return green(st.Lights) && st.Bridge.Linked == 8 && st.Bridge.Drift.OutOfStep == 0
	})
	s.stopPBXs()
	s.stopPBXs = func() {}
	s.until(t, func(st status) bool { return st.Bridge.Drift.PBX.Unseen == 8 })
	s.tenant.Show(s.cast.anna.id, "Busy", "InAMeeting")
	st := s.until(t, func(st status) bool { return st.Bridge.Drift.OutOfStep == 1 })
	require.Equal(t, "anna.mueller", st.Bridge.Drift.People[0].Name)
	require.Contains(t, s.get(t, "/status", "").Body.String(), `"out_of_step": 1`)
	page := s.get(t, "/status", "text/html").Body.String()
	require.Contains(t, page, "out of step now")
	require.Contains(t, page, `anna.mueller</a>, since`)
}

func TestStatusNamesAnotherProgram(t *testing.T) {
	t.Parallel()
	s := running(t, "auto", nil, nil)
	s.until(t, func(st status) bool { return green(st.Lights) && st.Bridge.Linked == 8 })
	for _, value := range []string{"Busy", "DoNotDisturb", "Busy"} {
		word := expectedToPBX[value]
		s.tenant.Choose(s.cast.anna.id, value, value)
		require.True(t, s.await(t.Context(), func() bool { return s.pbxShows(s.cast.anna) == word }), value)
		s.until(t, func(st status) bool { return st.Bridge.Drift.OutOfStep == 0 })
		s.set(s.cast.anna, "lunch")() // another program
		require.True(t, s.await(t.Context(), func() bool { return s.tenant.Presence(s.cast.anna.id).Pair.String() == "Away/Away" }))
	}
	st := s.until(t, func(st status) bool { return len(st.Bridge.Conflicts) == 1 })
	require.Equal(t, "anna.mueller", st.Bridge.Conflicts[0].Name)
	page := s.get(t, "/status", "text/html").Body.String()
	require.Contains(t, page, "PBX alternates between busy and lunch")
	require.Contains(t, page, "stop it, or take the person out")
}
