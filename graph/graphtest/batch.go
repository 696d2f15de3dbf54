package graphtest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

const maxBatch = 20

// batch has the requests of a $batch answered one by one by routes, each under the token of the
// whole. The dependsOn of a request is kept by answering in order.
func (s *Server) batch(routes http.Handler, c *call) (int, any, error) {
	type request struct {
		ID      string            `json:"id"`
		Method  string            `json:"method"`
		URL     string            `json:"url"`
		Headers map[string]string `json:"headers"`
		Body    json.RawMessage   `json:"body"`
	}
	type response struct {
		ID      string            `json:"id"`
		Status  int               `json:"status"`
		Headers map[string]string `json:"headers"`
		Body    json.RawMessage   `json:"body,omitempty"`
	}
	var asked struct {
		Requests []request `json:"requests"`
	}
	if err := c.decode(&asked); err != nil {
		return 0, nil, err
	}
	if len(asked.Requests) == 0 || len(asked.Requests) > maxBatch {
		return 0, nil, badRequest("Number of batch request steps must be between 1 and %d.", maxBatch)
	}
	seen := map[string]bool{}
	for _, one := range asked.Requests {
		if one.ID == "" || seen[one.ID] || strings.HasPrefix(one.URL, "/$batch") {
			return 0, nil, badRequest("Invalid batch payload format.")
		}
		seen[one.ID] = true
	}

	responses := make([]response, 0, len(asked.Requests))
	for _, one := range asked.Requests {
		inner, err := http.NewRequestWithContext(c.Context(), one.Method, s.GraphURL()+"/"+strings.TrimPrefix(one.URL, "/"), bytes.NewReader(one.Body))
		if err != nil {
			return 0, nil, badRequest("Invalid batch payload format.")
		}
		for name, value := range one.Headers {
			inner.Header.Set(name, value)
		}
		inner.Header.Set("Authorization", c.Header.Get("Authorization"))
		answer := newRecorder()
		routes.ServeHTTP(answer, inner)
		out := response{ID: one.ID, Status: answer.status, Headers: map[string]string{}, Body: answer.body.Bytes()}
		for _, name := range []string{"Content-Type", "Retry-After", "request-id"} {
			if value := answer.header.Get(name); value != "" {
				out.Headers[name] = value
			}
		}
		responses = append(responses, out)
	}
	return http.StatusOK, map[string]any{"responses": responses}, nil
}
