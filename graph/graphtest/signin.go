package graphtest

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
)

// signInError is a failure to sign in, as the token endpoint words it.
type signInError struct {
	code     int // AADSTS
	oauth    string
	text     string
	status   int
	suberror string

	retryAfter time.Duration
	retryDate  bool
}

// signInFailure returns the answer for an AADSTS code. Codes it does not know are an
// invalid_grant.
func signInFailure(code int) signInError {
	e := signInError{code: code, oauth: "invalid_grant", status: http.StatusBadRequest}
	switch code {
	case 50076:
		e.text, e.suberror = "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access the resource.", "basic_action"
	case 50079:
		e.text, e.suberror = "The user is required to register for multi-factor authentication.", "basic_action"
	case 50158:
		e.text, e.suberror = "External security challenge not satisfied.", "basic_action"
	case 53003:
		e.text, e.suberror = "Access has been blocked by Conditional Access policies.", "message_only"
	case 53000:
		e.text, e.suberror = "The device is not in the required state.", "message_only"
	case 50126:
		e.text = "Error validating credentials due to invalid username or password."
	case 50034:
		e.text = "The user account does not exist in the directory."
	case 50055:
		e.text, e.suberror = "The password is expired.", "user_password_expired"
	case 50057:
		e.text = "The user account is disabled."
	case 50053:
		e.text = "The account is locked."
	case 65001:
		e.text, e.suberror = "The user or administrator has not consented to use the application.", "consent_required"
	case 7000218:
		e.oauth, e.status, e.text = "invalid_client", http.StatusUnauthorized, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
	case 7000215:
		e.oauth, e.status, e.text = "invalid_client", http.StatusUnauthorized, "Invalid client secret provided."
	case 7000222:
		e.oauth, e.status, e.text = "invalid_client", http.StatusUnauthorized, "The provided client secret keys are expired."
	case 700027:
		e.oauth, e.status, e.text = "invalid_client", http.StatusUnauthorized, "The certificate with identifier used to sign the client assertion is not registered on application."
	case 700016:
		e.oauth, e.text = "unauthorized_client", "Application was not found in the directory."
	case 90002:
		e.oauth, e.text = "invalid_request", "Tenant not found."
	case 900144:
		e.oauth, e.text = "invalid_request", "The request body lacks a parameter."
	case 70003:
		e.oauth, e.text = "unsupported_grant_type", "The app requested an unsupported grant type."
	case 70011:
		e.oauth, e.text = "invalid_scope", "The provided request must include a valid 'scope' input parameter."
	case 70016:
		e.oauth, e.text = "authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling."
	case 70017:
		e.oauth, e.text = "authorization_declined", "The end-user has denied the authorization."
	case 70018:
		e.oauth, e.text = "bad_verification_code", "Invalid verification code due to user typing in wrong user code for device code flow."
	case 70020:
		e.oauth, e.text = "expired_token", "The provided value for the input parameter 'device_code' has expired."
	case 9002313:
		e.oauth, e.text = "invalid_request", "Invalid request. Request is malformed or invalid."
	case 700082:
		e.text = "The refresh token has expired due to inactivity."
	case 50173:
		e.text, e.suberror = "The provided grant has expired due to it being revoked, a fresh auth token is needed.", "bad_token"
	case 70043:
		e.text, e.suberror = "The refresh token has expired or is invalid due to sign-in frequency checks by conditional access.", "token_expired"
	case 90033, 90055:
		e.oauth, e.status, e.text = "temporarily_unavailable", http.StatusServiceUnavailable, "A transient error has occurred. Please try again."
	}
	return e
}

// FailSignIn answers every sign-in of an application (by client id) or of a person (by UPN or
// object id, refreshing included) with an AADSTS code, such as 53003 or 700082. Code 0 ends it.
func (s *Server) FailSignIn(who string, code int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p := s.find(who); p != nil {
		who = p.ID
	}
	who = strings.ToLower(who)
	if code == 0 {
		delete(s.failures, who)
	} else {
		s.failures[who] = code
	}
}

// RevokeSignIns makes every refresh token that a person has so far useless (AADSTS50173), as a
// new password or an administrator does. Access tokens live on.
func (s *Server) RevokeSignIns(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := strings.ToLower(s.must(user).ID)
	for token, g := range s.refreshTokens {
		if g.user == id {
			g.revoked = true
			s.refreshTokens[token] = g
		}
	}
}

// RequireMFA has a person's password alone no longer suffice (AADSTS50076). Device code and
// refreshing still work.
func (s *Server) RequireMFA(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mfa[s.must(user).ID] = true
}

func (s *Server) writeSignInFailure(w http.ResponseWriter, e signInError) {
	now := s.o.Now().UTC()
	trace, correlation := uuid.NewString(), uuid.NewString()
	stamp := now.Format("2006-01-02 15:04:05Z")
	body := map[string]any{
		"error": e.oauth,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			e.code, e.text, trace, correlation, stamp),
		"error_codes":    []int{e.code},
		"timestamp":      stamp,
		"trace_id":       trace,
		"correlation_id": correlation,
	}
	if e.suberror != "" {
		body["suberror"] = e.suberror
	}
	if e.suberror == "basic_action" {
		body["claims"] = `{"access_token":{"capolids":{"essential":true,"values":["c7a1b9e0-3b0d-4b43-9d0a-2f4f2b1c7d55"]}}}`
	}
	s.o.Logger.Debug("sign-in refused", "aadsts", e.code)
	s.setRetryAfter(w.Header(), e.retryAfter, e.retryDate)
	writeJSON(w, e.status, body)
}
