package graphtest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"time"
)

// Client returns a client that trusts [Server.CA] and reaches the server at
// [Server.AuthorityURL] and [Server.GraphURL] whether it listens or not. Other addresses
// are dialled as usual.
func (s *Server) Client() *http.Client { return s.client }

func (s *Server) newClient() *http.Client {
	network := &http.Transport{
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.ca.pool()},
		IdleConnTimeout: 30 * time.Second,
	}
	return &http.Client{Transport: &transport{server: s, network: network}}
}

func (s *Server) newDeliverer() *http.Client {
	c := http.Client{Transport: s.client.Transport}
	if s.o.DeliverClient != nil {
		c = *s.o.DeliverClient
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// transport answers the in-memory addresses and sends everything else to the network.
type transport struct {
	server  *Server
	network *http.Transport
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (t *transport) CloseIdleConnections() { t.network.CloseIdleConnections() }

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.URL.Host {
	case memoryAuthority:
		return answer(t.server.authority, r)
	case memoryGraph:
		return answer(t.server.graph, r)
	default:
		return t.network.RoundTrip(r)
	}
}

var errCut = errors.New("graphtest: connection cut")

// answer has h answer r without a connection between them.
func answer(h http.Handler, r *http.Request) (_ *http.Response, err error) {
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:1"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	defer in.Body.Close()
	defer func() {
		switch reason := recover(); reason {
		case nil:
		case http.ErrAbortHandler:
			err = errCut
		default:
			panic(reason)
		}
	}()
	out := newRecorder()
	h.ServeHTTP(out, in)
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	return out.response(r), nil
}

// recorder is a response in memory.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func newRecorder() *recorder { return &recorder{header: make(http.Header)} }

func (w *recorder) Header() http.Header { return w.header }

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *recorder) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

func (w *recorder) response(r *http.Request) *http.Response {
	w.WriteHeader(http.StatusOK)
	return &http.Response{
		Status:        http.StatusText(w.status),
		StatusCode:    w.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        w.header,
		Body:          io.NopCloser(&w.body),
		ContentLength: int64(w.body.Len()),
		Request:       r,
	}
}
