package graphtest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func everyPair() (all []graphtest.Pair) {
	for _, availability := range []string{"Available", "AvailableIdle", "Away", "BeRightBack", "Busy", "BusyIdle", "DoNotDisturb", "Offline", "PresenceUnknown"} {
		for _, activity := range []string{"Available", "Away", "BeRightBack", "Busy", "DoNotDisturb", "InACall", "InAConferenceCall", "Inactive", "InAMeeting", "Offline", "OffWork", "OutOfOffice", "PresenceUnknown", "Presenting", "UrgentInterruptionsOnly"} {
			all = append(all, graphtest.Pair{Availability: availability, Activity: activity})
		}
	}
	return all
}

func TestWritesAcceptTheDocumentedPairsOnly(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"setPresence": {
			"Available/Available", "Busy/InACall", "Busy/InAConferenceCall", "Away/Away", "DoNotDisturb/Presenting",
		},
		"setUserPreferredPresence": {
			"Available/Available", "Busy/Busy", "DoNotDisturb/DoNotDisturb", "BeRightBack/BeRightBack", "Away/Away", "Offline/OffWork",
		},
	}
	for action, want := range tests {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			token := w.app()
			var got []string
			for _, pair := range everyPair() {
				r := w.do(token, http.MethodPost, "/users/"+w.ada+"/presence/"+action, object{
					"sessionId": appID, "availability": pair.Availability, "activity": pair.Activity,
				})
				if r.Status == http.StatusOK {
					require.Empty(t, r.Raw)
					got = append(got, pair.String())
					continue
				}
				require.Equal(t, http.StatusBadRequest, r.Status)
				require.Equal(t, "BadRequest", r.code())
			}
			require.ElementsMatch(t, want, got)
			require.Len(t, w.Writes(), len(everyPair()))
		})
	}
}

func TestSessionLifetime(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		duration any
		status   int
		life     time.Duration
	}{
		"default":               {nil, 200, 5 * time.Minute},
		"shortest":              {"PT5M", 200, 5 * time.Minute},
		"longest":               {"PT4H", 200, 4 * time.Hour},
		"mixed":                 {"PT1H30M5.5S", 200, time.Hour + 30*time.Minute + 5500*time.Millisecond},
		"lower case":            {"pt10m", 200, 10 * time.Minute},
		"too short":             {"PT4M59S", 400, 0},
		"too long":              {"PT4H1S", 400, 0},
		"days":                  {"P1D", 400, 0},
		"negative":              {"-PT5M", 400, 0},
		"negative part":         {"PT-5M", 400, 0},
		"no parts":              {"PT", 400, 0},
		"no designator":         {"PT5", 400, 0},
		"wrong order":           {"PT5M1H", 400, 0},
		"months have no length": {"P1M", 400, 0},
		"not a number":          {"PTNANH", 400, 0},
		"not a duration":        {"5m", 400, 0},
		"empty":                 {"", 400, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.do(w.app(), http.MethodPost, "/users/"+w.ada+"/presence/setPresence", object{
				"sessionId": appID, "availability": "Busy", "activity": "InACall", "expirationDuration": test.duration,
			})
			require.Equal(t, test.status, r.Status, r.Raw)
			if test.life == 0 {
				require.Empty(t, w.Sessions(w.ada))
				return
			}
			require.Equal(t, []graphtest.Session{{ID: appID, Pair: graphtest.Pair{Availability: "Busy", Activity: "InACall"}, Set: noon, Expires: noon.Add(test.life)}}, w.Sessions(w.ada))
		})
	}
}

func TestPreferredLifetime(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	tests := map[string]struct {
		pair, duration string
		life           time.Duration
	}{
		"busy by default":           {"Busy/Busy", "", day},
		"do not disturb by default": {"DoNotDisturb/DoNotDisturb", "", day},
		"available by default":      {"Available/Available", "", 7 * day},
		"away by default":           {"Away/Away", "", 7 * day},
		"right back by default":     {"BeRightBack/BeRightBack", "", 7 * day},
		"off work by default":       {"Offline/OffWork", "", 7 * day},
		"as asked":                  {"Busy/Busy", "P1DT2H", 26 * time.Hour},
		"weeks":                     {"Busy/Busy", "P2W", 14 * day},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			availability, activity, _ := strings.Cut(test.pair, "/")
			body := object{"availability": availability, "activity": activity}
			if test.duration != "" {
				body["expirationDuration"] = test.duration
			}
			r := w.do(w.app(), http.MethodPost, "/users/"+w.ada+"/presence/setUserPreferredPresence", body)
			require.Equal(t, http.StatusOK, r.Status, r.Raw)
			preferred, _ := w.Preferred(w.ada)
			require.Equal(t, test.life, preferred.Expires.Sub(noon))
		})
	}
}

func TestRefusedWrites(t *testing.T) {
	t.Parallel()
	inACall := object{"sessionId": appID, "availability": "Busy", "activity": "InACall"}
	tests := map[string]struct {
		person bool // delegated, as ada
		user   string
		action string
		body   any
		status int
		code   string
	}{
		"session of another application": {false, "ada", "setPresence", object{"sessionId": "x", "availability": "Busy", "activity": "InACall"}, 400, "BadRequest"},
		"delegated for somebody else":    {true, "bob", "setPresence", inACall, 401, "Unauthorized"},
		"clear without a session":        {false, "ada", "clearPresence", object{"sessionId": appID}, 404, "NotFound"},
		"nobody":                         {false, "00000000-0000-4000-8000-0000000000ff", "setPresence", inACall, 404, "NotFound"},
		"no Teams user":                  {false, "svc", "setPresence", inACall, 403, "ServiceError"},
		"name instead of a GUID":         {false, "ada@contoso.com", "setPresence", inACall, 400, "BadRequest"},
		"no JSON":                        {false, "ada", "setPresence", "{", 400, "BadRequest"},
		"no status message":              {false, "ada", "setStatusMessage", object{}, 400, "BadRequest"},
		"status message in HTML":         {false, "ada", "setStatusMessage", object{"statusMessage": object{"message": object{"content": "x", "contentType": "html"}}}, 400, "BadRequest"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			token := w.app()
			if test.person {
				token = w.person("ada@contoso.com")
			}
			user := test.user
			if id := map[string]string{"ada": w.ada, "bob": w.bob, "svc": w.svc}[user]; id != "" {
				user = id
			}
			r := w.do(token, http.MethodPost, "/users/"+user+"/presence/"+test.action, test.body)
			require.Equal(t, test.status, r.Status, r.Raw)
			require.Equal(t, test.code, r.code())
			require.Len(t, w.Writes(), 1)
			require.Equal(t, test.status, w.Writes()[0].Status)
			require.Equal(t, user, w.Writes()[0].User)
			require.Equal(t, "Offline/Offline", w.pair(w.ada))
		})
	}
}

func TestPeopleSetTheirOwnPresence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.person("ada@contoso.com")
	for _, path := range []string{"/me/presence", "/users/" + w.ada + "/presence", "/communications/presences/" + strings.ToUpper(w.ada)} {
		r := w.do(token, http.MethodPost, path+"/setPresence", object{"sessionId": appID, "availability": "Away", "activity": "Away"})
		require.Equal(t, http.StatusOK, r.Status, r.Raw)
	}
	require.Equal(t, "Away/Away", w.pair(w.ada))
}

func TestClearingTakesBackOneThing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SignIn(w.ada)
	w.setPresence(w.ada, "Busy", "InACall", "PT1H")
	w.Choose(w.ada, "Away", "Away")

	r := w.do(w.app(), http.MethodPost, "/users/"+w.ada+"/presence/clearUserPreferredPresence", nil, "Content-Type", "")
	require.Equal(t, http.StatusOK, r.Status, r.Raw)
	require.Equal(t, "Busy/InACall", w.pair(w.ada))

	r = w.do(w.app(), http.MethodPost, "/users/"+w.ada+"/presence/clearPresence", object{"sessionId": appID})
	require.Equal(t, http.StatusOK, r.Status, r.Raw)
	require.Equal(t, "Available/Available", w.pair(w.ada))

	r = w.do(w.app(), http.MethodPost, "/users/"+w.ada+"/presence/clearUserPreferredPresence", object{})
	require.Equal(t, http.StatusOK, r.Status, "clearing twice is fine")
}

func TestWritesAreRemembered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.setPresence(w.ada, "Busy", "InACall", "PT1H")
	require.Equal(t, []graphtest.Write{{
		Time: noon, User: w.ada, App: appID, Action: graphtest.RouteSetPresence, Session: appID,
		Pair: graphtest.Pair{Availability: "Busy", Activity: "InACall"}, Duration: time.Hour, Status: 200,
	}}, w.Writes())
}

func TestWritesTellWhoseAnswerWasLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.app()
	clear := func() { w.do(token, http.MethodPost, "/users/"+w.ada+"/presence/clearUserPreferredPresence", object{}) }
	clear()
	w.Fault(graphtest.Answer{Count: 1, After: true, Status: 503})
	clear()
	w.Fault(graphtest.Answer{Count: 1, Status: 503})
	clear()
	w.Fault(graphtest.Answer{Count: 1, Delay: time.Nanosecond})
	clear()
	var lost []bool
	for _, write := range w.Writes() {
		require.Equal(t, http.StatusOK, write.Status, "what was done")
		lost = append(lost, write.Lost)
	}
	require.Equal(t, []bool{false, true, false}, lost, "the third was never done")
}

func TestWritesAreToldBeforeTheyAreDone(t *testing.T) {
	t.Parallel()
	var w *world
	var told []string
	w = newWorld(t, func(o *graphtest.Options) {
		o.Arrived = func(write graphtest.Write) {
			told = append(told, write.User+" "+write.Activity)
			require.Equal(t, "Available", w.Presence(w.ada).Activity)
		}
	})
	w.SignIn(w.ada)
	w.do(w.app(), http.MethodGet, "/users/"+w.ada+"/presence", nil)
	w.do(w.app(), http.MethodPost, "/users/"+w.ada+"/presence/setUserPreferredPresence", object{"availability": "Busy", "activity": "Busy"})
	require.Equal(t, []string{w.ada + " Busy"}, told)
	require.Equal(t, "Busy", w.Presence(w.ada).Activity)
}

func TestStatusMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.Presence(w.ada)
	set := func(content string) {
		r := w.do(w.app(), http.MethodPost, "/users/"+w.ada+"/presence/setStatusMessage", object{"statusMessage": object{
			"message":        object{"content": content, "contentType": "text"},
			"expiryDateTime": object{"dateTime": "2026-10-18T17:05:33.2079781", "timeZone": "UTC"},
		}})
		require.Equal(t, http.StatusOK, r.Status, r.Raw)
	}
	set("In a call")
	require.Equal(t, before, w.Presence(w.ada))
	others := w.do(w.app(), http.MethodGet, "/users/"+w.ada+"/presence", nil).Body["statusMessage"]
	require.Equal(t, object{"message": object{"content": "In a call", "contentType": "text"}}, others)
	own := w.do(w.person("ada@contoso.com"), http.MethodGet, "/me/presence", nil).Body["statusMessage"].(object)
	require.Equal(t, object{"dateTime": "2026-10-18T17:05:33.2079781", "timeZone": "UTC"}, own["expiryDateTime"])
	require.Equal(t, object{"dateTime": "2026-09-14T12:00:00.0000000", "timeZone": "UTC"}, own["publishedDateTime"])
	set("")
	require.Nil(t, w.do(w.app(), http.MethodGet, "/users/"+w.ada+"/presence", nil).Body["statusMessage"])
}
