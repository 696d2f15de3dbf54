package graphtest_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

const (
	appID    = "24d3b144-21ae-4080-943f-7067b395b913"
	secret   = "app-secret"
	password = "ada-password"
	hookURL  = "https://hook.example/notify?keep=me"
	lifeURL  = "https://hook.example/lifecycle"
)

var noon = time.Date(2026, time.September, 14, 12, 0, 0, 0, time.UTC)

var sharedKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// world is a server reached in memory, an application with every permission, the people
// ada, bob and svc, and an endpoint for notifications.
type world struct {
	*graphtest.Server
	t             *testing.T
	hook          *hook
	clock         *clock
	now           func() time.Time // the server's
	ada, bob, svc string
}

// newWorld has a clock that stands still. It is not running.
func newWorld(t *testing.T, change ...func(*graphtest.Options)) *world {
	t.Helper()
	w := &world{t: t, hook: &hook{}, clock: &clock{now: noon}}
	o := graphtest.Options{Key: sharedKey(), Now: w.clock.Now, DeliverClient: &http.Client{Transport: w.hook}}
	for _, c := range change {
		c(&o)
	}
	if w.now = o.Now; w.now == nil {
		w.now = time.Now
	}
	w.Server = graphtest.New(o)
	w.AddApp(graphtest.App{
		ID: appID, Secret: secret, PublicClient: true,
		Roles:  []string{"Presence.ReadWrite.All", "User.Read.All"},
		Scopes: []string{"Presence.Read.All", "Presence.ReadWrite", "User.Read.All"},
	})
	w.ada = w.AddUser(graphtest.User{ID: "00000000-0000-4000-8000-00000000000a", DisplayName: "Ada Lovelace", UPN: "ada@contoso.com", Mail: "ada@contoso.com", Addresses: []string{"SMTP:ada@contoso.com"}, Password: password, Teams: true})
	w.bob = w.AddUser(graphtest.User{ID: "00000000-0000-4000-8000-00000000000b", DisplayName: "Bob", UPN: "bob@contoso.com", Password: password, Teams: true})
	w.svc = w.AddUser(graphtest.User{ID: "00000000-0000-4000-8000-00000000000c", DisplayName: "Service", UPN: "svc@contoso.com", Password: password})
	return w
}

// running is newWorld with the clock of the program, running until the test ends.
func running(t *testing.T, change ...func(*graphtest.Options)) *world {
	t.Helper()
	w := newWorld(t, append([]func(*graphtest.Options){func(o *graphtest.Options) { o.Now = nil }}, change...)...)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.ErrorIs(t, <-done, context.Canceled)
	})
	return w
}

// pass lets time pass inside a bubble.
func pass(d time.Duration) { <-time.After(d) }

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// object is a decoded JSON object.
type object = map[string]any

// reply is an answer of the server.
type reply struct {
	Status int
	Header http.Header
	Body   object
	Raw    string
}

// code is the error code of a refused request to Graph.
func (r reply) code() string {
	e, _ := r.Body["error"].(object)
	code, _ := e["code"].(string)
	return code
}

func (r reply) message() string {
	e, _ := r.Body["error"].(object)
	message, _ := e["message"].(string)
	return message
}

func (w *world) send(r *http.Request) reply {
	w.t.Helper()
	answer, err := w.Client().Do(r)
	require.NoError(w.t, err)
	defer answer.Body.Close()
	raw, err := io.ReadAll(answer.Body)
	require.NoError(w.t, err)
	out := reply{Status: answer.StatusCode, Header: answer.Header, Raw: string(raw)}
	if len(raw) > 0 {
		require.NoError(w.t, json.Unmarshal(raw, &out.Body), string(raw))
	}
	return out
}

// do sends a request to Graph; path may be absolute, body is nil, a string or a value.
func (w *world) do(token, method, path string, body any, headers ...string) reply {
	w.t.Helper()
	if !strings.Contains(path, "://") {
		path = w.GraphURL() + path
	}
	var payload io.Reader = http.NoBody
	if body != nil {
		raw, ok := body.(string)
		if !ok {
			encoded, err := json.Marshal(body)
			require.NoError(w.t, err)
			raw = string(encoded)
		}
		payload = strings.NewReader(raw)
	}
	r, err := http.NewRequestWithContext(w.t.Context(), method, path, payload)
	require.NoError(w.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return w.send(r)
}

// tokens posts a form to the token endpoint.
func (w *world) tokens(form ...string) reply {
	w.t.Helper()
	return w.form("/"+w.Tenant()+"/oauth2/v2.0/token", form...)
}

func (w *world) form(path string, form ...string) reply {
	w.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.AuthorityURL()+path, strings.NewReader(values.Encode()))
	require.NoError(w.t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.send(r)
}

func access(t *testing.T, r reply) string {
	t.Helper()
	require.Equal(t, http.StatusOK, r.Status, r.Raw)
	return r.Body["access_token"].(string)
}

func (w *world) app() string {
	w.t.Helper()
	return access(w.t, w.tokens("grant_type", "client_credentials", "client_id", appID, "client_secret", secret, "scope", "https://graph.microsoft.com/.default"))
}

func (w *world) person(upn string) string {
	w.t.Helper()
	return access(w.t, w.tokens("grant_type", "password", "client_id", appID, "username", upn, "password", password, "scope", "https://graph.microsoft.com/.default"))
}

// subscribe makes a presence subscription of svc for ada and bob, with changes to its body.
func (w *world) subscribe(change ...object) reply {
	w.t.Helper()
	body := object{
		"changeType": "updated", "notificationUrl": hookURL, "lifecycleNotificationUrl": lifeURL,
		"resource":           "/communications/presences?$filter=id in ('" + w.ada + "','" + w.bob + "')",
		"expirationDateTime": w.now().Add(59 * time.Minute).Format(time.RFC3339Nano), "clientState": "state",
	}
	for _, c := range change {
		for name, value := range c {
			body[name] = value
		}
	}
	return w.do(w.person("svc@contoso.com"), http.MethodPost, "/subscriptions", body)
}

// hook is a notification endpoint. Its fields are set before it is used.
type hook struct {
	validate http.HandlerFunc                        // nil: as Graph wants it
	answer   func(w http.ResponseWriter, n int) bool // called for the nth POST from 1; false: refused or slow

	mu    sync.Mutex
	asked []string // handshakes
	posts []post
}

type post struct {
	URL  string
	Body struct {
		Value  []object `json:"value"`
		Tokens []string `json:"validationTokens"`
	}
	Raw string
}

// RoundTrip takes the place of the network.
func (h *hook) RoundTrip(r *http.Request) (*http.Response, error) {
	out := httptest.NewRecorder()
	in := r.Clone(r.Context())
	h.ServeHTTP(out, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return out.Result(), nil
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if token := r.URL.Query().Get("validationToken"); token != "" {
		h.mu.Lock()
		h.asked = append(h.asked, r.URL.Path)
		h.mu.Unlock()
		if h.validate != nil {
			h.validate(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, token)
		return
	}
	raw, _ := io.ReadAll(r.Body)
	p := post{URL: r.URL.String(), Raw: string(raw)}
	_ = json.Unmarshal(raw, &p.Body)
	h.mu.Lock()
	h.posts = append(h.posts, p)
	n := len(h.posts)
	h.mu.Unlock()
	if h.answer == nil || h.answer(w, n) {
		w.WriteHeader(http.StatusAccepted)
	}
}

func (h *hook) received() []post {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]post(nil), h.posts...)
}

// items are the notifications received, in order.
func (h *hook) items() []object {
	var all []object
	for _, p := range h.received() {
		all = append(all, p.Body.Value...)
	}
	return all
}

// certificate makes a self-signed one.
func certificate(t *testing.T, key crypto.Signer) *x509.Certificate {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: "test"}, NotBefore: noon.AddDate(-30, 0, 0), NotAfter: noon.AddDate(30, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert
}

func base64Cert(c *x509.Certificate) string { return base64.StdEncoding.EncodeToString(c.Raw) }

func indent(t *testing.T, v any) string {
	t.Helper()
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	require.NoError(t, encoder.Encode(v))
	return out.String()
}
