package graphtest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// Addresses of a server that does not listen.
const (
	memoryAuthority = "login.graphtest.example"
	memoryGraph     = "graph.graphtest.example"
)

type listening struct {
	authority, graph string
	stop             func()
}

// Start listens on two loopback ports and runs the server until Close. It is an error to
// start a server that is listening.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.listening != nil {
		return errors.New("graphtest: already listening")
	}
	authority, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("graphtest: listen for the authority: %w", err)
	}
	graph, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return errors.Join(fmt.Errorf("graphtest: listen for Graph: %w", err), authority.Close())
	}

	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = s.Run(ctx) })
	var servers []*http.Server
	serve := func(l net.Listener, h http.Handler) {
		server := &http.Server{
			Handler:           h,
			ReadHeaderTimeout: 10 * time.Second,
			ErrorLog:          slog.NewLogLogger(s.o.Logger.Handler(), slog.LevelDebug),
		}
		servers = append(servers, server)
		running.Go(func() { _ = server.Serve(l) })
	}
	serve(tls.NewListener(authority, s.TLS("127.0.0.1", "localhost")), s.authority)
	serve(graph, s.graph)

	s.listening = &listening{
		authority: "https://" + authority.Addr().String(),
		graph:     "http://" + graph.Addr().String(),
		stop: func() {
			cancel()
			for _, server := range servers {
				_ = server.Close()
			}
			running.Wait()
		},
	}
	return nil
}

// Close stops what Start started, cutting open requests, and returns when it has
// stopped. State stays and Start may follow, on other ports. A server that is not listening
// is left as it is.
func (s *Server) Close() {
	s.mu.Lock()
	listening := s.listening
	s.listening = nil
	s.mu.Unlock()
	if listening != nil {
		listening.stop()
	}
}

// AuthorityHandler returns the authority for mounting elsewhere. Its answers name
// [Server.AuthorityURL].
func (s *Server) AuthorityHandler() http.Handler { return s.authority }

// GraphHandler returns Graph for mounting elsewhere. Its answers name [Server.GraphURL].
func (s *Server) GraphHandler() http.Handler { return s.graph }

// AuthorityURL returns the address that takes the place of https://login.microsoftonline.com.
func (s *Server) AuthorityURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.authorityURL()
}

// authorityURL is AuthorityURL with mu held.
func (s *Server) authorityURL() string {
	if s.listening == nil {
		return "https://" + memoryAuthority
	}
	return s.listening.authority
}

// GraphURL returns the address that takes the place of https://graph.microsoft.com/v1.0.
func (s *Server) GraphURL() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.graphURL()
}

// graphURL is GraphURL with mu held.
func (s *Server) graphURL() string {
	if s.listening == nil {
		return "https://" + memoryGraph + version
	}
	return s.listening.graph + version
}

// CA returns a pool with the certificate authority of the server.
func (s *Server) CA() *x509.CertPool { return s.ca.pool() }

// CAFile returns the same in PEM, for a program in another process.
func (s *Server) CAFile() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.ca.cert.Raw})
}

// TLS returns a server configuration with a new certificate for hosts (names or
// addresses), trusted by whoever trusts [Server.CA]: for notification endpoints.
func (s *Server) TLS(hosts ...string) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{s.ca.issue(hosts)}}
}

// TB is the part of testing.TB that Serve needs.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// Serve starts a new server for the duration of a test.
func Serve(tb TB, o Options) *Server {
	tb.Helper()
	s := New(o)
	if err := s.Start(); err != nil {
		tb.Fatalf("%v", err)
	}
	tb.Cleanup(s.Close)
	return s
}
