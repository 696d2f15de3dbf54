package graph

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"golang.org/x/oauth2"
)

const (
	// codeWait is how long one attempt waits for the code to be entered.
	codeWait = 30 * time.Second
	// codePause is the longest pause before the next attempt.
	codePause = 30 * time.Second
	// tokenMargin is the rest of its life that a token is not used for.
	tokenMargin = 5 * time.Minute
	// renewAgain is the shortest time between two attempts to renew a token that is
	// still good.
	renewAgain = 30 * time.Second
	// signInTimeout is that of one request to the authority.
	signInTimeout = 30 * time.Second
)

// DeviceCodeOptions of a DeviceCode. What has no default is required.
type DeviceCodeOptions struct {
	// Tenant, ClientID and UPN say which account signs in to what. The app
	// registration must allow public client flows.
	Tenant   string
	ClientID string
	UPN      string

	// Store keeps the refresh token over restarts, as "user/<upn>", encrypted with a
	// key that is derived from Secret. Without a Store each start asks somebody.
	Store  SignIns
	Secret []byte

	// Authority defaults to https://login.microsoftonline.com.
	Authority string

	// HTTP carries the requests to the authority. Defaults to a client with a timeout
	// of 30 seconds.
	HTTP *http.Client

	// Logger receives the code that has to be entered, and what could not be stored.
	// Defaults to discarding.
	Logger *slog.Logger
}

// DeviceCode is the credential of an account that somebody signs in once, with a code
// in a browser, multi-factor authentication included (RFC 8628; Microsoft identity
// platform: device authorization grant). From then on it renews itself with its
// refresh token, which lives 90 days after each use.
//
// It is safe for concurrent use and must be made with NewDeviceCode.
type DeviceCode struct {
	o     DeviceCodeOptions
	vault *vault // nil without a store
	log   *slog.Logger

	turn    chan struct{} // holds the one turn; guards the following
	read    bool          // the vault was asked
	token   *oauth2.Token // nil while nobody is signed in
	again   time.Time     // when a token that is still good may be renewed
	pending *oauth2.DeviceAuthResponse
}

var _ azcore.TokenCredential = (*DeviceCode)(nil)

// SignInNeededError says that somebody has to sign the account in.
type SignInNeededError struct {
	UPN     string
	URL     string // where to enter Code
	Code    string
	Expires time.Time // of Code; a new one follows

	// Stranger is set where another account than UPN has been signed in.
	Stranger bool
}

func (e *SignInNeededError) Error() string {
	if e.Stranger {
		return "another account than " + e.UPN + " was signed in"
	}
	return "nobody has signed in " + e.UPN
}

// Advice says where to enter the code.
func (e *SignInNeededError) Advice() string {
	return fmt.Sprintf("Open %s, enter the code %s and sign in as %s. The code is good until %s.",
		e.URL, e.Code, e.UPN, e.Expires.UTC().Format("15:04 MST"))
}

// NewDeviceCode returns a credential. It asks nobody before its first use.
func NewDeviceCode(o DeviceCodeOptions) (*DeviceCode, error) {
	if o.Tenant == "" || o.ClientID == "" || o.UPN == "" {
		return nil, errors.New("graph: a sign-in by device code needs a tenant, a client id and a UPN")
	}
	o.Authority = strings.TrimRight(cmp.Or(o.Authority, defaultAuthority), "/")
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: signInTimeout}
	}
	d := &DeviceCode{o: o, log: logger(o.Logger, "sign-in").With("user", o.UPN), turn: make(chan struct{}, 1)}
	d.o.Secret = nil // the vault has what is made of it
	if o.Store == nil {
		return d, nil
	}
	var err error
	if d.vault, err = newVault(o.Store, "user/"+strings.ToLower(o.UPN), o.Secret); err != nil {
		return nil, fmt.Errorf("graph: sign-in of %s: %w", o.UPN, err)
	}
	return d, nil
}

// String names the account, and none of its secrets.
func (d *DeviceCode) String() string { return "sign-in of " + d.o.UPN }

// GoString names the account, and none of its secrets.
func (d *DeviceCode) GoString() string { return d.String() }

// GetToken returns a token. Where somebody has to sign in it fails with a
// [*SignInNeededError]; while that error's code is good it waits up to 30 seconds for
// it to be entered. While the authority is out of order it returns the token there is
// until that expires.
func (d *DeviceCode) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
	case <-ctx.Done():
		return azcore.AccessToken{}, ctx.Err()
	}
	ctx = context.WithValue(ctx, oauth2.HTTPClient, d.o.HTTP)
	if err := d.recall(ctx); err != nil {
		return azcore.AccessToken{}, err
	}
	conf := d.config(o.Scopes)
	// Claims are a challenge: Graph no longer takes the token there is.
	if d.token != nil && (o.Claims != "" || d.due()) {
		if err := d.renew(ctx, conf); err != nil && (o.Claims != "" || !d.outlasts(ctx, err)) {
			return azcore.AccessToken{}, err
		}
	}
	if d.token == nil {
		if err := d.ask(ctx, conf); err != nil {
			return azcore.AccessToken{}, err
		}
	}
	return azcore.AccessToken{Token: d.token.AccessToken, ExpiresOn: d.token.Expiry}, nil
}

func (d *DeviceCode) config(scopes []string) *oauth2.Config {
	base := d.o.Authority + "/" + d.o.Tenant + "/oauth2/v2.0/"
	return &oauth2.Config{
		ClientID: d.o.ClientID,
		Scopes:   append(slices.Clone(scopes), "openid", "profile", "offline_access"),
		Endpoint: oauth2.Endpoint{
			TokenURL: base + "token", DeviceAuthURL: base + "devicecode", AuthStyle: oauth2.AuthStyleInParams,
		},
	}
}

// recall reads the refresh token of an earlier run, once.
func (d *DeviceCode) recall(ctx context.Context) error {
	if d.read || d.vault == nil {
		return nil
	}
	refresh, err := d.vault.open(ctx)
	switch {
	case errors.Is(err, errSealed):
		d.log.Warn("the stored sign-in cannot be opened; somebody has to sign in again", "error", err)
	case err != nil:
		return err
	case len(refresh) > 0:
		d.token = &oauth2.Token{RefreshToken: string(refresh)}
	}
	d.read = true
	return nil
}

// due reports whether the token should be renewed.
func (d *DeviceCode) due() bool {
	left := time.Until(d.token.Expiry)
	return left <= 0 || left < tokenMargin && !time.Now().Before(d.again)
}

// outlasts reports whether the token is still good though it was not renewed, which
// is tried again a little later.
func (d *DeviceCode) outlasts(ctx context.Context, err error) bool {
	failed := signInError(err)
	if ctx.Err() != nil || failed.Permanent() || !time.Now().Before(d.token.Expiry) {
		return false
	}
	d.again = time.Now().Add(renewAgain)
	d.log.Warn("token not renewed", "good_until", d.token.Expiry, "retry_in", renewAgain, "error", failed)
	return true
}

// renew uses the refresh token. Where the authority wants to see a person, nobody is
// signed in any more, and it succeeds.
func (d *DeviceCode) renew(ctx context.Context, conf *oauth2.Config) error {
	token, err := conf.TokenSource(ctx, &oauth2.Token{RefreshToken: d.token.RefreshToken}).Token()
	switch {
	case err == nil:
		d.keep(ctx, token)
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case needsPerson(err):
		d.log.Warn("the sign-in is no longer accepted", "error", signInError(err))
		d.token = nil
		return nil
	}
	return err
}

// ask asks for a person, or waits for the one who was asked.
func (d *DeviceCode) ask(ctx context.Context, conf *oauth2.Config) error {
	if d.pending == nil || !time.Now().Before(d.pending.Expiry) {
		return d.begin(ctx, conf, false)
	}
	short, cancel := context.WithTimeout(ctx, codeWait)
	defer cancel()
	token, err := conf.DeviceAccessToken(short, d.pending)
	switch {
	case err == nil && d.stranger(token):
		return d.begin(ctx, conf, true)
	case err == nil:
		d.log.Info("signed in")
		d.pending = nil
		d.keep(ctx, token)
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case short.Err() != nil, !time.Now().Before(d.pending.Expiry):
		return d.needed(false)
	case codeIsGone(err):
		return d.begin(ctx, conf, false)
	}
	return err
}

// begin asks the authority for a code and says that it has to be entered.
func (d *DeviceCode) begin(ctx context.Context, conf *oauth2.Config, stranger bool) error {
	d.pending = nil
	pending, err := conf.DeviceAuth(ctx)
	if err != nil {
		return err
	}
	if pending.Expiry.IsZero() {
		pending.Expiry = time.Now().Add(15 * time.Minute)
	}
	d.pending = pending
	needed := d.needed(stranger)
	d.log.Warn("sign in the communication user", "reason", needed, "open", needed.URL, "code", needed.Code)
	return needed
}

func (d *DeviceCode) needed(stranger bool) *SignInNeededError {
	return &SignInNeededError{
		UPN: d.o.UPN, URL: d.pending.VerificationURI, Code: d.pending.UserCode, Expires: d.pending.Expiry, Stranger: stranger,
	}
}

// keep takes a new token, and stores what the next start needs. A store that fails
// costs a sign-in by hand after the next start, and nothing before.
func (d *DeviceCode) keep(ctx context.Context, token *oauth2.Token) {
	if token.Expiry.IsZero() {
		token.Expiry = time.Now().Add(time.Hour)
	}
	d.token = token
	if d.vault == nil || token.RefreshToken == "" {
		return
	}
	if err := d.vault.put(ctx, []byte(token.RefreshToken)); err != nil {
		d.log.Warn("sign-in not stored; after a restart somebody has to sign in again", "error", err)
	}
}

// stranger reports whether the id token names another account than it should. It
// comes straight from the authority, so its signature does not matter (OpenID Connect
// Core 3.1.3.7).
func (d *DeviceCode) stranger(token *oauth2.Token) bool {
	raw, _ := token.Extra("id_token").(string)
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return false
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return false
	}
	var claims struct {
		Name string `json:"preferred_username"`
	}
	return json.Unmarshal(payload, &claims) == nil && claims.Name != "" && !strings.EqualFold(claims.Name, d.o.UPN)
}

// codeIsGone reports whether a code will never be entered: it has expired, or somebody
// said no.
func codeIsGone(err error) bool {
	var e *oauth2.RetrieveError
	return errors.As(err, &e) && slices.Contains([]string{
		"expired_token", "code_expired", "authorization_declined", "access_denied", "bad_verification_code",
	}, e.ErrorCode)
}

// needsPerson reports whether the authority refuses a refresh token that a person
// could replace by signing in. A refusal without a code that says otherwise is one:
// the token will not be taken again (RFC 6749, section 5.2).
func needsPerson(err error) bool {
	failed := signInError(err)
	if failed.Permanent() {
		return failed.needsPerson()
	}
	var e *oauth2.RetrieveError
	return errors.As(err, &e) && slices.Contains([]string{
		"invalid_grant", "interaction_required", "login_required",
	}, e.ErrorCode)
}
