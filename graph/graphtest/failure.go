package graphtest

import (
	"cmp"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// failure is an error in the envelope of Graph.
type failure struct {
	status        int
	code, message string
	retryAfter    time.Duration
	retryDate     bool
}

func (f *failure) Error() string { return f.code + ": " + f.message }

func fail(status int, code, format string, args ...any) *failure {
	return &failure{status: status, code: code, message: fmt.Sprintf(format, args...)}
}

func badRequest(format string, args ...any) *failure {
	return fail(http.StatusBadRequest, "BadRequest", format, args...)
}

// extension is how the subscription service reports what the workload behind it refused.
func extension(status int, operation, reason string) *failure {
	return fail(status, "ExtensionError", "Operation: %s; Exception: [Status Code: %s; Reason: %s]",
		operation, statusWord(status), reason)
}

func statusWord(status int) string {
	switch status {
	case http.StatusConflict:
		return "Conflict"
	case http.StatusForbidden:
		return "Forbidden"
	default:
		return "InternalServerError"
	}
}

// failure returns the answer that an injected fault asks for.
func (a Answer) failure() *failure {
	code, message := "UnknownError", "An error has occurred."
	switch a.Status {
	case http.StatusBadRequest:
		code = "BadRequest"
	case http.StatusUnauthorized:
		code, message = "InvalidAuthenticationToken", "Access token validation failure."
	case http.StatusForbidden:
		code, message = "Forbidden", "The request is not authorized."
	case http.StatusNotFound:
		code, message = "NotFound", "The resource could not be found."
	case http.StatusConflict:
		code = "ExtensionError"
	case http.StatusTooManyRequests:
		code, message = "TooManyRequests", "Please retry again later."
	case http.StatusServiceUnavailable:
		code, message = "serviceNotAvailable", "The service is temporarily unavailable."
	}
	return &failure{
		status: a.Status, code: cmp.Or(a.Code, code), message: cmp.Or(a.Message, message),
		retryAfter: a.RetryAfter, retryDate: a.RetryDate,
	}
}

// signInFailure is failure for requests to the authority.
func (a Answer) signInFailure() signInError {
	e := signInFailure(90033)
	e.status, e.retryAfter, e.retryDate = a.Status, a.RetryAfter, a.RetryDate
	return e
}

func (s *Server) writeFailure(w http.ResponseWriter, f *failure) {
	header := w.Header()
	s.setRetryAfter(header, f.retryAfter, f.retryDate)
	inner := map[string]any{
		"date":              s.o.Now().UTC().Format("2006-01-02T15:04:05"),
		"request-id":        header.Get("request-id"),
		"client-request-id": header.Get("client-request-id"),
	}
	if f.status == http.StatusTooManyRequests {
		inner["code"], inner["status"], inner["message"] = "429", "429", "Please retry after"
	}
	writeJSON(w, f.status, map[string]any{
		"error": map[string]any{"code": f.code, "message": f.message, "innerError": inner},
	})
}

func (s *Server) setRetryAfter(header http.Header, d time.Duration, date bool) {
	switch {
	case d <= 0:
	case date:
		header.Set("Retry-After", s.o.Now().Add(d+time.Second-1).UTC().Format(http.TimeFormat))
	default:
		header.Set("Retry-After", strconv.Itoa(int(math.Ceil(d.Seconds()))))
	}
}
