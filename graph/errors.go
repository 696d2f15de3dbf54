package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"github.com/pbx365/connector/presence"
)

const (
	// codeForeign is the Code of an answer that did not come from Graph.
	codeForeign = "NotGraph"
	// codeToken is that of a token Graph does not accept, such as one that has
	// expired on the way.
	codeToken = "InvalidAuthenticationToken"
	// codeThrottled also comes with a status other than 429.
	codeThrottled = "TooManyRequests"
)

// errNoList is an answer without the list it should consist of. It is not the same
// as an empty list, after which everybody would be gone.
var errNoList = errors.New("the answer holds no list")

// The names of the calls, as they stand in errors.
const (
	opReadPresence   = "read presence"
	opSetSession     = "set presence session"
	opRenewSession   = "renew presence session"
	opClearSession   = "clear presence session"
	opSetPreferred   = "set preferred presence"
	opClearPreferred = "clear preferred presence"
	opPeople         = "list people"
	opSubscribe      = "create subscription"
	opRenew          = "renew subscription"
	opUnsubscribe    = "delete subscription"
	opSubscriptions  = "list subscriptions"
)

// Error is an answer of Graph other than success (Graph: error responses). It
// leaves out the message of the answer, which may quote what was sent.
//
// A refused request (400, 403, 404, and 401 of a presence write) matches
// [presence.ErrRefused]. Where Graph wants it sent again later, does not accept the
// token, or was not the one to answer, it is not refused.
type Error struct {
	Op         string        // what was being done, such as "set presence session"
	Status     int           // HTTP status
	Code       string        // Graph's word for it, such as "Forbidden"; may be empty
	RequestID  string        // names the request to Microsoft's support
	RetryAfter time.Duration // zero where Graph gave none
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: Graph answered %d", e.Op, e.Status)
	if e.Code != "" {
		fmt.Fprintf(&b, " %s", e.Code)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", e.RequestID)
	}
	return b.String()
}

// Is reports whether target is [presence.ErrRefused] and the request was refused.
func (e *Error) Is(target error) bool { return target == presence.ErrRefused && e.refused() }

func (e *Error) refused() bool {
	if e.Code == codeForeign || e.later() {
		return false
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound:
		return true
	case http.StatusUnauthorized:
		return e.writes() && e.Code != codeToken
	}
	return false
}

// later reports whether Graph wants the request sent again.
func (e *Error) later() bool { return e.RetryAfter > 0 || e.Code == codeThrottled }

func (e *Error) writes() bool {
	switch e.Op {
	case opSetSession, opRenewSession, opClearSession, opSetPreferred, opClearPreferred:
		return true
	}
	return false
}

func (e *Error) subscribes() bool {
	switch e.Op {
	case opSubscribe, opRenew, opUnsubscribe, opSubscriptions:
		return true
	}
	return false
}

// Advice says what an administrator has to do, or "" where nobody has to.
func (e *Error) Advice() string {
	switch {
	case e.Code == codeForeign:
		return "Something between the connector and Microsoft Graph answers in its place: check the proxy."
	case e.later():
		return ""
	case e.Status == http.StatusUnauthorized && e.writes() && e.Code != codeToken:
		return "Presence must be written with the application's sign-in, not a user's."
	case e.Status == http.StatusUnauthorized:
		return "Graph does not accept the token: check that the sign-in belongs to this tenant and cloud."
	case e.Status == http.StatusForbidden && e.subscribes():
		return "Grant the delegated permission Presence.Read.All for presence, or the application permission " +
			"User.Read.All for the list of people, with admin consent; or the tenant has reached its number of subscriptions."
	case e.Status == http.StatusForbidden:
		return "Grant the application permission " + e.permission() + " with admin consent."
	case e.Status == http.StatusConflict && e.Op == opSubscribe:
		return "Another program uses the same app registration and communication user for a presence subscription: stop it, or use another account."
	case e.Status == http.StatusBadRequest && e.Op == opSubscribe:
		return "Graph must reach the notification URL from the internet, with a publicly trusted certificate: check DNS, firewall and certificate."
	}
	return ""
}

func (e *Error) permission() string {
	switch {
	case e.writes():
		return "Presence.ReadWrite.All"
	case e.Op == opReadPresence:
		return "Presence.Read.All"
	}
	return "User.Read.All"
}

// failure turns what the SDK returned into an error of this package.
func failure(op string, err error) error {
	if err == nil {
		return nil
	}
	if e := answer(err); e != nil {
		e.Op = op
		return e
	}
	var u *url.Error
	if errors.As(err, &u) { // leave out the address, which holds ids
		err = u.Err
	}
	if errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, errHeld) {
		err = fmt.Errorf("no answer in time: %w", err)
	}
	return fmt.Errorf("%s: %w", op, err)
}

// answer returns the answer that err stands for, or nil where there was none.
func answer(err error) *Error {
	var odata *odataerrors.ODataError
	if errors.As(err, &odata) {
		e := &Error{Status: odata.ResponseStatusCode}
		e.headers(odata.ResponseHeaders)
		if main := odata.GetErrorEscaped(); main != nil && main.GetCode() != nil {
			e.Code = word(*main.GetCode())
		}
		return e
	}
	var plain *abstractions.ApiError
	if errors.As(err, &plain) {
		e := &Error{Status: plain.ResponseStatusCode}
		e.headers(plain.ResponseHeaders)
		return e
	}
	return nil
}

func (e *Error) headers(h *abstractions.ResponseHeaders) {
	if h == nil {
		return
	}
	for _, v := range h.Get("request-id") {
		e.RequestID = word(v)
	}
	for _, v := range h.Get("Retry-After") {
		e.RetryAfter = retryAfter(http.Header{"Retry-After": {v}})
	}
}

// word keeps what can be part of a code or an id, so that nothing else that a
// server puts there reaches a log.
func word(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return -1
	}, s)
	return s[:min(len(s), 64)]
}

// absent reports whether Graph answered that what was asked for does not exist.
func absent(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusNotFound && e.refused()
}
