package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/presence"
)

const (
	endpoint = "http://localhost/v1.0"
	hookURL  = "https://connector.example/graph"
	appID    = "22553876-f5ab-4529-bffb-cfe50aa89f87"
	tenantID = "84bd8158-6d4d-4958-8b9f-9d6445542f95"
)

// signedIn is a credential that always has a token.
type signedIn struct{}

func (signedIn) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// tenant is a Graph in memory, for tests inside of a synctest bubble. It knows
// presence and subscriptions, and answers the rest by what fail says.
type tenant struct {
	t    *testing.T
	hook http.Handler // is called for subscriptions; nil means that nobody answers

	mu       sync.Mutex
	shows    map[string]string // activity by object id
	sequence int
	subs     map[string]map[string]any
	made     int
	grant    time.Duration
	calls    []call
	created  func()                    // runs before a new subscription is answered
	fail     func(call) *http.Response // an answer in place of the usual one, or nil
	delay    func(*http.Request) error // runs before anything is answered
}

type call struct {
	Method, Path, Query, Body string
	Header                    http.Header
}

func (c call) String() string { return c.Method + " " + c.Path }

func newTenant(t *testing.T) *tenant {
	return &tenant{t: t, shows: map[string]string{}, subs: map[string]map[string]any{}, grant: time.Hour}
}

func (g *tenant) client() *graph.Client {
	c, err := graph.New(signedIn{}, graph.Options{Endpoint: endpoint, Transport: g, AppID: appID})
	require.NoError(g.t, err)
	return c
}

// show makes a person show an activity, without a notification.
func (g *tenant) show(user, activity string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sequence++
	g.shows[user] = activity
}

func (g *tenant) failing(f func(call) *http.Response) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.fail = f
}

// during sets what runs before anything is answered.
func (g *tenant) during(f func(*http.Request) error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.delay = f
}

// answering sets who is behind the notification URL; nil is nobody.
func (g *tenant) answering(hook http.Handler) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.hook = hook
}

// count returns how many calls there were whose text contains s.
func (g *tenant) count(s string) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for _, c := range g.calls {
		if strings.Contains(c.String(), s) {
			n++
		}
	}
	return n
}

// last returns the last call whose text contains s.
func (g *tenant) last(s string) call {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, c := range slices.Backward(g.calls) {
		if strings.Contains(c.String(), s) {
			return c
		}
	}
	g.t.Fatalf("no call %q", s)
	return call{}
}

// ids returns the ids of the subscriptions there are.
func (g *tenant) ids() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Sorted(maps.Keys(g.subs))
}

// vanish removes all subscriptions, as Graph does without saying so.
func (g *tenant) vanish() {
	g.mu.Lock()
	defer g.mu.Unlock()
	clear(g.subs)
}

func (g *tenant) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	c := call{r.Method, strings.TrimPrefix(r.URL.Path, "/v1.0"), r.URL.RawQuery, string(body), r.Header.Clone()}
	g.mu.Lock()
	g.calls = append(g.calls, c)
	fail, delay := g.fail, g.delay
	g.mu.Unlock()
	if delay != nil {
		if err := delay(r); err != nil {
			return nil, err
		}
	}
	if fail != nil {
		if resp := fail(c); resp != nil {
			return resp, nil
		}
	}
	switch id := strings.TrimPrefix(c.Path, "/subscriptions/"); {
	case c.Path == "/communications/getPresencesByUserId":
		return g.presences(body), nil
	case c.Path == "/subscriptions" && c.Method == "GET":
		return g.list(), nil
	case c.Path == "/subscriptions" && c.Method == "POST":
		return g.create(body), nil
	case c.Path == "/users":
		return reply(200, `{"value":[]}`), nil
	case id != c.Path:
		return g.change(c.Method, id, body), nil
	}
	return reply(200, ""), nil
}

func (g *tenant) presences(body []byte) *http.Response {
	var in struct{ IDs []string }
	require.NoError(g.t, json.Unmarshal(body, &in))
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(in.IDs) > 650 {
		return reply(400, `{"error":{"code":"BadRequest","message":"m"}}`)
	}
	out := []map[string]any{}
	for _, id := range in.IDs {
		if a, ok := g.shows[strings.ToLower(id)]; ok {
			out = append(out, map[string]any{"id": strings.ToLower(id), "availability": a, "activity": a,
				"sequenceNumber": fmt.Sprintf("A%08d", g.sequence)})
		}
	}
	return jsonReply(200, map[string]any{"value": out})
}

func (g *tenant) list() *http.Response {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expire()
	all := []any{}
	for _, id := range slices.Sorted(maps.Keys(g.subs)) {
		all = append(all, g.subs[id])
	}
	return jsonReply(200, map[string]any{"value": all})
}

func (g *tenant) expire() {
	for id, s := range g.subs {
		at, err := time.Parse(time.RFC3339, s["expirationDateTime"].(string))
		if err == nil && !at.After(time.Now()) {
			delete(g.subs, id)
		}
	}
}

func (g *tenant) create(body []byte) *http.Response {
	var s map[string]any
	require.NoError(g.t, json.Unmarshal(body, &s))
	g.mu.Lock()
	hook := g.hook
	g.mu.Unlock()
	for _, address := range []string{"notificationUrl", "lifecycleNotificationUrl"} {
		token := "Validation: Testing <client> & Request-Id: 1+1"
		r := httptest.NewRequest("POST", s[address].(string)+"?validationToken="+url.QueryEscape(token), nil)
		rw := httptest.NewRecorder()
		if hook != nil {
			hook.ServeHTTP(rw, r)
		}
		if rw.Body.String() != token || !strings.HasPrefix(rw.Header().Get("Content-Type"), "text/plain") {
			return reply(400, `{"error":{"code":"ValidationError","message":"m"}}`)
		}
	}
	made := g.insert(s)
	if made.StatusCode == 201 && g.created != nil {
		g.created()
	}
	return made
}

func (g *tenant) insert(s map[string]any) *http.Response {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expire()
	for _, other := range g.subs {
		if isPresence(other) && isPresence(s) {
			return reply(409, `{"error":{"code":"ExtensionError","message":"m"}}`)
		}
	}
	g.made++
	s["id"] = fmt.Sprintf("sub-%d", g.made)
	s["expirationDateTime"] = g.granted()
	g.subs[s["id"].(string)] = s
	return jsonReply(201, s)
}

func isPresence(s map[string]any) bool {
	return strings.Contains(s["resource"].(string), "communications/presences")
}

func (g *tenant) granted() string { return time.Now().Add(g.grant).UTC().Format(time.RFC3339) }

func (g *tenant) change(method, id string, body []byte) *http.Response {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expire()
	s, ok := g.subs[id]
	switch {
	case !ok:
		return reply(404, `{"error":{"code":"ResourceNotFound","message":"m"}}`)
	case method == "DELETE":
		delete(g.subs, id)
		return reply(204, "")
	}
	s["expirationDateTime"] = g.granted()
	return jsonReply(200, s)
}

// item is a basic notification of the one subscription there is.
func (g *tenant) item(user string) map[string]any {
	g.mu.Lock()
	defer g.mu.Unlock()
	for id, s := range g.subs {
		return map[string]any{"subscriptionId": id, "clientState": s["clientState"], "tenantId": tenantID,
			"changeType": "updated", "resourceData": map[string]any{"id": user}}
	}
	return map[string]any{"subscriptionId": "none"}
}

// deliver posts notifications to the webhook.
func (g *tenant) deliver(items ...map[string]any) {
	post(g.t, g.hook, map[string]any{"value": items})
}

// lifecycle delivers an event of the one subscription there is.
func (g *tenant) lifecycle(event string) {
	it := g.item("")
	delete(it, "changeType")
	it["lifecycleEvent"] = event
	g.deliver(it)
}

func post(t *testing.T, hook http.Handler, body any) {
	t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	rw := httptest.NewRecorder()
	hook.ServeHTTP(rw, httptest.NewRequest("POST", hookURL, bytes.NewReader(raw)))
	require.Equal(t, http.StatusAccepted, rw.Code)
}

func reply(status int, body string, headers ...string) *http.Response {
	h := http.Header{}
	if body != "" {
		h.Set("Content-Type", "application/json; charset=utf-8")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		h.Set(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)),
		ContentLength: int64(len(body)), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}
}

func jsonReply(status int, body any) *http.Response {
	raw, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	return reply(status, string(raw))
}

// seen collects what a feed says.
type seen struct {
	mu  sync.Mutex
	all []graph.Presence
}

func (s *seen) sink(p graph.Presence) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, p)
}

// take returns "user activity" of what was said since the last call, sorted by
// user; the order of one user is kept.
func (s *seen) take() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []string{}
	for _, p := range s.all {
		out = append(out, p.User+" "+p.Seen.Value.Activity)
	}
	s.all = nil
	slices.SortStableFunc(out, func(a, b string) int {
		return strings.Compare(strings.Fields(a)[0], strings.Fields(b)[0])
	})
	return out
}

func teams(word string) presence.Teams { return presence.Teams{Availability: word, Activity: word} }
