package graphtest_test

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func TestPermissions(t *testing.T) {
	t.Parallel()
	const (
		app    = false
		person = true
	)
	read := func(w *world, token string) reply {
		return w.do(token, http.MethodGet, "/users/"+w.bob+"/presence", nil)
	}
	own := func(w *world, token string) reply {
		return w.do(token, http.MethodGet, "/users/"+w.ada+"/presence", nil)
	}
	list := func(w *world, token string) reply {
		return w.do(token, http.MethodPost, "/communications/getPresencesByUserId", object{"ids": []string{w.bob}})
	}
	write := func(w *world, token string) reply {
		return w.do(token, http.MethodPost, "/users/"+w.ada+"/presence/clearUserPreferredPresence", nil)
	}
	users := func(w *world, token string) reply { return w.do(token, http.MethodGet, "/users", nil) }
	delta := func(w *world, token string) reply { return w.do(token, http.MethodGet, "/users/delta", nil) }
	me := func(w *world, token string) reply { return w.do(token, http.MethodGet, "/me", nil) }
	watch := func(w *world, token string) reply {
		return w.do(token, http.MethodPost, "/subscriptions", object{
			"changeType": "updated", "notificationUrl": hookURL, "resource": "communications/presences/" + w.ada,
			"expirationDateTime": w.now().Add(time.Hour).Format(time.RFC3339),
		})
	}
	watchUsers := func(w *world, token string) reply {
		return w.do(token, http.MethodPost, "/subscriptions", object{
			"changeType": "updated,deleted", "notificationUrl": hookURL, "resource": "users",
			"expirationDateTime": w.now().Add(time.Hour).Format(time.RFC3339),
		})
	}

	tests := map[string]struct {
		kind       bool
		permission string
		ask        func(*world, string) reply
		status     int
		code       string
	}{
		"app reads presence":                         {app, "Presence.Read.All", read, 200, ""},
		"app that may write reads presence":          {app, "Presence.ReadWrite.All", read, 200, ""},
		"app reads presence without permission":      {app, "User.Read.All", read, 403, "Forbidden"},
		"app lists presence":                         {app, "Presence.Read.All", list, 200, ""},
		"app lists presence without permission":      {app, "", list, 403, "Forbidden"},
		"person reads presence":                      {person, "Presence.Read.All", read, 200, ""},
		"person reads only their own":                {person, "Presence.Read", read, 403, "Forbidden"},
		"person reads their own":                     {person, "Presence.Read", own, 200, ""},
		"app writes presence":                        {app, "Presence.ReadWrite.All", write, 200, ""},
		"app that may read writes presence":          {app, "Presence.Read.All", write, 403, "Forbidden"},
		"person writes their own presence":           {person, "Presence.ReadWrite", write, 200, ""},
		"person that may read writes presence":       {person, "Presence.Read.All", write, 403, "Forbidden"},
		"app reads users":                            {app, "User.Read.All", users, 200, ""},
		"app reads users without permission":         {app, "Presence.Read.All", users, 403, "Authorization_RequestDenied"},
		"app reads delta without permission":         {app, "Presence.Read.All", delta, 403, "Authorization_RequestDenied"},
		"person reads themselves":                    {person, "User.Read", me, 200, ""},
		"person reads themselves without permission": {person, "Presence.Read", me, 403, "Authorization_RequestDenied"},
		"person watches presence":                    {person, "Presence.Read.All", watch, 201, ""},
		"person watches presence without permission": {person, "Presence.Read", watch, 403, "ExtensionError"},
		"app watches presence":                       {app, "Presence.Read.All", watch, 403, "ExtensionError"},
		"app that may write watches presence":        {app, "Presence.ReadWrite.All", watch, 403, "ExtensionError"},
		"app watches users":                          {app, "User.Read.All", watchUsers, 201, ""},
		"person watches users":                       {person, "User.Read.All", watchUsers, 201, ""},
		"app watches users without permission":       {app, "Presence.Read.All", watchUsers, 403, "ExtensionError"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			// The other kind of permission is given in full, and must not help.
			a := graphtest.App{ID: appID, Secret: secret, PublicClient: true, Roles: []string{"Everything"}, Scopes: []string{"Everything"}}
			if test.kind == person {
				a.Scopes = []string{test.permission}
				a.Roles = []string{"Presence.ReadWrite.All", "Presence.Read.All", "User.Read.All"}
			} else {
				a.Roles = []string{test.permission}
				a.Scopes = []string{"Presence.ReadWrite", "Presence.Read.All", "User.Read.All"}
			}
			w.AddApp(a)
			var token string
			if test.kind == person {
				token = w.person("ada@contoso.com")
			} else {
				token = w.app()
			}
			r := test.ask(w, token)
			require.Equal(t, test.status, r.Status, r.Raw)
			require.Equal(t, test.code, r.code())
		})
	}
}

func TestBadTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.app()
	claims := func(change object) string {
		all := jwt.MapClaims{}
		_, _, err := jwt.NewParser().ParseUnverified(good, all)
		require.NoError(t, err)
		for name, value := range change {
			all[name] = value
		}
		token := jwt.NewWithClaims(jwt.SigningMethodRS256, all)
		token.Header["kid"] = header(t, good)["kid"]
		signed, err := token.SignedString(sharedKey())
		require.NoError(t, err)
		return signed
	}
	dot := strings.LastIndexByte(good, '.')
	tests := map[string]string{
		"none":           "",
		"not a token":    "abc",
		"spoilt":         good[:dot+1] + strings.Repeat("A", len(good)-dot-1),
		"expired":        claims(object{"exp": noon.Add(-time.Minute).Unix()}),
		"other audience": claims(object{"aud": "https://management.azure.com"}),
		"other tenant":   claims(object{"iss": "https://sts.windows.net/other/"}),
	}
	require.Equal(t, http.StatusOK, w.do(claims(nil), http.MethodGet, "/users", nil).Status)
	for name, token := range tests {
		t.Run(name, func(t *testing.T) {
			r := w.do(token, http.MethodGet, "/users", nil)
			require.Equal(t, http.StatusUnauthorized, r.Status)
			require.Equal(t, "InvalidAuthenticationToken", r.code())
			require.Contains(t, r.Header.Get("WWW-Authenticate"), "Bearer")
		})
	}
}

func TestTokensExpireAndKeepTheirPermissions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.app()
	w.AddApp(graphtest.App{ID: appID})
	w.clock.Advance(59 * time.Minute)
	require.Equal(t, http.StatusOK, w.do(token, http.MethodGet, "/users", nil).Status)
	w.clock.Advance(2 * time.Minute)
	require.Equal(t, "InvalidAuthenticationToken", w.do(token, http.MethodGet, "/users", nil).code())
}

func TestErrorEnvelope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.do(w.app(), http.MethodGet, "/users/nobody", nil, "client-request-id", "mine")
	require.Equal(t, "mine", r.Header.Get("client-request-id"))
	inner := r.Body["error"].(object)["innerError"].(object)
	require.Equal(t, r.Header.Get("request-id"), inner["request-id"])
	require.NotEmpty(t, r.Header.Get("x-ms-ags-diagnostic"))
	goldenJSON(t, "error", blank(r.Body, "request-id"))
}

func TestRequestBodies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.app()
	plain := `{"ids":["` + w.ada + `"]}`
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, err := zip.Write([]byte(plain))
	require.NoError(t, err)
	require.NoError(t, zip.Close())

	tests := map[string]struct {
		body    string
		headers []string
		status  int
	}{
		"plain":                      {plain, nil, 200},
		"compressed":                 {packed.String(), []string{"Content-Encoding", "gzip"}, 200},
		"plain that says compressed": {plain, []string{"Content-Encoding", "gzip"}, 400},
		"compressed and cut":         {packed.String()[:packed.Len()-6], []string{"Content-Encoding", "gzip"}, 400},
		"compressed that says plain": {packed.String(), nil, 400},
		"unknown compression":        {plain, []string{"Content-Encoding", "br"}, 415},
		"no JSON":                    {"ids=1", []string{"Content-Type", "application/x-www-form-urlencoded"}, 400},
		"too large":                  {strings.Repeat(" ", 5<<20) + plain, nil, 413},
		"empty":                      {"", nil, 400},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := w.do(token, http.MethodPost, "/communications/getPresencesByUserId", test.body, test.headers...)
			require.Equal(t, test.status, r.Status, r.Raw)
		})
	}
}

func TestChunkedBodyOverASocket(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	require.NoError(t, w.Start())
	t.Cleanup(w.Close)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.GraphURL()+"/communications/getPresencesByUserId", struct{ *strings.Reader }{strings.NewReader(`{"ids":["` + w.ada + `"]}`)})
	require.NoError(t, err)
	r.ContentLength = -1
	r.Header.Set("Authorization", "Bearer "+w.app())
	r.Header.Set("Content-Type", "application/json")
	require.Equal(t, http.StatusOK, w.send(r).Status)
}
