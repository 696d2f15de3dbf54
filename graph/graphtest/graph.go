package graphtest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

const version = "/v1.0"

// call is an authenticated request to Graph.
type call struct {
	*http.Request
	caller
	body []byte // uncompressed
	lost bool   // a fault takes the place of the answer
}

// serve answers a call. A nil body is an empty one, []byte is JSON already, a *failure is
// written in the envelope.
type serve func(c *call) (status int, body any, err error)

func (s *Server) graphRoutes() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, route Route, serve serve) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.Handle(method+" "+version+path, s.graphRoute(route, serve))
	}
	handle("GET /users", RouteUsers, s.listUsers)
	handle("GET /users/delta", RouteDelta, s.deltaUsers)
	handle("GET /users/delta()", RouteDelta, s.deltaUsers)
	handle("GET /users/microsoft.graph.delta()", RouteDelta, s.deltaUsers)
	handle("GET /users/{id}", RouteUser, s.getUser)
	handle("GET /me", RouteUser, s.getUser)

	handle("POST /communications/getPresencesByUserId", RoutePresences, s.getPresences)
	for _, path := range []string{"/users/{id}/presence", "/me/presence", "/communications/presences/{id}"} {
		handle("GET "+path, RoutePresence, s.getPresence)
		handle("POST "+path+"/setPresence", RouteSetPresence, s.setPresence)
		handle("POST "+path+"/clearPresence", RouteClearPresence, s.clearPresence)
		handle("POST "+path+"/setUserPreferredPresence", RouteSetPreferred, s.setPreferred)
		handle("POST "+path+"/clearUserPreferredPresence", RouteClearPreferred, s.clearPreferred)
		handle("POST "+path+"/setStatusMessage", RouteSetStatus, s.setStatusMessage)
	}

	handle("POST /subscriptions", RouteSubscribe, s.subscribe)
	handle("GET /subscriptions", RouteSubscriptions, s.listSubscriptions)
	handle("GET /subscriptions/{id}", RouteSubscription, s.getSubscription)
	handle("PATCH /subscriptions/{id}", RouteRenew, s.renew)
	handle("DELETE /subscriptions/{id}", RouteUnsubscribe, s.unsubscribe)
	handle("POST /subscriptions/{id}/reauthorize", RouteReauthorize, s.reauthorize)
	handle("POST /$batch", RouteBatch, func(c *call) (int, any, error) { return s.batch(mux, c) })

	mux.Handle("/", s.graphRoute(RouteOther, func(c *call) (int, any, error) {
		return 0, nil, badRequest("Resource not found for the segment '%s'.", c.URL.Path)
	}))
	return mux
}

// graphRoute does for each request what does not depend on the route: counting, faults, the
// token, the body and the envelope of errors.
func (s *Server) graphRoute(route Route, serve serve) http.Handler {
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		header := out.Header()
		id := uuid.NewString()
		header.Set("request-id", id)
		header.Set("client-request-id", id)
		if theirs := r.Header.Get("client-request-id"); theirs != "" {
			header.Set("client-request-id", theirs)
		}
		header.Set("x-ms-ags-diagnostic", `{"ServerInfo":{"DataCenter":"Simulated","Slice":"E","Ring":"1","ScaleUnit":"000","RoleInstance":"GRAPHTEST"}}`)

		body, err := readBody(out, r)
		fault := s.arrive(route, func(user string) bool { return about(r, body, user) })
		w := &statusWriter{ResponseWriter: out}
		defer func() { s.answered(route, w.status) }()
		fault.delay(r.Context())
		var status int
		var answer any
		if err == nil && (!fault.happens() || fault.After) {
			status, answer, err = s.graphAnswer(w, r, body, fault.happens(), serve)
		}
		if fault.Cut {
			panic(http.ErrAbortHandler)
		}
		if fault.happens() {
			err = fault.failure()
		}
		var failed *failure
		if errors.As(err, &failed) {
			s.o.Logger.Debug("request refused", "route", string(route), "status", failed.status, "code", failed.code)
			s.writeFailure(w, failed)
			return
		}
		if answer != nil {
			header.Set("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
		}
		switch answer := answer.(type) {
		case nil:
			w.WriteHeader(status)
		case []byte:
			w.WriteHeader(status)
			_, _ = w.Write(answer)
		default:
			writeJSON(w, status, answer)
		}
	})
}

// about reports whether a request is about a person, by its path or its body.
func about(r *http.Request, body []byte, user string) bool {
	user = normal(user)
	return normal(r.PathValue("id")) == user || bytes.Contains(bytes.ToLower(body), []byte(user))
}

func (s *Server) graphAnswer(w http.ResponseWriter, r *http.Request, body []byte, lost bool, serve serve) (int, any, error) {
	who, err := s.authenticate(r)
	if err != nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="", authorization_uri="`+s.AuthorityURL()+`/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`)
		return 0, nil, err
	}
	return serve(&call{Request: r, caller: who, body: body, lost: lost})
}

// readBody reads a body that may be chunked or compressed.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyLimit))
	if err != nil {
		return nil, fail(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "The request is too large.")
	}
	switch r.Header.Get("Content-Encoding") {
	case "":
		return body, nil
	case "gzip":
		unpacked, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, badRequest("The body is not what its Content-Encoding says.")
		}
		if body, err = io.ReadAll(io.LimitReader(unpacked, bodyLimit)); err != nil {
			return nil, badRequest("The body is not what its Content-Encoding says.")
		}
		return body, nil
	default:
		return nil, fail(http.StatusUnsupportedMediaType, "UnsupportedMediaType", "The content encoding is not supported.")
	}
}

// decode reads the JSON body of a call. An empty one is an empty object.
func (c *call) decode(into any) error {
	if len(bytes.TrimSpace(c.body)) == 0 {
		return nil
	}
	if media := c.Header.Get("Content-Type"); !strings.HasPrefix(strings.ToLower(media), "application/json") {
		return badRequest("A missing or unsupported Content-Type '%s' was given.", media)
	}
	if err := json.Unmarshal(c.body, into); err != nil {
		return badRequest("Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.")
	}
	return nil
}
