package graphtest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func TestClientAssertions(t *testing.T) {
	t.Parallel()
	cert, another := certificate(t, sharedKey()), certificate(t, sharedKey())
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	thumb := sha256.Sum256(cert.Raw)
	old := sha1.Sum(cert.Raw)
	wrong := sha256.Sum256(another.Raw)
	const kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

	// attempt is a sound assertion until a case changes it.
	type attempt struct {
		header map[string]any
		claims jwt.MapClaims
		method jwt.SigningMethod
		key    any
		kind   string
	}
	tests := map[string]struct {
		change func(*attempt)
		sound  bool
	}{
		"as MSAL sends it":    {func(*attempt) {}, true},
		"thumbprint for URLs": {func(a *attempt) { a.header["x5t#S256"] = base64.RawURLEncoding.EncodeToString(thumb[:]) }, true},
		"old thumbprint": {func(a *attempt) {
			delete(a.header, "x5t#S256")
			a.header["x5t"] = base64.RawURLEncoding.EncodeToString(old[:])
		}, true},
		"PKCS 1":                    {func(a *attempt) { a.method = jwt.SigningMethodRS256 }, true},
		"a little early":            {func(a *attempt) { a.claims["nbf"] = noon.Add(time.Minute).Unix() }, true},
		"no thumbprint":             {func(a *attempt) { delete(a.header, "x5t#S256") }, false},
		"thumbprint of another":     {func(a *attempt) { a.header["x5t#S256"] = base64.StdEncoding.EncodeToString(wrong[:]) }, false},
		"thumbprints that disagree": {func(a *attempt) { a.header["x5t"] = base64.RawURLEncoding.EncodeToString(wrong[:20]) }, false},
		"key of a stranger":         {func(a *attempt) { a.key = stranger }, false},
		"shared secret":             {func(a *attempt) { a.method, a.key = jwt.SigningMethodHS256, []byte("x") }, false},
		"unsigned":                  {func(a *attempt) { a.method, a.key = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType }, false},
		"for another endpoint":      {func(a *attempt) { a.claims["aud"] = "https://login.example/token" }, false},
		"by another application":    {func(a *attempt) { a.claims["iss"] = "another" }, false},
		"about another application": {func(a *attempt) { a.claims["sub"] = "another" }, false},
		"expired":                   {func(a *attempt) { a.claims["exp"] = noon.Add(-6 * time.Minute).Unix() }, false},
		"endless":                   {func(a *attempt) { delete(a.claims, "exp") }, false},
		"too early":                 {func(a *attempt) { a.claims["nbf"] = noon.Add(6 * time.Minute).Unix() }, false},
		"of another type":           {func(a *attempt) { a.kind = "saml" }, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.AddApp(graphtest.App{ID: "certified", Certificate: cert})
			a := attempt{
				header: map[string]any{"typ": "JWT", "x5t#S256": base64.StdEncoding.EncodeToString(thumb[:])},
				claims: jwt.MapClaims{
					"aud": w.AuthorityURL() + "/" + w.Tenant() + "/oauth2/v2.0/token", "iss": "certified", "sub": "certified",
					"jti": "1", "nbf": noon.Unix(), "exp": noon.Add(10 * time.Minute).Unix(),
				},
				method: jwt.SigningMethodPS256, key: sharedKey(), kind: kind,
			}
			test.change(&a)
			token := jwt.NewWithClaims(a.method, a.claims)
			for field, value := range a.header {
				token.Header[field] = value
			}
			assertion, err := token.SignedString(a.key)
			require.NoError(t, err)
			r := w.tokens("grant_type", "client_credentials", "client_id", "certified", "scope", "https://graph.microsoft.com/.default",
				"client_assertion_type", a.kind, "client_assertion", assertion)
			if test.sound {
				require.Equal(t, http.StatusOK, r.Status, r.Raw)
				return
			}
			require.Equal(t, http.StatusUnauthorized, r.Status)
			require.Equal(t, []any{700027.0}, r.Body["error_codes"])
		})
	}
}
