package main

import (
	"context"
	"crypto/subtle"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// notifyPath is where Graph delivers notifications, below the public URL.
const notifyPath = "/graph/notify"

// notifyURL is where Graph delivers notifications.
func (c config) notifyURL() string { return strings.TrimSuffix(c.PublicURL, "/") + notifyPath }

// server is one address with what is served there.
type server struct {
	http     *http.Server
	listener net.Listener
}

// listen opens the two addresses of the service: one for PBXs and Graph, one for
// administrators.
func (s *service) listen() ([]server, error) {
	public := http.NewServeMux()
	path := "/" + strings.Trim(s.config.PBX.Path, "/")
	public.Handle(path, s.pbx)
	if path != "/" {
		public.Handle(path+"/", s.pbx)
	}
	if s.webhook != nil {
		public.Handle(notifyPath, s.webhook)
	}
	outside, err := newServer(s.config.Listen, public, s.tls)
	if err != nil {
		return nil, s.config.wrong("listen", "cannot be used: %w", err)
	}
	inside, err := newServer(s.config.StatusListen, s.pages(), nil)
	if err != nil {
		return nil, errors.Join(s.config.wrong("status-listen", "cannot be used: %w", err), outside.listener.Close())
	}
	s.log.Info("listening", "pbx_and_graph", outside.listener.Addr().String(), "tls", s.tls != nil,
		"status", "http://"+inside.listener.Addr().String()+"/status")
	return []server{outside, inside}, nil
}

func newServer(address string, handler http.Handler, files *tlsFiles) (server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return server{}, err
	}
	if files != nil {
		l = tls.NewListener(l, &tls.Config{GetCertificate: files.certificate, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}})
	}
	return server{http: &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}, listener: l}, nil
}

// run serves until ctx ends. Websockets are not the server's to close: the PBX side
// ends them.
func (s server) run(ctx context.Context) error {
	stopped := context.AfterFunc(ctx, func() { s.http.Close() })
	defer stopped()
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve %s: %w", s.listener.Addr(), err)
	}
	return nil
}

// guarded asks for the password of the status page where there is one.
func (s *service) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.admits(r) {
			w.Header().Set("WWW-Authenticate", `Basic realm="connector"`)
			http.Error(w, "a password is needed", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// admits reports that r has the password of the status page, or that there is none.
func (s *service) admits(r *http.Request) bool {
	_, password, _ := r.BasicAuth()
	return s.config.StatusPass.empty() || subtle.ConstantTimeCompare([]byte(password), []byte(s.config.StatusPass.text)) == 1
}
