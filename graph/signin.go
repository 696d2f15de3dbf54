package graph

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/pbx365/connector/presence"
)

// signInAgain is how long a permanent failure of the sign-in is remembered.
const signInAgain = 5 * time.Minute

// SignInError says that the sign-in authority gave no token (Microsoft identity
// platform: error codes). It leaves out the text of the authority, which names
// the account.
type SignInError struct {
	// Codes are the AADSTS codes in the order of the answer; none where the
	// authority was not reached or is out of order.
	Codes []int

	cause error
}

func (e *SignInError) Error() string {
	if len(e.Codes) == 0 {
		return "sign-in failed: " + firstLine(e.cause)
	}
	codes := make([]string, len(e.Codes))
	for i, c := range e.Codes {
		codes[i] = "AADSTS" + strconv.Itoa(c)
	}
	return "sign-in refused: " + strings.Join(codes, ", ")
}

// Unwrap returns what the credential reported. Its text may name the account.
func (e *SignInError) Unwrap() error { return e.cause }

// Permanent reports whether the sign-in fails until an administrator acts.
func (e *SignInError) Permanent() bool {
	return slices.ContainsFunc(e.Codes, func(c int) bool { return remedy(c) != "" })
}

// Advice says what an administrator has to do, or "" where nobody has to.
func (e *SignInError) Advice() string {
	for _, c := range e.Codes {
		if r := remedy(c); r != "" {
			return r
		}
	}
	return presence.Advice(e.cause)
}

// remedy says what to do about a permanent AADSTS code, "" for any other.
func remedy(code int) string {
	switch code {
	case 50076, 50079, 50158:
		return "The account must use multi-factor authentication, which a password alone cannot do: sign it in by device code, " +
			"or exclude it from the policy in Conditional Access."
	case 53000, 53003:
		return "Conditional Access blocks the sign-in: exclude the account from the policy, or allow this location and device."
	case 50126:
		return "The user name or the password is wrong: correct it in the configuration."
	case 50034:
		return "There is no such account in the tenant: check the user name."
	case 50055:
		return "The password has expired: set a new one that does not expire."
	case 50057:
		return "The account is disabled: enable it."
	case 50053:
		return "The account is locked after too many attempts: wait or unlock it, and check the password."
	case 65001:
		return "Consent is missing: an administrator must grant the permissions of the app registration."
	case 7000218:
		return "Turn on \"Allow public client flows\" in the app registration, or configure its secret or certificate."
	case 7000215:
		return "The client secret is wrong: configure the value of the secret, not its id."
	case 7000222:
		return "The client secret has expired: create a new one and configure it."
	case 700027:
		return "The certificate is not accepted: upload it to the app registration and check that it has not expired."
	case 700016:
		return "The application is not in this tenant: check the application id and the tenant, and grant consent there."
	case 90002:
		return "There is no such tenant: check the tenant id and the cloud."
	case 700082, 50173, 70043:
		return "The stored sign-in has expired or was revoked: sign the account in again."
	}
	return ""
}

// signIn is the credential of a Client. It reports failures as *SignInError, and
// asks one at a time and not again for a while after a permanent one, so that a
// wrong password does not lock the account.
type signIn struct {
	cred  azcore.TokenCredential
	light *presence.Light
	turn  chan struct{} // holds the one turn; guards the following
	last  *SignInError
	till  time.Time
}

func newSignIn(cred azcore.TokenCredential, light *presence.Light) *signIn {
	return &signIn{cred: cred, light: light, turn: make(chan struct{}, 1)}
}

func (s *signIn) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return azcore.AccessToken{}, fmt.Errorf("sign-in: %w", ctx.Err())
	}
	if s.last != nil && time.Now().Before(s.till) {
		return azcore.AccessToken{}, s.last
	}
	s.last = nil
	token, err := s.cred.GetToken(ctx, o)
	if err == nil {
		s.light.OK("")
		return token, nil
	}
	if ctx.Err() != nil {
		return azcore.AccessToken{}, fmt.Errorf("sign-in: %w", ctx.Err())
	}
	failed := signInError(err)
	s.light.Fail(failed)
	if failed.Permanent() {
		s.last, s.till = failed, time.Now().Add(signInAgain)
	}
	return azcore.AccessToken{}, failed
}

// signInError reads the codes from the text of err: the types of the credentials
// are not known here, and the codes are the part of it that stays the same.
func signInError(err error) *SignInError {
	var e *SignInError
	if errors.As(err, &e) {
		return e
	}
	e = &SignInError{cause: err}
	for _, m := range regexp.MustCompile(`AADSTS(\d{4,9})\b`).FindAllStringSubmatch(err.Error(), -1) {
		if code, err := strconv.Atoi(m[1]); err == nil && !slices.Contains(e.Codes, code) {
			e.Codes = append(e.Codes, code)
		}
	}
	return e
}

// firstLine leaves out the answer that credentials append to their errors.
func firstLine(err error) string {
	if err == nil {
		return "no reason given"
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line[:min(len(line), 200)]
}
