package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/presence"
)

func TestTheApplicationSignsInByCertificate(t *testing.T) {
	t.Parallel()
	data, err := keyOf(time.Now()) // any certificate with its key will do
	require.NoError(t, err)
	keys, err := parseNotifyKeys(data)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "app.pem")
	require.NoError(t, os.WriteFile(file, data, 0o600))
	s := running(t, "sweep", map[string]any{"graph-client-secret": "", "graph-certificate": file}, func(s *stage) {
		s.tenant.AddApp(graphtest.App{
			ID: demoApp, Certificate: keys[0].Certificate,
			Roles: []string{"User.Read.All", "Presence.Read.All", "Presence.ReadWrite.All"},
		})
	})
	s.until(t, func(st status) bool { return green(st.Lights) && st.Bridge.Linked == 8 })
}

func TestACertificateIsReadFromPEMAndPKCS12(t *testing.T) {
	t.Parallel()
	data, err := keyOf(time.Now())
	require.NoError(t, err)
	keys, err := parseNotifyKeys(data)
	require.NoError(t, err)
	files := map[string][]byte{"app.pem": data}
	for name, encoder := range map[string]*pkcs12.Encoder{"modern.pfx": pkcs12.Modern2023, "des.pfx": pkcs12.LegacyDES, "rc2.pfx": pkcs12.LegacyRC2} {
		files[name], err = encoder.Encode(keys[0].Private, keys[0].Certificate, nil, "hush")
		require.NoError(t, err)
	}
	for name, content := range files {
		file := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(file, content, 0o600))
		certs, key, err := readCertificate(file, "hush")
		require.NoError(t, err, name)
		require.Equal(t, keys[0].Certificate.Raw, certs[0].Raw)
		require.True(t, keys[0].Private.Equal(key))
		if name != "app.pem" {
			_, _, err = readCertificate(file, "wrong")
			require.ErrorContains(t, err, "graph-certificate-password", name)
		}
	}
}

func TestACertificateFileWithoutOneIsNamed(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"no certificate": "neither PEM nor PKCS#12",
		"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n": "holds no certificate with its key",
	} {
		file := filepath.Join(t.TempDir(), "app.pem")
		require.NoError(t, os.WriteFile(file, []byte(content), 0o600))
		_, err := config{Graph: graphConfig{Certificate: file}}.application(nil)
		require.ErrorContains(t, err, file)
		require.ErrorContains(t, err, want)
	}
	_, err := config{Graph: graphConfig{Certificate: "/nowhere/app.pem"}}.application(nil)
	require.ErrorContains(t, err, "/nowhere")
}

// logBuffer is a log that may be read while it is written.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestTheCommunicationUserSignsInByCode(t *testing.T) {
	t.Parallel()
	log := new(logBuffer)
	d, _ := testDemo(60 * time.Second)
	d.keys = map[string]any{"users": demoUser}
	d.log = slog.New(slog.NewTextHandler(log, nil))
	s, err := newStage(t.Context(), "auto", d.setting)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close()) }()
	s.tenant.RequireMFA(demoUser)
	require.NoError(t, s.startConnector())

	asked := regexp.MustCompile(`sign in the communication user.* code=(\S+)`)
	require.Eventually(t, func() bool { return asked.MatchString(log.String()) }, s.patience, 10*time.Millisecond)
	require.NoError(t, s.tenant.ApproveDevice(asked.FindStringSubmatch(log.String())[1], demoUser))
	s.until(t, func(st status) bool { return green(st.Lights) })
	require.NotContains(t, log.String(), demoSecret)
}

func TestARestartAsksNobodyToSignInAgain(t *testing.T) {
	t.Parallel()
	log := new(logBuffer)
	d, _ := testDemo(60 * time.Second)
	d.keys = map[string]any{"users": demoUser}
	d.log = slog.New(slog.NewTextHandler(log, nil))
	s, err := newStage(t.Context(), "push", d.setting)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close()) }()
	require.NoError(t, s.startConnector())
	st := s.until(t, func(st status) bool { return light(st, demoUser).Todo != "" })
	require.Contains(t, light(st, "authentication").Todo, "https://microsoft.com/devicelogin", "the page says where to enter the code")
	asked := regexp.MustCompile(`enter the code (\S+) and`)
	require.NoError(t, s.tenant.ApproveDevice(asked.FindStringSubmatch(light(st, demoUser).Todo)[1], demoUser))
	s.until(t, func(st status) bool { return green(st.Lights) })

	require.NoError(t, s.stopConnector())
	require.NoError(t, s.startConnector())
	s.until(t, func(st status) bool { return green(st.Lights) })
	require.Equal(t, 1, s.tenant.Calls()[graphtest.RouteDeviceCode])
	info, err := os.Stat(filepath.Join(s.dir, "connector.db.signin.key"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	require.NoError(t, s.stopConnector())
	require.NoError(t, s.releaseConnector(t.Context()))
	left, err := s.newConnector()
	require.NoError(t, err)
	signIns, err := left.store.SignIns(t.Context())
	require.NoError(t, err)
	require.Empty(t, signIns, "release leaves no sign-in behind")
	require.NoError(t, left.close())
}

// endpoint answers in the place of the metadata service of Azure, with a token that the
// authority gives for the secret; everything else goes on to next.
type endpoint struct {
	next   http.RoundTripper
	token  string // address of the token endpoint
	asked  []string
	secret string
}

func (e *endpoint) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != "169.254.169.254" {
		return e.next.RoundTrip(r)
	}
	e.asked = append(e.asked, r.URL.Query().Get("client_id")+" "+r.URL.Query().Get("resource"))
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {demoApp}, "client_secret": {e.secret},
		"scope": {"https://graph.microsoft.com/.default"}}
	inner, err := http.NewRequestWithContext(r.Context(), http.MethodPost, e.token, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	inner.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return e.next.RoundTrip(inner)
}

func TestTheApplicationSignsInByManagedIdentity(t *testing.T) {
	t.Parallel()
	for identity, want := range map[string]string{"system-assigned": " https://graph.microsoft.com", "user-assigned": demoApp + " https://graph.microsoft.com"} {
		t.Run(identity, func(t *testing.T) {
			t.Parallel()
			d, _ := testDemo(time.Minute)
			s, err := newStage(t.Context(), "sweep", d.setting)
			require.NoError(t, err)
			defer func() { require.NoError(t, s.close()) }()
			web := &endpoint{next: s.tenant.Client().Transport, secret: demoSecret, token: s.tenant.AuthorityURL() + "/" + s.tenant.Tenant() + "/oauth2/v2.0/token"}
			c := config{Graph: graphConfig{Identity: identity, ClientID: demoApp, Authority: s.tenant.AuthorityURL()}}
			cred, err := c.application(&http.Client{Transport: web})
			require.NoError(t, err)
			client, err := graph.New(cred, graph.Options{Endpoint: s.tenant.GraphURL(), Transport: s.tenant.Client().Transport})
			require.NoError(t, err)
			people, err := client.People(t.Context())
			require.NoError(t, err)
			require.NotEmpty(t, people)
			require.Equal(t, []string{want}, web.asked)
		})
	}
}

// silence is where nobody answers.
type silence struct{}

func (silence) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

func TestWhereThereIsNoManagedIdentityIsKnownSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cred, err := config{Graph: graphConfig{Identity: "system-assigned"}}.application(&http.Client{Transport: silence{}})
		require.NoError(t, err)
		client, err := graph.New(cred, graph.Options{})
		require.NoError(t, err)
		begin := time.Now()
		_, err = client.People(t.Context())
		require.Contains(t, presence.Advice(err), "No endpoint of managed identities")
		require.Less(t, time.Since(begin), 90*time.Second)
		require.Equal(t, presence.StateFailed, client.Health().State)
	})
}

func TestTheApplicationSignsInByWorkloadIdentity(t *testing.T) {
	t.Parallel()
	d, _ := testDemo(time.Minute)
	s, err := newStage(t.Context(), "sweep", d.setting)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close()) }()
	data, err := keyOf(time.Now())
	require.NoError(t, err)
	keys, err := parseNotifyKeys(data)
	require.NoError(t, err)
	s.tenant.AddApp(graphtest.App{ID: demoApp, Certificate: keys[0].Certificate, Roles: []string{"User.Read.All"}})

	// What a cluster writes into the file is an assertion of its own; to the authority
	// it is one like another.
	authority := s.tenant.AuthorityURL()
	assertion := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{Issuer: demoApp, Subject: demoApp,
		Audience: jwt.ClaimStrings{authority + "/" + s.tenant.Tenant() + "/oauth2/v2.0/token"}, ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour))})
	sum := sha256.Sum256(keys[0].Certificate.Raw)
	assertion.Header["x5t#S256"] = base64.RawURLEncoding.EncodeToString(sum[:])
	raw, err := assertion.SignedString(keys[0].Private)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(file, []byte(raw), 0o600))

	c := config{Graph: graphConfig{Identity: "workload", TokenFile: file, Tenant: s.tenant.Tenant(), ClientID: demoApp, Authority: authority}}
	cred, err := c.application(s.tenant.Client())
	require.NoError(t, err)
	client, err := graph.New(cred, graph.Options{Endpoint: s.tenant.GraphURL(), Transport: s.tenant.Client().Transport})
	require.NoError(t, err)
	people, err := client.People(t.Context())
	require.NoError(t, err)
	require.NotEmpty(t, people)

	require.NoError(t, os.WriteFile(file, []byte("not an assertion"), 0o600))
	cred, err = c.application(s.tenant.Client())
	require.NoError(t, err)
	client, err = graph.New(cred, graph.Options{Endpoint: s.tenant.GraphURL(), Transport: s.tenant.Client().Transport})
	require.NoError(t, err)
	_, err = client.People(t.Context())
	require.ErrorContains(t, err, "AADSTS700027")
}
