package graphtest

import (
	"cmp"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/google/uuid"
)

// handshake asks an endpoint to repeat a token, as Graph does before it answers the request
// that named the endpoint. An empty address needs no asking.
func (s *Server) handshake(ctx context.Context, address string) error {
	if address == "" {
		return nil
	}
	token := cmp.Or(s.o.ValidationToken,
		"Validation: Testing client application reachability for subscription Request-Id: "+uuid.NewString()+" (+%2B/=?#ü)")
	target, err := url.Parse(address)
	if err != nil {
		return invalidRequest("Notification endpoint is not an address.")
	}
	if target.RawQuery != "" {
		target.RawQuery += "&"
	}
	target.RawQuery += "validationToken=" + url.QueryEscape(token)

	ctx, cancel := context.WithTimeout(ctx, handshakeLimit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), http.NoBody)
	if err != nil {
		return invalidRequest("Notification endpoint is not an address.")
	}
	r.Header.Set("Content-Type", "text/plain; charset=utf-8")
	answer, err := s.deliverer.Do(r)
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return fail(http.StatusBadRequest, "ValidationError", "Subscription validation request timed out.")
	case err != nil:
		return invalidRequest("The underlying connection was closed: the notification endpoint could not be reached.")
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, bodyLimit))
	media, _, _ := mime.ParseMediaType(answer.Header.Get("Content-Type"))
	switch {
	case err != nil:
		return fail(http.StatusBadRequest, "ValidationError", "Subscription validation request timed out.")
	case answer.StatusCode != http.StatusOK:
		return fail(http.StatusBadRequest, "ValidationError", "Subscription validation request failed. Response must be 200 but was %d.", answer.StatusCode)
	case media != "text/plain" || string(body) != token:
		return fail(http.StatusBadRequest, "ValidationError", "Subscription validation request failed. Response must exactly match validationToken query parameter.")
	}
	return nil
}
