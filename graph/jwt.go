package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	defaultAuthority = "https://login.microsoftonline.com"
	// changeTracking is the application id of Microsoft Graph Change Tracking.
	changeTracking = "0bf30f3b-4a52-48df-9a82-234910c4a086"
	clockSkew      = 5 * time.Minute
)

// verifier checks the tokens that come with encrypted notifications (Graph: set up
// change notifications that include resource data). It is not safe for concurrent
// use.
type verifier struct {
	keys    *keySet
	parser  *jwt.Parser
	issuers []string
}

func newVerifier(authority, tenant, appID string, client *http.Client) *verifier {
	return &verifier{
		keys: &keySet{url: authority + "/common/discovery/v2.0/keys", client: client},
		parser: jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithAudience(appID),
			jwt.WithExpirationRequired(), jwt.WithLeeway(clockSkew)),
		issuers: []string{
			authority + "/" + tenant + "/v2.0",
			defaultAuthority + "/" + tenant + "/v2.0",
			"https://sts.windows.net/" + tenant + "/",
		},
	}
}

// verify returns nil where there are tokens and each is signed by the authority,
// for this tenant and application, on behalf of Graph.
func (v *verifier) verify(ctx context.Context, tokens []string) error {
	if len(tokens) == 0 {
		return errors.New("encrypted notifications came without a token: " +
			"does the app registration demand an assignment that Microsoft Graph Change Tracking does not have?")
	}
	for _, raw := range tokens {
		if err := v.one(ctx, raw); err != nil {
			return fmt.Errorf("validation token: %w", err)
		}
	}
	return nil
}

func (v *verifier) one(ctx context.Context, raw string) error {
	var claims struct {
		jwt.RegisteredClaims
		AppID string `json:"appid"` // version 1
		AZP   string `json:"azp"`   // version 2
	}
	_, err := v.parser.ParseWithClaims(raw, &claims, func(t *jwt.Token) (any, error) {
		id, _ := t.Header["kid"].(string)
		return v.keys.key(ctx, id)
	})
	if err != nil {
		return err
	}
	known := func(issuer string) bool { return strings.EqualFold(issuer, claims.Issuer) }
	if !slices.ContainsFunc(v.issuers, known) {
		return fmt.Errorf("issued by %q, not for this tenant", claims.Issuer)
	}
	if claims.AZP+claims.AppID != changeTracking {
		return errors.New("not made out for Microsoft Graph Change Tracking")
	}
	return nil
}
