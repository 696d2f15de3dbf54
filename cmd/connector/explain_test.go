package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/pbx/pbxtest"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/presence/bridge"
)

// asked returns a stage whose service can be asked at a fixed address, with a password.
func asked(t *testing.T, feed string) *stage {
	t.Helper()
	address, err := freeAddress()
	require.NoError(t, err)
	s := running(t, feed, map[string]any{"status-listen": address, "status-password": "open sesame"}, nil)
	s.until(t, func(st status) bool { return green(st.Lights) && st.Bridge.Linked == 8 })
	for _, a := range []actor{s.cast.anna, s.cast.ben} {
		s.untilAsked(t, a.guid, "agreed: Teams Available/Available, PBX available")
	}
	return s
}

// ask is connector explain NAME --config FILE.
func (s *stage) ask(t *testing.T, name string, change func(*explainCmd)) (string, error) {
	t.Helper()
	c := explainCmd{config: s.connector.config, Name: []string{name}}
	if change != nil {
		change(&c)
	}
	var out bytes.Buffer
	err := c.ask(t.Context(), &out, time.UTC)
	return out.String(), err
}

// varying are the parts of an explanation that are different at each time.
var varying = []struct {
	part *regexp.Regexp
	text string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?`), "TIME"},
	{regexp.MustCompile(`\d\d:\d\d:\d\d`), "TIME"},
	{regexp.MustCompile(`(in|after) [0-9.]+(µs|ms|s)`), "$1 SPAN"},
	{regexp.MustCompile(`(told|read) \d+ times`), "$1"},
	{regexp.MustCompile(`\((told|read)(, (told|read))?( until TIME)?\)`), "(SEEN)"},
	{regexp.MustCompile(`news by (read|notification)`), "news by SOURCE"},
	{regexp.MustCompile(`request [0-9a-f-]+`), "request ID"},
	{regexp.MustCompile(` +\n`), "\n"},
}

func stable(text string) string {
	for _, v := range varying {
		text = v.part.ReplaceAllString(text, v.text)
	}
	return text
}

// until waits until explain prints all of that.
func (s *stage) untilAsked(t *testing.T, name string, want ...string) string {
	t.Helper()
	var text string
	require.Eventually(t, func() bool {
		out, err := s.ask(t, name, nil)
		require.NoError(t, err)
		text = stable(out)
		for _, w := range want {
			if !strings.Contains(text, w) {
				return false
			}
		}
		return true
	}, s.patience, 20*time.Millisecond, "%s", &lazy{&text})
	return text
}

type lazy struct{ text *string }

func (l *lazy) String() string { return *l.text }

func TestExplainTellsOfAChangeInTeams(t *testing.T) {
	t.Parallel()
	s := asked(t, "sweep")
	s.tenant.Show(s.cast.anna.id, "Busy", "InAMeeting")
	text := s.untilAsked(t, "anna müller", "done in", "PBX shows meeting since", "stands since")
	require.True(t, strings.HasPrefix(text, `anna.mueller (Anna Müller, anna.mueller@example.com), linked by the same name, direction both

Time                     What
TIME  `), text)
	for _, want := range []string{
		"TIME  linked by the same name, direction both\n",
		"TIME  PBX shows available (SEEN)\n",
		"TIME  Teams shows Available/Available (SEEN)\n",
	} {
		require.Contains(t, text, want)
	}
	require.Equal(t, `TIME  Teams shows Busy/InAMeeting (SEEN)
TIME  Teams changed [to_pbx: InAMeeting → meeting]. PBX: activity meeting, done in SPAN
TIME  PBX shows meeting (SEEN)

Now        Teams shows Busy/InAMeeting since TIME, last news by SOURCE TIME
           PBX shows meeting since TIME, on master, last news TIME
           agreed: Teams Busy/InAMeeting, PBX meeting
           held on PBX: activity meeting, stands since TIME

Waits for  nothing but a change

Why        the sides show the same
`, text[strings.Index(text, "TIME  Teams shows Busy"):])
}

func TestExplainTellsOfARefusal(t *testing.T) {
	t.Parallel()
	s := asked(t, "auto")
	s.tenant.Fault(graphtest.Answer{Route: graphtest.RouteSetPresence, User: s.cast.ben.id, Status: 403})
	call, err := s.system.StartCall(s.cast.ben.guid, pbxtest.CallOptions{Incoming: true, Remote: "201"})
	require.NoError(t, err)
	call.Connect()
	text := s.untilAsked(t, "ben@example.com", "refused after")
	require.Contains(t, text, "TIME  PBX shows available, on the phone (SEEN)\n")
	require.Contains(t, text, "TIME  a call on the PBX is shown in Teams [call: on-the-phone → Busy/InACall]. Teams: session Busy/InACall, "+
		"refused after SPAN: set presence session: Graph answered 403 Forbidden (request ID)\n")
	require.Contains(t, text, "\nWhy        Graph refused the session\n")
	require.Contains(t, text, "           failed TIME: set presence session: Graph answered 403 Forbidden (request ID)\n")
}

func TestExplainTellsOfAHold(t *testing.T) {
	t.Parallel()
	s := asked(t, "sweep")
	s.tenant.Fault(graphtest.Answer{Route: graphtest.RouteSetPreferred, User: s.cast.anna.id, Status: 429, RetryAfter: time.Minute, Count: 1})
	s.set(s.cast.anna, "lunch")()
	text := s.untilAsked(t, strings.ToUpper(s.cast.anna.guid), "failed after")
	require.Contains(t, text, "TIME  the PBX changed [to_teams: lunch → Away/Away for 168h]. Teams: preferred presence Away/Away, failed after SPAN: set preferred presence: Graph answered 429")
	require.Contains(t, text, "Microsoft Graph: throttled until TIME UTC")
	require.Regexp(t, `(?m)^ +preferred presence Away/Away to run out, at TIME$`, text)
	require.Contains(t, text, "\nWhy        preferred presence Away/Away is not written yet\n")
}

func TestExplainPrintsTheAnswerAsItIs(t *testing.T) {
	t.Parallel()
	s := asked(t, "sweep")
	s.tenant.Show(s.cast.anna.id, "Busy", "InAMeeting")
	s.untilAsked(t, "anna.mueller", "PBX shows meeting since")
	text, err := s.ask(t, s.cast.anna.id, func(c *explainCmd) { c.JSON = true })
	require.NoError(t, err)
	var e bridge.Explanation
	require.NoError(t, json.Unmarshal([]byte(text), &e))
	require.Equal(t, "anna.mueller", e.Name)
	require.Equal(t, "Busy/InAMeeting", e.Teams.Shows)
	require.NotEmpty(t, e.Timeline)
	for _, secret := range []string{"open sesame", demoSecret, demoPassword} {
		require.NotContains(t, text, secret)
	}
}

func TestExplainSaysWhoIsNotLinkedAndWhatToDo(t *testing.T) {
	t.Parallel()
	s := asked(t, "sweep")
	for name, want := range map[string]struct{ text, todo string }{
		"ute":           {"ute is not linked: the PBX user ute does not hold the licence", "licence"},
		"Alex Meier":    {"alex1 is not linked: alex1, alex2 could be", "table of people"},
		"reception":     {"nobody with a Teams licence", "Teams licence"},
		"Jörg Schmidt":  {`several people are called "Jörg Schmidt": joerg.schmidt, joerg.schmidt2`, "one of these"},
		"ana.mueller":   {`nobody is called "ana.mueller", neither in Teams nor on the PBX; did you mean anna.mueller`, ""},
		"schmidt2":      {"did you mean joerg.schmidt2", ""},
		"nobody at all": {`nobody is called "nobody at all", neither in Teams nor on the PBX`, ""},
		"a/b?c#d %2F":   {`nobody is called "a/b?c#d %2F"`, ""},
	} {
		_, err := s.ask(t, name, nil)
		require.ErrorContains(t, err, want.text)
		require.Contains(t, presence.Advice(err), want.todo)
	}
}

func TestExplainSaysWhyItCannotAsk(t *testing.T) {
	t.Parallel()
	s := asked(t, "sweep")
	address := s.connector.config.StatusListen
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	nobody, err := freeAddress()
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change     func(*explainCmd)
		text, todo string
	}{
		"the service does not run": {func(c *explainCmd) { c.StatusListen = nobody }, "the service at http://" + nobody + " does not answer: ", "Start the service"},
		"no password":              {func(c *explainCmd) { c.StatusPass = secret{} }, "http://" + address + " does not accept the password", "status-password"},
		"a wrong password":         {func(c *explainCmd) { c.StatusPass = secret{text: "wrong"} }, "does not accept the password", "status-password"},
		"something else listens":   {func(c *explainCmd) { c.StatusListen = strings.TrimPrefix(other.URL, "http://") }, "answers something else: 404", "status-listen"},
		"no fixed port":            {func(c *explainCmd) { c.StatusListen = "127.0.0.1:0" }, "status-listen: port 0", ""},
		"no address":               {func(c *explainCmd) { c.StatusListen = "here" }, "status-listen", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.ask(t, "anna.mueller", c.change)
			require.ErrorContains(t, err, c.text)
			require.Contains(t, presence.Advice(err), c.todo)
			require.NotContains(t, err.Error(), "open sesame")
		})
	}
}

func TestExplainAsksOnThisMachine(t *testing.T) {
	t.Parallel()
	for listen, want := range map[string]string{
		"127.0.0.1:8080": "http://127.0.0.1:8080", ":8080": "http://localhost:8080", "0.0.0.0:80": "http://localhost:80",
		"[::]:8080": "http://localhost:8080", "[::1]:8080": "http://[::1]:8080", "inside.example.com:80": "http://inside.example.com:80",
	} {
		got, err := statusURL(listen)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestExplainIsACommand(t *testing.T) {
	t.Parallel()
	s := asked(t, "sweep")
	require.Zero(t, run(t.Context(), []string{"explain", "anna.mueller", "--config", s.file, "--json"}))
	require.Zero(t, run(t.Context(), []string{"explain", "Anna", "Müller", "--config", s.file}), "a name in two words")
	require.Equal(t, 1, run(t.Context(), []string{"explain", "nobody", "--config", s.file}))
}
