package pbx_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/presence"
)

const (
	password = "p&ss <word> é"
	guidA    = "0000000000000000000000000000000a"
	guidB    = "0000000000000000000000000000000b"
)

// rig is a running server on an in-memory listener, inside a synctest bubble.
type rig struct {
	t      *testing.T
	server *pbx.Server
	dials  chan net.Conn
	stop   func() // ends Run and waits for it
	log    safeBuffer

	mu     sync.Mutex
	events []pbx.Event
	hook   func(pbx.Event) // called with each event, without the lock
}

func newRig(t *testing.T, o pbx.Options) *rig {
	t.Helper()
	r := &rig{t: t, dials: make(chan net.Conn)}
	if o.Password == "" {
		o.Password = password
	}
	o.OnEvent = r.record
	o.Logger = slog.New(slog.NewTextHandler(&r.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var err error
	r.server, err = pbx.NewServer(o)
	require.NoError(t, err)

	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := r.server.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	web := &http.Server{Handler: r.server}
	closed := make(chan struct{})
	go func() { _ = web.Serve(listener{r.dials, closed}) }()
	r.stop = func() { cancel(); <-ended }
	t.Cleanup(func() {
		r.stop()
		close(closed)
		_ = web.Close()
		require.NotContains(t, r.log.String(), password)
	})
	synctest.Wait()
	return r
}

// dialContext opens a connection for an HTTP client.
func (r *rig) dialContext(context.Context, string, string) (net.Conn, error) {
	near, far := net.Pipe()
	r.dials <- far
	return near, nil
}

// admits reports whether a peer would be let in to log in.
func (r *rig) admits() bool {
	r.t.Helper()
	client := &http.Client{Transport: &http.Transport{DialContext: r.dialContext, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://service/", nil)
	require.NoError(r.t, err)
	request.Header.Set("Upgrade", "websocket")
	response, err := client.Do(request)
	require.NoError(r.t, err)
	body, err := io.ReadAll(response.Body)
	require.NoError(r.t, err)
	require.NoError(r.t, response.Body.Close())
	require.Equal(r.t, response.StatusCode == http.StatusServiceUnavailable, strings.Contains(string(body), "too many logins"))
	return response.StatusCode != http.StatusServiceUnavailable
}

func (r *rig) record(e pbx.Event) {
	r.mu.Lock()
	r.events = append(r.events, e)
	hook := r.hook
	r.mu.Unlock()
	if hook != nil {
		hook(e)
	}
}

// take waits until nothing moves any more and returns the events since the last take.
func (r *rig) take() []pbx.Event {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	events := r.events
	r.events = nil
	return events
}

// quiet is take without the events of calls.
func (r *rig) quiet() []pbx.Event {
	return slices.DeleteFunc(r.take(), func(e pbx.Event) bool {
		switch e.(type) {
		case pbx.CallSeen, pbx.CallEnded:
			return true
		}
		return false
	})
}

// seen returns the last PresenceSeen among events.
func (r *rig) seen(events []pbx.Event) presence.PBXSeen {
	r.t.Helper()
	for i := len(events) - 1; i >= 0; i-- {
		if e, ok := events[i].(pbx.PresenceSeen); ok {
			return e.Seen
		}
	}
	require.Fail(r.t, "no PresenceSeen", "%v", events)
	return presence.PBXSeen{}
}

// light returns the health of that name.
func (r *rig) light(name string) presence.Health {
	r.t.Helper()
	for _, h := range r.server.Health() {
		if h.Name == name {
			return h
		}
	}
	require.Fail(r.t, "no light", name)
	return presence.Health{}
}

// kinds returns the type names of events.
func kinds(events []pbx.Event) []string {
	names := []string{}
	for _, e := range events {
		switch e.(type) {
		case pbx.PBXUp:
			names = append(names, "up")
		case pbx.PBXDown:
			names = append(names, "down")
		case pbx.UserSeen:
			names = append(names, "user")
		case pbx.UserGone:
			names = append(names, "gone")
		case pbx.UsersSynced:
			names = append(names, "synced")
		case pbx.PresenceSeen:
			names = append(names, "seen")
		case pbx.PresenceLost:
			names = append(names, "lost")
		case pbx.CallSeen:
			names = append(names, "call")
		case pbx.CallEnded:
			names = append(names, "ended")
		case pbx.Indication:
			names = append(names, "other")
		}
	}
	return names
}

type listener struct {
	dials  chan net.Conn
	closed chan struct{}
}

func (l listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.dials:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (listener) Close() error   { return nil }
func (listener) Addr() net.Addr { return &net.TCPAddr{} }

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
