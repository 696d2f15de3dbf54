package graphtest

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// assertionHolds reports whether a client assertion was signed by the application's
// certificate for this endpoint and is still valid.
func (s *Server) assertionHolds(app *App, kind, assertion, endpoint string, now time.Time) bool {
	if app.Certificate == nil || kind != assertionType {
		return false
	}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{"PS256", "RS256"}),
		jwt.WithAudience(endpoint),
		jwt.WithIssuer(app.ID),
		jwt.WithSubject(app.ID),
		jwt.WithExpirationRequired(),
		jwt.WithTimeFunc(func() time.Time { return now }),
		jwt.WithLeeway(5*time.Minute),
	)
	_, err := parser.Parse(assertion, func(token *jwt.Token) (any, error) {
		if !names(token.Header, app.Certificate.Raw) {
			return nil, errors.New("thumbprint of another certificate")
		}
		return app.Certificate.PublicKey, nil
	})
	return err == nil
}

// names reports whether the header of an assertion has a thumbprint of the certificate
// and none of another one. The authority takes either alphabet of base64, padded or not:
// JSON Web Signature wants the URL one, MSAL for Go sends the other.
func names(header map[string]any, der []byte) bool {
	old, current := sha1.Sum(der), sha256.Sum256(der)
	found := false
	for field, sum := range map[string][]byte{"x5t": old[:], "x5t#S256": current[:]} {
		if thumb, ok := header[field].(string); ok {
			thumb = strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(thumb)
			if thumb != base64.RawURLEncoding.EncodeToString(sum) {
				return false
			}
			found = true
		}
	}
	return found
}
