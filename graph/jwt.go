package graph

import (
	"cmp"
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

// VerifierOptions of a Verifier.
type VerifierOptions struct {
	// Tenant (an id, not a domain) and AppID are what a token must be made out to.
	// Required.
	Tenant string
	AppID  string

	// Authority signs the tokens. Defaults to https://login.microsoftonline.com.
	Authority string

	// HTTP fetches the signing keys of the authority. Defaults to a client with a
	// timeout of 10 seconds.
	HTTP *http.Client
}

// Verifier checks the tokens that come with encrypted notifications (Graph: set up
// change notifications that include resource data). It is safe for concurrent use and
// must be made with NewVerifier.
type Verifier struct {
	keys    *keySet
	parser  *jwt.Parser
	issuers []string
}

// NewVerifier returns a Verifier, which fetches nothing before it is used.
func NewVerifier(o VerifierOptions) *Verifier {
	authority := strings.TrimRight(cmp.Or(o.Authority, defaultAuthority), "/")
	return &Verifier{
		keys: newKeySet(authority+"/common/discovery/v2.0/keys", o.HTTP),
		parser: jwt.NewParser(jwt.WithValidMethods([]string{"RS256"}), jwt.WithAudience(o.AppID),
			jwt.WithExpirationRequired(), jwt.WithLeeway(clockSkew)),
		issuers: []string{
			authority + "/" + o.Tenant + "/v2.0",
			defaultAuthority + "/" + o.Tenant + "/v2.0",
			"https://sts.windows.net/" + o.Tenant + "/",
		},
	}
}

// Verify returns nil where there are tokens and each is signed by the authority,
// for this tenant and application, on behalf of Graph. It waits for the authority
// only where it has not seen the key yet; keys of a day ago are fetched anew in the
// background, for 10 seconds at most.
func (v *Verifier) Verify(ctx context.Context, tokens []string) error {
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

func (v *Verifier) one(ctx context.Context, raw string) error {
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
