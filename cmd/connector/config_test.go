package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

// parse reads the command line "serve", with a configuration file.
func parse(t *testing.T, file string, args ...string) (config, error) {
	t.Helper()
	var c cli
	if file != "" {
		name := filepath.Join(t.TempDir(), "connector.yaml")
		require.NoError(t, os.WriteFile(name, []byte(file), 0o600))
		args = append(args, "--config", name)
	}
	_, err := readArgs(&c, append([]string{"serve"}, args...), kong.WithBeforeReset(environment))
	return c.Serve.config, err
}

const goodFile = `
feed: push
public_url: https://connector.example.com
graph:
  tenant: 11111111-2222-3333-4444-555555555555
  client-id: c
  client_secret: s
users:
  - presence@example.com
  - {upn: second@example.com, password: 0123}
pbx:
  password: secret
  licence_every: 5m
tables:
  to_pbx: {InAMeeting: busy}
  to-teams:
    lunch: BeRightBack/BeRightBack 2h
    worship: clear
groups:
  - {name: front, people: [anna.mueller], direction: teams-to-pbx}
`

func TestAFileSetsEveryKindOfKey(t *testing.T) {
	t.Parallel()
	c, err := parse(t, goodFile)
	require.NoError(t, err)
	require.NoError(t, c.validate())
	require.Equal(t, "push", c.Feed)
	require.Equal(t, "https://connector.example.com", c.PublicURL)
	require.Equal(t, "11111111-2222-3333-4444-555555555555", c.Graph.Tenant)
	require.Equal(t, secret{text: "s"}, c.Graph.ClientSecret)
	require.Equal(t, communicationUsers{{UPN: "presence@example.com"}, {"second@example.com", secret{text: "0123"}}}, c.Users)
	require.Equal(t, 5*time.Minute, c.PBX.LicenceEvery)
	require.Equal(t, map[string]string{"InAMeeting": "busy"}, c.Tables.ToPBX)
	require.Equal(t, groups{{Name: "front", People: []string{"anna.mueller"}, Direction: "teams-to-pbx"}}, c.Groups)
	rows, err := c.Tables.rows()
	require.NoError(t, err)
	require.Equal(t, presence.Manual{Value: presence.Teams{Availability: "BeRightBack", Activity: "BeRightBack"}, Lifetime: 2 * time.Hour}, rows.ToTeams["lunch"])
	require.Equal(t, presence.Manual{}, rows.ToTeams["worship"])
	require.Equal(t, ":8443", c.Listen, "what is not set has its default")
}

func TestFlagsWinOverTheEnvironmentAndThatOverTheFile(t *testing.T) {
	t.Setenv("CONNECTOR_GRAPH_TENANT", "from the environment")
	c, err := parse(t, goodFile)
	require.NoError(t, err)
	require.Equal(t, "from the environment", c.Graph.Tenant)
	c, err = parse(t, goodFile, "--graph-tenant", "from a flag")
	require.NoError(t, err)
	require.Equal(t, "from a flag", c.Graph.Tenant)
}

func TestTimesThatCannotBeMeantAreRefused(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"settle: -15s", "people_every: 0s", "pbx: {licence_every: -1m}", "sweep_every: 5ms", "listen: ''", "store: ''"} {
		c, err := parse(t, goodFile+key+"\n")
		if err == nil {
			err = c.validate()
		}
		name, _, _ := strings.Cut(key, ":")
		require.ErrorContains(t, err, name)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	c, err := parse(t, "feed: push\nstatus_listen: :8080\ntls_cert: a.pem\ngroups: [{people: [anna], direction: both}, {people: [ben, Anna], direction: both}]\n")
	require.NoError(t, err)
	err = c.validate()
	for _, want := range []string{
		"graph.tenant is missing", "graph.client_id is missing", "graph.client_secret is missing", "pbx.password is missing",
		"public_url is missing", "users is missing", "tls_key is missing: it belongs to tls_cert", "needs a status_password", "groups has Anna twice: number 1 and number 2 name the same person",
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "is a name", "it is missing")
	require.ErrorContains(t, config{}.validate(), "configuration: graph-client-id is missing", "as a flag, since there is no file")
}

func TestTablesOfTheConfiguration(t *testing.T) {
	t.Parallel()
	manual, err := parseManual("Busy/Busy")
	require.NoError(t, err)
	require.Equal(t, 24*time.Hour, manual.Lifetime, "the usual one")
	manual, err = parseManual("Away/Away")
	require.NoError(t, err)
	require.Equal(t, 7*24*time.Hour, manual.Lifetime)
	for text, want := range map[string]string{"Busy": "no pair", "Busy/Busy forever": "lifetime"} {
		_, err := tablesConfig{ToTeams: map[string]string{"lunch": text}}.rows()
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, `"lunch"`)
	}
	rows, err := tablesConfig{Call: "Busy/InAConferenceCall"}.rows()
	require.NoError(t, err)
	require.Equal(t, "Busy/InAConferenceCall", rows.Call.String())
}

func TestATableThatGraphRefusesIsRefusedAtTheStart(t *testing.T) {
	t.Parallel()
	d, _ := testDemo(time.Minute)
	d.keys = map[string]any{"tables": map[string]any{"to_teams": map[string]string{"lunch": "Busy/InAMeeting"}}}
	s, err := newStage(t.Context(), "sweep", d.setting)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close()) }()
	_, err = s.newConnector()
	require.ErrorContains(t, err, `row "lunch"`)
	require.ErrorContains(t, err, "Busy/InAMeeting")
	require.ErrorContains(t, err, "accepted: Available/Available")
}

func TestPeopleTableIsRead(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "people.csv")
	require.NoError(t, os.WriteFile(file, []byte("pbx,teams\nanna,a@example.com\n"), 0o600))
	table, err := peopleConfig{Table: file}.read()
	require.NoError(t, err)
	require.Equal(t, "anna = a@example.com", table[0].String())
	_, err = peopleConfig{Table: file + ".missing"}.read()
	require.ErrorContains(t, err, file+".missing")
}

func TestSince(t *testing.T) {
	t.Parallel()
	require.Equal(t, "5 s ago", since(time.Now().Add(-5500*time.Millisecond)))
	require.Equal(t, "5 min ago", since(time.Now().Add(-5*time.Minute)))
	require.Contains(t, since(time.Now().Add(-25*time.Hour)), "UTC")
	require.Equal(t, "not yet", since(time.Time{}))
}

func TestTheOpenPointsOfThePBXAreKeys(t *testing.T) {
	t.Parallel()
	c, err := parse(t, goodFile)
	require.NoError(t, err)
	require.Equal(t, []any{"pbx", "empty", time.Minute, "tel:"}, []any{c.PBX.Calls, c.PBX.CheckLogin, c.PBX.ReconnectWithin, c.PBX.Contact})
	c, err = parse(t, strings.Replace(goodFile, "licence_every: 5m", `calls: users
  harmless_codes: 17,x
  phone_contact: "im:"
  contact_unnamed: true
  presence_on_master: true
  alien_calls_unseen: true
  check_login: as-sent
  reconnect_within: 2m`, 1))
	require.NoError(t, err)
	require.Equal(t, nameList{"17", "x"}, c.PBX.HarmlessCodes)
	require.Equal(t, []any{"users", "im:", true, true, true, "as-sent", 2 * time.Minute}, []any{
		c.PBX.Calls, c.PBX.PhoneContact, c.PBX.ContactUnnamed, c.PBX.PresenceOnMaster, c.PBX.AlienCallsUnseen, c.PBX.CheckLogin, c.PBX.ReconnectWithin,
	})
	_, err = parse(t, strings.Replace(goodFile, "licence_every: 5m", "calls: some", 1))
	require.ErrorContains(t, err, "calls")
}

func TestTheAddressBehindAProxy(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		header string
		told   []string
		want   string
	}{
		"no proxy":                   {"", []string{"198.51.100.1"}, "192.0.2.1:5"},
		"the proxy says nothing":     {"X-Forwarded-For", nil, "192.0.2.1:5"},
		"one proxy":                  {"x-forwarded-for", []string{"198.51.100.1"}, "198.51.100.1"},
		"what a peer says of itself": {"X-Forwarded-For", []string{"203.0.113.9, 198.51.100.1"}, "198.51.100.1"},
		"the last header is nearest": {"X-Forwarded-For", []string{"203.0.113.9", "198.51.100.1"}, "198.51.100.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{RemoteAddr: "192.0.2.1:5", Header: http.Header{}}
			for _, value := range test.told {
				r.Header.Add("X-Forwarded-For", value)
			}
			require.Equal(t, test.want, pbxConfig{ProxyHeader: test.header}.address(r))
		})
	}
}

func TestWhatUsersNeedIsNamed(t *testing.T) {
	t.Parallel()
	for change, want := range map[string]string{
		"tenant: contoso.onmicrosoft.com": "graph.tenant is a name",
		"tenant: 11111111-2222-3333-4444-555555555555\n  identity: system-assigned\n  client_secret: ''": "graph.user_client_id is missing",
	} {
		file := strings.Replace(goodFile, "tenant: 11111111-2222-3333-4444-555555555555", change, 1)
		if strings.Contains(change, "identity") {
			file = strings.Replace(file, "  client_secret: s\n", "", 1)
		}
		c, err := parse(t, file)
		require.NoError(t, err)
		require.ErrorContains(t, c.validate(), want)
	}
	c, err := parse(t, goodFile+"sweep_budget: 5000\nrenew_every: -1s\n")
	require.NoError(t, err)
	require.ErrorContains(t, c.validate(), "sweep_budget is 5000")
	require.ErrorContains(t, c.validate(), "renew_every is -1s")
	_, err = parse(t, "user: {upn: a@example.com}\n")
	require.ErrorContains(t, err, "users is a list")
}

// What cannot be meant is blamed on the line where it stands, or on no file where it came from
// somewhere else.
func TestAWrongSettingIsNamedWithItsPlace(t *testing.T) {
	t.Setenv("CONNECTOR_RECONCILE_EVERY", "-2s")
	c, err := parse(t, `
feed: sweep
settle: -1s
sweep_budget: 0
sweep_every: 1ms
people:
  every: -3m
reconcile_every: 1m
tls_cert: a.pem
groups: [{people: [ben], direction: both}, {people: [Ben], direction: both}]
tables:
  to_teams:
    lunch: Busy
status_listen: :8080
`, "--people-every=-4m")
	require.NoError(t, err)
	err = c.validate()
	name := c.Config.name
	for _, want := range []string{
		"configuration " + name + ", line 3: settle is -1s", "line 4: sweep_budget is 0", "line 5: sweep_every is 1ms",
		"configuration: people-every is -4m", "configuration: reconcile-every is -2s",
		"configuration " + name + ": tls_key is missing", "line 10: groups has Ben twice", "line 14: status_listen reaches",
	} {
		require.ErrorContains(t, err, want)
	}
	_, err = c.ruleBook()
	require.EqualError(t, err, "configuration "+name+`, from line 12: tables cannot be used: to_teams, row "lunch": "Busy" is no pair such as Busy/InACall`)
}
