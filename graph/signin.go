package graph

import (
	"cmp"
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

const (
	// signInAgain is how long a permanent failure of the sign-in is remembered.
	signInAgain = 5 * time.Minute
	// signInAtMost is that of a wrong password, which is remembered twice as long each
	// time, so that trying it does not lock the account.
	signInAtMost = 4 * time.Hour
)

// SignInError says that the sign-in authority gave no token (Microsoft identity
// platform: error codes), or the place where the program runs no identity. It leaves out
// the text of the authority, which names the account.
type SignInError struct {
	// Codes are the AADSTS codes in the order of the answer; none where the
	// authority was not reached or is out of order.
	Codes []int

	cause error
}

func (e *SignInError) Error() string {
	if len(e.Codes) == 0 {
		return "sign-in failed: " + reason(e.cause)
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
func (e *SignInError) Permanent() bool { return e.remedy() != "" }

// Advice says what an administrator has to do, or "" where nobody has to.
func (e *SignInError) Advice() string { return cmp.Or(e.remedy(), presence.Advice(e.cause)) }

// remedy says what ends a permanent failure, "" for any other.
func (e *SignInError) remedy() string {
	for _, c := range e.Codes {
		if r := remedy(c); r != "" {
			return r
		}
	}
	return identityRemedy(e.cause)
}

// needsPerson reports whether the account only has to be signed in by hand once more.
func (e *SignInError) needsPerson() bool {
	return slices.ContainsFunc(e.Codes, byHand) &&
		!slices.ContainsFunc(e.Codes, func(c int) bool { return remedy(c) != "" && !byHand(c) })
}

// byHand reports whether signing in by hand cures that code.
func byHand(code int) bool {
	switch code {
	case 50055, 50072, 50074, 50076, 50078, 50079, 50133, 50144, 50158, 50173, 70008, 70043, 70044, 700082, 700084:
		return true
	}
	return false
}

// remedy says what to do about a permanent AADSTS code, "" for any other.
func remedy(code int) string {
	switch code {
	case 50072, 50074, 50076, 50079, 50158:
		return "The account must use multi-factor authentication, which a password alone cannot do: sign it in by device code, " +
			"or exclude it from the policy in Conditional Access."
	case 53000, 53001, 53002, 53003, 530003:
		return "Conditional Access blocks the sign-in: exclude the account from the policy, or allow this location, device and kind of sign-in."
	case 50126:
		return "The user name or the password is wrong: correct it in the configuration."
	case 50034:
		return "There is no such account in the tenant: check the user name."
	case 50020:
		return "The account belongs to another tenant: use one of this tenant."
	case 50055, 50144:
		return "The password has expired: set a new one that does not expire."
	case 50056:
		return "The account has no password in this tenant, as federated ones have none: sign it in by device code, or use a cloud account."
	case 50057:
		return "The account is disabled: enable it."
	case 50053:
		return "The account is locked after too many attempts: wait or unlock it, and check the password."
	case 50105:
		return "The application demands an assignment: assign the account to it in the tenant's enterprise applications."
	case 65001, 65004:
		return "Consent is missing: an administrator must grant the permissions of the app registration."
	case 7000218:
		return "Turn on \"Allow public client flows\" in the app registration, or configure its secret or certificate."
	case 7000215:
		return "The client secret is wrong: configure the value of the secret, not its id."
	case 7000222:
		return "The client secret has expired: create a new one and configure it."
	case 700027, 700030:
		return "The certificate is not accepted: upload it to the app registration and check that it has not expired."
	case 700024:
		return "The signed request is out of date: set the clock of this machine."
	case 70021, 700211, 700213:
		return "The workload identity is not accepted: check issuer, subject and audience of the federated credential in the app registration."
	case 700016:
		return "The application is not in this tenant: check the application id and the tenant, and grant consent there."
	case 7000112:
		return "The application is disabled in the tenant: enable it among the enterprise applications."
	case 90002, 900023, 50059, 50128:
		return "There is no such tenant: check the tenant id and the cloud."
	case 500011:
		return "Microsoft Graph is not in this tenant under that address: check the cloud and the endpoint."
	case 700082, 700084, 50078, 50133, 50173, 70008, 70043, 70044:
		return "The stored sign-in has expired or was revoked: sign the account in again."
	}
	return ""
}

// guess is a code after which one attempt more may lock the account.
func (e *SignInError) guess() bool {
	return slices.Contains(e.Codes, 50126) || slices.Contains(e.Codes, 50053)
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
	again time.Duration // how long the next wrong password is remembered
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
		s.again = 0
		s.light.OK("")
		return token, nil
	}
	if ctx.Err() != nil {
		return azcore.AccessToken{}, fmt.Errorf("sign-in: %w", ctx.Err())
	}
	failed := signInError(err)
	s.light.Fail(failed)
	if failed.Permanent() {
		hold := signInAgain
		if failed.guess() {
			hold = max(s.again, signInAgain)
			s.again = min(2*hold, signInAtMost)
		}
		s.last, s.till = failed, time.Now().Add(hold)
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
