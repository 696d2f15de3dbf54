package graphtest_test

import (
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func (w *world) get(address string) reply {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, address, nil)
	require.NoError(w.t, err)
	return w.send(r)
}

// verify checks a token by the published keys and returns its claims.
func (w *world) verify(token string) jwt.MapClaims {
	w.t.Helper()
	claims := jwt.MapClaims{}
	_, err := jwt.NewParser(jwt.WithTimeFunc(w.now)).ParseWithClaims(token, claims, w.published)
	require.NoError(w.t, err)
	return claims
}

// published finds the key of a token at the authority.
func (w *world) published(token *jwt.Token) (any, error) {
	for _, one := range w.get(w.AuthorityURL() + "/common/discovery/v2.0/keys").Body["keys"].([]any) {
		key := one.(object)
		if key["kid"] != token.Header["kid"] {
			continue
		}
		number := func(name string) *big.Int {
			raw, err := base64.RawURLEncoding.DecodeString(key[name].(string))
			require.NoError(w.t, err)
			return new(big.Int).SetBytes(raw)
		}
		return &rsa.PublicKey{N: number("n"), E: int(number("e").Int64())}, nil
	}
	return nil, fmt.Errorf("no key %v", token.Header["kid"])
}

func TestDiscovery(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, path := range map[string]string{
		"openid_configuration": "/" + w.Tenant() + "/v2.0/.well-known/openid-configuration",
		"user_realm":           "/common/UserRealm/ada%40contoso.com?api-version=1.0",
		"instance":             "/common/discovery/instance?api-version=1.1",
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, w.get(w.AuthorityURL()+path)) })
	}
	r := w.get(w.AuthorityURL() + "/contoso.onmicrosoft.example/v2.0/.well-known/openid-configuration")
	require.Equal(t, http.StatusBadRequest, r.Status)
	require.Equal(t, []any{90002.0}, r.Body["error_codes"])
}

func TestApplicationToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.tokens("grant_type", "client_credentials", "client_id", appID, "client_secret", secret, "scope", "https://graph.microsoft.com/.default")
	claims := w.verify(access(t, r))
	require.Equal(t, []any{"Presence.ReadWrite.All", "User.Read.All"}, claims["roles"])
	require.Equal(t, appID, claims["appid"])
	require.Equal(t, w.Tenant(), claims["tid"])
	require.Equal(t, float64(noon.Add(time.Hour).Unix()), claims["exp"])
	require.NotContains(t, claims, "scp")
	require.NotContains(t, r.Body, "id_token", "a cache of accounts would miss the second time")
	require.NotContains(t, r.Body, "client_info")
	require.NotContains(t, r.Body, "refresh_token")
	require.Equal(t, 3599.0, r.Body["expires_in"])
}

func TestPersonToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.tokens("grant_type", "password", "client_id", appID, "username", "ADA@contoso.com", "password", password)
	claims := w.verify(access(t, r))
	require.Equal(t, "Presence.Read.All Presence.ReadWrite User.Read.All", claims["scp"])
	require.Equal(t, w.ada, claims["oid"])
	require.NotContains(t, claims, "roles")
	require.Equal(t, "ada@contoso.com", w.verify(r.Body["id_token"].(string))["preferred_username"])

	raw, err := base64.RawURLEncoding.DecodeString(r.Body["client_info"].(string))
	require.NoError(t, err)
	var info object
	require.NoError(t, json.Unmarshal(raw, &info))
	require.Equal(t, object{"uid": w.ada, "utid": w.Tenant()}, info)
}

func TestRefreshTokens(t *testing.T) {
	t.Parallel()
	refresh := func(w *world, token any) reply {
		return w.tokens("grant_type", "refresh_token", "client_id", appID, "refresh_token", token.(string))
	}
	first := func(w *world) any {
		return w.tokens("grant_type", "password", "client_id", appID, "username", "ada@contoso.com", "password", password).Body["refresh_token"]
	}
	t.Run("slide", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		token := first(w)
		for range 3 {
			w.clock.Advance(89 * 24 * time.Hour)
			r := refresh(w, token)
			require.Equal(t, w.ada, w.verify(access(t, r))["oid"])
			token = r.Body["refresh_token"]
		}
		w.clock.Advance(90 * 24 * time.Hour)
		require.Equal(t, []any{700082.0}, refresh(w, token).Body["error_codes"])
	})
	t.Run("fail with their person", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		token := first(w)
		w.FailSignIn(w.ada, 50173)
		require.Equal(t, []any{50173.0}, refresh(w, token).Body["error_codes"])
		w.FailSignIn("ada@contoso.com", 0)
		require.Equal(t, http.StatusOK, refresh(w, token).Status)
		w.RemoveUser(w.ada)
		require.Equal(t, []any{50034.0}, refresh(w, token).Body["error_codes"])
	})
	t.Run("are of one application", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		token := first(w)
		w.AddApp(graphtest.App{ID: "other", PublicClient: true, Scopes: []string{"User.Read"}})
		r := w.tokens("grant_type", "refresh_token", "client_id", "other", "refresh_token", token.(string))
		require.Equal(t, "invalid_request", r.Body["error"])
		require.Equal(t, "invalid_request", refresh(w, "made up").Body["error"])
	})
}

func TestRefusedSignIns(t *testing.T) {
	t.Parallel()
	app := []string{"grant_type", "client_credentials", "client_id", appID, "client_secret", secret, "scope", "https://graph.microsoft.com/.default"}
	ada := []string{"grant_type", "password", "client_id", appID, "username", "ada@contoso.com", "password", password}
	tests := map[string]struct {
		prepare func(*world)
		form    []string
		with    []string // replaces fields of form
		code    int
		kind    string
	}{
		"unknown application":       {nil, app, []string{"client_id", "x"}, 700016, "unauthorized_client"},
		"wrong secret":              {nil, app, []string{"client_secret", "x"}, 7000215, "invalid_client"},
		"no secret":                 {nil, app, []string{"client_secret", ""}, 7000218, "invalid_client"},
		"assertion without a key":   {nil, app, []string{"client_assertion", "x"}, 700027, "invalid_client"},
		"no scope":                  {nil, app, []string{"scope", ""}, 70011, "invalid_scope"},
		"unknown grant":             {nil, app, []string{"grant_type", "magic"}, 70003, "unsupported_grant_type"},
		"failing application":       {func(w *world) { w.FailSignIn(appID, 7000222) }, app, nil, 7000222, "invalid_client"},
		"wrong password":            {nil, ada, []string{"password", "x"}, 50126, "invalid_grant"},
		"no password":               {nil, ada, []string{"password", ""}, 50126, "invalid_grant"},
		"no such person":            {nil, ada, []string{"username", "x@contoso.com"}, 50034, "invalid_grant"},
		"second factor":             {func(w *world) { w.RequireMFA("ada@contoso.com") }, ada, nil, 50076, "invalid_grant"},
		"disabled":                  {func(w *world) { w.UpdateUser(w.ada, func(u *graphtest.User) { u.Disabled = true }) }, ada, nil, 50057, "invalid_grant"},
		"locked":                    {func(w *world) { w.FailSignIn("ada@contoso.com", 50053) }, ada, nil, 50053, "invalid_grant"},
		"unnamed code":              {func(w *world) { w.FailSignIn("ada@contoso.com", 99999) }, ada, nil, 99999, "invalid_grant"},
		"nothing consented":         {func(w *world) { w.AddApp(graphtest.App{ID: appID, PublicClient: true}) }, ada, nil, 65001, "invalid_grant"},
		"public client not allowed": {func(w *world) { w.AddApp(graphtest.App{ID: appID, Scopes: []string{"User.Read"}}) }, ada, nil, 7000218, "invalid_client"},
		"unknown device code":       {nil, ada, []string{"grant_type", "device_code"}, 70018, "bad_verification_code"},
		"transient":                 {func(w *world) { w.FailSignIn(appID, 90033) }, app, nil, 90033, "temporarily_unavailable"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if test.prepare != nil {
				test.prepare(w)
			}
			r := w.tokens(append(append([]string{}, test.form...), test.with...)...)
			require.GreaterOrEqual(t, r.Status, 400)
			require.Equal(t, []any{float64(test.code)}, r.Body["error_codes"])
			require.Equal(t, test.kind, r.Body["error"])
			require.Contains(t, r.Body["error_description"], fmt.Sprintf("AADSTS%d: ", test.code))
			require.NotContains(t, r.Raw, secret)
			require.NotContains(t, r.Raw, password)
		})
	}
}

func TestSignInErrorEnvelope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.RequireMFA("ada@contoso.com")
	r := w.tokens("grant_type", "password", "client_id", appID, "username", "ada@contoso.com", "password", password)
	require.Contains(t, r.Body["error_description"], r.Body["trace_id"])
	require.Contains(t, r.Body["error_description"], r.Body["correlation_id"])
	goldenJSON(t, "sign_in_error", blank(r.Body, "trace_id", "correlation_id", "error_description"))
}

func TestDeviceCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ask := func() reply { return w.form("/"+w.Tenant()+"/oauth2/v2.0/devicecode", "client_id", appID) }
	redeem := func(r reply) reply {
		return w.tokens("grant_type", "urn:ietf:params:oauth:grant-type:device_code", "client_id", appID, "device_code", r.Body["device_code"].(string))
	}
	code := ask()
	require.Contains(t, code.Body["message"], code.Body["user_code"])
	require.Equal(t, 5.0, code.Body["interval"])
	pending := redeem(code)
	require.Equal(t, http.StatusBadRequest, pending.Status)
	require.Equal(t, "authorization_pending", pending.Body["error"])

	require.Error(t, w.ApproveDevice("WRONG", "ada@contoso.com"))
	require.NoError(t, w.ApproveDevice(code.Body["user_code"].(string), "ada@contoso.com"))
	require.Error(t, w.ApproveDevice(code.Body["user_code"].(string), "bob@contoso.com"), "approved already")
	require.Equal(t, w.ada, w.verify(access(t, redeem(code)))["oid"])
	require.Equal(t, "bad_verification_code", redeem(code).Body["error"], "used up")

	late := ask()
	w.clock.Advance(15 * time.Minute)
	require.Error(t, w.ApproveDevice(late.Body["user_code"].(string), "ada@contoso.com"))
	require.Equal(t, "expired_token", redeem(late).Body["error"])
	require.Equal(t, "unauthorized_client", w.form("/common/oauth2/v2.0/devicecode", "client_id", "x").Body["error"])
}

func TestRotatedKeysStayPublished(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.app()
	w.RotateKey()
	current := w.app()
	require.NotEqual(t, header(t, old)["kid"], header(t, current)["kid"])
	for _, token := range []string{old, current} {
		w.verify(token)
		require.Equal(t, http.StatusOK, w.do(token, http.MethodGet, "/users", nil).Status)
	}
}

func header(t *testing.T, token string) map[string]any {
	t.Helper()
	parsed, _, err := jwt.NewParser().ParseUnverified(token, jwt.MapClaims{})
	require.NoError(t, err)
	return parsed.Header
}
