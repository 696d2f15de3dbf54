package graphtest

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// caller is who a token was issued to.
type caller struct {
	app    string // client id
	object string // object id of the person, or of the application's principal
	person bool   // delegated
	grants []string
}

// may reports whether the token grants one of the permissions.
func (c caller) may(permissions ...string) bool {
	return slices.ContainsFunc(permissions, func(p string) bool { return slices.Contains(c.grants, p) })
}

type tokenClaims struct {
	jwt.RegisteredClaims
	AppID  string   `json:"appid"`
	Object string   `json:"oid"`
	Kind   string   `json:"idtyp"`
	Scopes string   `json:"scp"`
	Roles  []string `json:"roles"`
}

func unauthorized(message string) *failure {
	return fail(http.StatusUnauthorized, "InvalidAuthenticationToken", "%s", message)
}

// authenticate verifies the token of a request: one of this authority's, for Graph, and
// not expired.
func (s *Server) authenticate(r *http.Request) (caller, error) {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return caller{}, unauthorized("Access token is empty.")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.verified[token]; ok && s.o.Now().Before(known.until) {
		return known.caller, nil
	}
	return s.verify(token)
}

// verified is a token whose signature was checked before.
type verified struct {
	caller caller
	until  time.Time
}

// verify checks everything about a token. Called with mu held.
func (s *Server) verify(token string) (caller, error) {
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{"RS256"}),
		jwt.WithAudience(graphAudience),
		jwt.WithIssuer(s.issuerV1()),
		jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(s.o.Now),
		jwt.WithLeeway(time.Second),
	)
	var claims tokenClaims
	switch _, err := parser.ParseWithClaims(token, &claims, s.publicKey); {
	case errors.Is(err, jwt.ErrTokenExpired):
		return caller{}, unauthorized("Lifetime validation failed, the token is expired.")
	case errors.Is(err, jwt.ErrTokenInvalidAudience):
		return caller{}, unauthorized("Access token validation failure. Invalid audience.")
	case err != nil:
		return caller{}, unauthorized("Access token validation failure.")
	}
	grants := claims.Roles
	if claims.Kind == "user" {
		grants = strings.Fields(claims.Scopes)
	}
	who := caller{app: claims.AppID, object: claims.Object, person: claims.Kind == "user", grants: grants}
	if len(s.verified) >= historyLimit {
		clear(s.verified)
	}
	s.verified[token] = verified{who, claims.ExpiresAt.Time}
	return who, nil
}
