package pbx

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/pbx365/connector/presence"
)

// Server is the App Service. It is an [http.Handler] for the websockets of PBXs,
// must be made with NewServer, and is safe for concurrent use.
type Server struct {
	opts Options
	door door
	hub  *hub

	mu       sync.Mutex // protects following
	running  bool
	over     bool
	peers    map[uint64]context.CancelCauseFunc
	lastPeer uint64
	serving  sync.WaitGroup
}

// NewServer returns a server that refuses every request until Run. An error names
// the option that is wrong.
func NewServer(o Options) (*Server, error) {
	o = o.withDefaults()
	if err := o.validate(); err != nil {
		return nil, err
	}
	return &Server{
		opts:     o,
		door:     door{apps: o.Apps, password: o.Password, timeout: o.LoginTimeout, check: o.CheckLogin, turns: newTurnstile()},
		hub:      newHub(o),
		peers:    map[uint64]context.CancelCauseFunc{},
		lastPeer: uint64(time.Now().UnixMicro()),
	}, nil
}

// Run learns from the PBXs until ctx ends, then ends their connections and returns
// nil after the last one. It runs once; again, it returns ErrStopped.
func (s *Server) Run(ctx context.Context) error {
	s.mu.Lock()
	if s.running || s.over {
		s.mu.Unlock()
		return ErrStopped
	}
	s.running = true
	s.mu.Unlock()

	s.hub.run(ctx)

	s.mu.Lock()
	s.running, s.over = false, true
	for _, cancel := range s.peers {
		cancel(ErrStopped)
	}
	s.mu.Unlock()
	s.serving.Wait()
	return nil
}

// ServeHTTP upgrades the request, whatever its path, and serves the peer until it
// goes. It answers 426 to what is no websocket, and 503 when Run is not running or
// too many peers are about to log in.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		http.Error(w, "this is the websocket for the App object of a PBX", http.StatusUpgradeRequired)
		return
	}
	ctx, number, leave := s.enter(r.Context())
	if leave == nil {
		http.Error(w, "the connector is not running", http.StatusServiceUnavailable)
		return
	}
	defer leave()
	addr := s.opts.Address(r)
	if !s.door.turns.enter(network(addr)) {
		http.Error(w, "too many logins at once", http.StatusServiceUnavailable)
		return
	}
	socket, who := s.admit(ctx, w, r, addr)
	s.door.turns.leave(network(addr))
	if socket != nil {
		s.attend(ctx, socket, addr, who, number)
	}
}

// enter makes the caller one of those that Run ends and waits for; nothing else ends
// the context, since a connection outlives its request. The function returned is
// nil when Run is not running.
func (s *Server) enter(ctx context.Context) (context.Context, uint64, func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.running {
		return nil, 0, nil
	}
	s.lastPeer++
	number := s.lastPeer
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(ctx))
	s.peers[number] = cancel
	s.serving.Add(1)
	return ctx, number, func() {
		cancel(nil)
		s.mu.Lock()
		delete(s.peers, number)
		s.mu.Unlock()
		s.serving.Done()
	}
}

// admit returns the socket of a peer that has logged in, or nil.
func (s *Server) admit(ctx context.Context, w http.ResponseWriter, r *http.Request, addr string) (*socket, identity) {
	socket, err := accept(w, r)
	if err != nil {
		s.opts.Logger.Debug("no websocket", slog.String("addr", addr), slog.Any("error", err))
		return nil, identity{}
	}
	who, err := s.door.admit(ctx, socket, addr)
	if err == nil {
		socket.limit(s.opts.ReadLimit)
		return socket, who
	}
	if !errors.Is(err, ErrStopped) {
		s.hub.counts.count(func(c *Counters) { c.RefusedLogins++ })
		s.opts.Logger.Warn("login refused", slog.Any("error", err))
		s.hub.post(func() { s.hub.refused(err) })
	}
	select {
	case <-time.After(refusalPause):
	case <-ctx.Done():
	}
	socket.close(err)
	return nil, identity{}
}

// attend serves a peer that has logged in until it goes.
func (s *Server) attend(ctx context.Context, socket *socket, addr string, who identity, number uint64) {
	p := &peer{conn: newConn(socket, who, addr, number, s.opts, s.hub.counts), hub: s.hub, door: s.door, info: s.opts.Info}
	s.hub.counts.count(func(c *Counters) {
		if who.isPBX {
			c.Logins++
		} else {
			c.UserLogins++
		}
	})
	ended := s.showPage(ctx, p, addr)
	cause := p.conn.run(ctx, s.opts.PingEvery, p.handle)
	if p.session != nil {
		s.hub.post(func() { s.hub.down(p.session, cause) })
	}
	ended()
}

// showPage has the page of a person served, if somebody serves pages. The function
// returned waits until it is, after the end of the connection.
func (s *Server) showPage(ctx context.Context, p *peer, addr string) (ended func()) {
	if p.conn.who.isPBX || s.opts.OnPage == nil {
		return func() {}
	}
	p.page = &Page{Visitor: p.conn.who.Visitor, Addr: addr, conn: p.conn, inbox: make(chan json.RawMessage, pageInbox)}
	ctx, cancel := context.WithCancelCause(ctx)
	var serving sync.WaitGroup
	serving.Go(func() {
		s.opts.OnPage(ctx, p.page)
		p.conn.stop(errPageDone)
	})
	return func() { cancel(p.conn.cause); serving.Wait() }
}

// Health returns the light "master PBX", then one for each PBX that has ever logged
// in, by name.
func (s *Server) Health() []presence.Health { return s.hub.lights.health() }

// Counters returns what has happened since NewServer.
func (s *Server) Counters() Counters { return s.hub.counts.snapshot() }
