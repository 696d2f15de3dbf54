package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/pbx/pbxtest"
)

// staged is a chaos without a connector.
func staged(t *testing.T) *chaos {
	t.Helper()
	c, _ := smallChaos(1)
	require.NoError(t, c.build(t.Context()))
	t.Cleanup(func() { require.NoError(t, c.close(nil)) })
	return c
}

// rogue writes to the tenant in the name of the connector.
func (c *chaos) rogue(t *testing.T, method, path string, body map[string]any) {
	t.Helper()
	tenant := c.stage.tenant
	answer, err := tenant.Client().PostForm(tenant.AuthorityURL()+"/"+tenant.Tenant()+"/oauth2/v2.0/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {demoApp}, "client_secret": {demoSecret},
		"scope": {"https://graph.microsoft.com/.default"},
	})
	require.NoError(t, err)
	defer answer.Body.Close()
	var token struct {
		Access string `json:"access_token"`
	}
	require.NoError(t, json.NewDecoder(answer.Body).Decode(&token))
	text, err := json.Marshal(body)
	require.NoError(t, err)
	r, err := http.NewRequestWithContext(t.Context(), method, tenant.GraphURL()+path, strings.NewReader(string(text)))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token.Access)
	r.Header.Set("Content-Type", "application/json")
	answer, err = tenant.Client().Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Less(t, answer.StatusCode, 300, path)
}

func (c *chaos) roguePreferred(t *testing.T, a actor, pair string) {
	c.rogue(t, http.MethodPost, "/users/"+a.id+"/presence/setUserPreferredPresence", map[string]any{"availability": pair, "activity": pair})
}

func TestChaosFindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	c := staged(t)
	anna := 0
	require.Equal(t, "Anna Müller", c.crowd.people[anna].name)
	find := func() []int {
		c.lost, c.without, c.left = c.crowd.stories(c.crowd.apart()), c.crowd.spurious(), c.crowd.leftovers(true)
		return []int{len(c.lost), len(c.without), len(c.left)}
	}
	require.Equal(t, []int{0, 0, 0}, find())
	require.NoError(t, c.judge())

	c.crowd.beginFinale()
	require.NoError(t, c.crowd.do(anna, act{kind: sets, word: "busy"}))
	require.Equal(t, []int{1, 0, 0}, find(), "nobody carries it over")
	require.Contains(t, c.lost[0], "Anna Müller: what was set on the PBX last is not the preferred presence in Teams")

	c.roguePreferred(t, c.crowd.people[anna].actor, "Busy")
	require.Equal(t, []int{0, 0, 1}, find(), "that had a cause, and is still there")
	require.Contains(t, c.left[0], "Busy")

	c.rogue(t, http.MethodPost, "/users/"+c.crowd.people[anna].id+"/presence/clearUserPreferredPresence", nil)
	require.Equal(t, []int{1, 1, 0}, find(), "that had none")
	require.Contains(t, c.without[0], "preferred presence: taken back")

	hook := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, r.URL.Query().Get("validationToken"))
	}))
	hook.TLS = c.stage.tenant.TLS("127.0.0.1")
	hook.StartTLS()
	t.Cleanup(hook.Close)
	c.rogue(t, http.MethodPost, "/subscriptions", map[string]any{
		"changeType": "updated", "resource": "users", "notificationUrl": hook.URL,
		"expirationDateTime": time.Now().Add(time.Hour).UTC().Format(time.RFC3339),
	})
	require.Equal(t, []int{1, 1, 1}, find(), "a subscription is left")
	require.ErrorIs(t, c.judge(), errChaos)
	require.Equal(t, "chaos: 60 people, 0 kills, 1 lost, 1 writes without cause, 1 left behind", lastLine(c.out.(fmt.Stringer)))
}

func TestChaosMindsThoseWhoMayNotBeWrittenFor(t *testing.T) {
	t.Parallel()
	c := staged(t)
	ute := c.stage.cast.silent[0]
	c.roguePreferred(t, ute, "Busy")
	require.Len(t, c.crowd.spurious(), 1)
	require.Len(t, c.crowd.leftovers(true), 1)
	require.Contains(t, c.crowd.leftovers(true)[0], "ute@example.com")
}

func TestChaosSeesAllThatAConnectorHolds(t *testing.T) {
	t.Parallel()
	c := staged(t)
	c.crowd.beginFinale()
	require.NoError(t, c.stage.startConnector())
	anna, ben, zoe, soren := 0, 1, 3, 4
	do := func(acts map[int]act) {
		for who, a := range acts {
			require.NoError(t, c.crowd.do(who, a))
		}
		require.True(t, c.stage.await(t.Context(), func() bool { return len(c.crowd.apart()) == 0 }), "%v", c.crowd.stories(c.crowd.apart()))
	}
	meeting := act{kind: shows, pair: graphtest.Pair{Availability: "Busy", Activity: "InAMeeting"}}
	do(map[int]act{zoe: meeting, soren: meeting})
	do(map[int]act{
		anna: {kind: shows, pair: graphtest.Pair{Availability: "Busy", Activity: "InACall"}},
		ben:  {kind: rings},
		zoe:  {kind: sets, word: "dnd"},
	})
	now := strings.Join(c.crowd.leftovers(false), "\n")
	require.Contains(t, now, "Anna Müller: {session:false alien:true preferred: activity:}")
	require.Contains(t, now, "Benoît Lefèvre: {session:true alien:false preferred: activity:}")
	require.NotContains(t, now, "Zoë Ångström")
	all := strings.Join(c.crowd.leftovers(true), "\n")
	require.Contains(t, all, "Zoë Ångström: {session:false alien:false preferred:DoNotDisturb activity:}")
	require.Contains(t, all, "Søren Østergaard: {session:false alien:false preferred: activity:meeting}")
	require.Empty(t, c.crowd.spurious())
	require.NoError(t, c.stage.stopConnector())
	require.Empty(t, c.crowd.leftovers(false))
}

func TestDisagreement(t *testing.T) {
	t.Parallel()
	licensed := func(teams, pbx string) glance { return glance{teams, pbx, true} }
	ours := held{activity: "busy"}
	for name, tc := range map[string]struct {
		last      input
		call      bool
		never     bool // nothing was ever set at the phone
		now       glance
		held      held
		preferred string
		refused   refusals
		want      string
	}{
		"both available":                {now: licensed("Available", "")},
		"carried to the PBX":            {now: licensed("InAMeeting", "meeting"), held: held{activity: "meeting"}},
		"carried to Teams":              {now: licensed("Busy", "meeting"), preferred: "Busy"},
		"carried to neither":            {now: licensed("Busy", "dnd"), want: "do not map"},
		"a value that came alone":       {now: licensed("Available", "busy"), held: ours, want: "do not map"},
		"a person's own beside nobody":  {now: licensed("Offline", "lunch")},
		"the connector's beside nobody": {now: licensed("Offline", "busy"), held: ours, want: "do not map"},
		"cleared on purpose":            {now: licensed("InAMeeting", "")},
		"not cleared on purpose":        {never: true, now: licensed("InAMeeting", ""), want: "do not map"},
		"cleared, and still preferred":  {now: licensed("Busy", ""), held: held{preferred: "Busy"}, preferred: "Busy", want: "do not map"},
		"Teams was last": {
			last: input{before: licensed("Available", ""), after: licensed("InAMeeting", "")},
			now:  licensed("InAMeeting", ""), want: "is not on the PBX",
		},
		"Teams was last, and is overridden": {
			last: input{before: licensed("Available", "dnd"), after: licensed("Busy", "dnd")},
			now:  licensed("DoNotDisturb", "dnd"), preferred: "DoNotDisturb", want: "Teams does not show any more",
		},
		"the PBX was last": {
			last: input{before: licensed("Offline", ""), after: licensed("Offline", "busy")},
			now:  licensed("Offline", "busy"), want: "not the preferred presence",
		},
		"the PBX was last, hidden by nobody": {
			last: input{before: licensed("Offline", ""), after: licensed("Offline", "busy")},
			now:  licensed("Offline", "busy"), preferred: "Busy",
		},
		"the PBX was last, and is overridden": {
			last: input{before: licensed("Busy", "busy"), after: licensed("Busy", "")},
			now:  licensed("Busy", "busy"), held: ours, want: "the PBX does not show any more",
		},
		"the PBX was last, during a call, and is overridden": {
			call: true, last: input{before: licensed("Away", "away"), after: licensed("Away", "meeting")},
			now: licensed("Away", "away"), held: held{session: true, activity: "away"}, want: "the PBX does not show any more",
		},
		"a call on the PBX":                {call: true, now: licensed("InACall", ""), held: held{session: true}},
		"a call on the PBX, mirrored back": {call: true, now: licensed("InACall", ""), held: held{session: true, alien: true}, want: "an alien call stands"},
		"a call on the PBX, the PBX is overridden": {
			call: true, last: input{before: licensed("InACall", "away"), after: licensed("InACall", "meeting")},
			now: licensed("InACall", "away"), held: held{session: true, activity: "away"}, want: "the PBX does not show any more",
		},
		"a call on the PBX, no session":           {call: true, now: licensed("Available", ""), want: "a call on the PBX"},
		"a session, no call":                      {now: licensed("InACall", ""), held: held{session: true}, want: "a call on the PBX"},
		"a call in Teams":                         {now: licensed("Presenting", "lunch"), held: held{alien: true}},
		"a call in Teams, no alien":               {now: licensed("InACall", ""), want: "a call in Teams"},
		"an alien, no call":                       {now: licensed("Busy", "busy"), held: held{alien: true}, want: "a call in Teams"},
		"an alien call refused":                   {never: true, refused: refusals{alien: true}, now: licensed("InACall", "busy"), held: ours},
		"an alien call refused, nothing in place": {never: true, refused: refusals{alien: true}, now: licensed("InACall", ""), want: "does not show busy"},
		"an alien call refused, busy refused too": {never: true, refused: refusals{alien: true, activity: true, word: "busy"}, now: licensed("InACall", "")},
		"an alien call refused, a person's own":   {refused: refusals{alien: true, since: second(2)}, now: licensed("InACall", "lunch")},
		"an alien call refused, cleared since":    {refused: refusals{alien: true, since: second(0)}, now: licensed("InACall", "")},
		"an alien call refused, cleared before":   {refused: refusals{alien: true, since: second(2)}, now: licensed("InACall", ""), want: "does not show busy"},
		"an alien call refused, and no call":      {refused: refusals{alien: true}, now: licensed("Busy", ""), held: held{alien: true}, want: "a call in Teams"},
		"refused":                                 {never: true, refused: refusals{activity: true, word: "busy"}, now: licensed("Busy", "")},
		"refused, of another value":               {never: true, refused: refusals{activity: true, word: "dnd"}, now: licensed("Busy", ""), want: "do not map"},
		"refused, and a person was last": {
			refused: refusals{activity: true, word: "away"}, last: input{before: licensed("Away", ""), after: licensed("Away", "lunch")},
			now: licensed("Away", "busy"), preferred: "Away", want: "the PBX does not show any more",
		},
		"no licence":                 {now: glance{"Busy", "dnd", false}},
		"no licence, something held": {now: glance{"Busy", "busy", false}, held: ours, want: "without a licence"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &character{inputs: []input{{at: second(1), act: act{kind: sets}}, tc.last}}
			if tc.never {
				p.inputs = nil
			}
			if tc.call {
				p.call = new(pbxtest.Call)
			}
			why := p.disagreement(tc.last, tc.now, tc.held, tc.preferred, tc.refused)
			if tc.want == "" {
				require.Empty(t, why)
			}
			require.Contains(t, why, tc.want)
		})
	}
}
