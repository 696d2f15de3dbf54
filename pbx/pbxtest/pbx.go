package pbxtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const loginTimeout = 10 * time.Second

var errPaused = errors.New("PBX is paused")

// PBX is one PBX of a system. It must be made with [System.AddPBX].
type PBX struct {
	sys   *System
	o     Options
	again chan struct{} // asks Run for another connection

	// protected by sys.mu
	conns    map[*conn]struct{} // logged in
	paused   chan struct{}      // closed by Resume; nil while not paused
	accepted int
	refused  int
}

// Name returns the PBX name.
func (p *PBX) Name() string { return p.o.Name }

// Run keeps a connection to the service until ctx ends, then returns nil after the last
// connection is closed. An error is an App URL nobody can dial. It must not run twice
// at a time.
func (p *PBX) Run(ctx context.Context) error {
	address, err := p.address()
	if err != nil {
		return fmt.Errorf("run PBX %s: %w", p.o.Name, err)
	}
	log := p.o.Logger.With("pbx", p.o.Name)
	var open sync.WaitGroup
	defer open.Wait()
	delay := p.o.MinBackoff
	for p.awaitResume(ctx) == nil {
		p.forgetDuplicate()
		c, err := p.connect(ctx, address)
		if err != nil {
			log.Warn("not connected", "error", err)
			_ = sleep(ctx, delay)
			delay = min(2*delay, p.o.MaxBackoff)
			continue
		}
		log.Info("connected", "url", p.o.AppURL)
		delay = p.o.MinBackoff
		open.Go(func() {
			err := c.serve(ctx)
			log.Info("connection lost", "error", err)
		})
		select {
		case <-c.dropped:
			_ = sleep(ctx, delay)
		case <-p.again:
		}
	}
	return nil
}

// Connected reports whether a connection is logged in.
func (p *PBX) Connected() bool {
	p.sys.mu.Lock()
	defer p.sys.mu.Unlock()
	return len(p.conns) > 0
}

// Logins counts the logins the service accepted and refused.
func (p *PBX) Logins() (accepted, refused int) {
	p.sys.mu.Lock()
	defer p.sys.mu.Unlock()
	return p.accepted, p.refused
}

// Drop cuts all connections without a closing handshake. Run dials again after MinBackoff.
func (p *PBX) Drop() {
	p.sys.mu.Lock()
	defer p.sys.mu.Unlock()
	p.drop()
}

// Vanish has the PBX lose its power: the connections stay as they are, with nobody at this
// end who reads, writes, answers pings or closes them, until Run ends. Run dials again after
// MinBackoff, as a PBX that has started anew; a [PBX.Pause] right after Vanish keeps it away.
func (p *PBX) Vanish() {
	p.sys.mu.Lock()
	defer p.sys.mu.Unlock()
	for c := range p.conns {
		c.vanish()
	}
}

// Pause drops the connections and stays away until [PBX.Resume].
func (p *PBX) Pause() {
	p.sys.mu.Lock()
	defer p.sys.mu.Unlock()
	if p.paused == nil {
		p.paused = make(chan struct{})
	}
	p.drop()
}

// Resume ends a [PBX.Pause].
func (p *PBX) Resume() {
	p.sys.mu.Lock()
	defer p.sys.mu.Unlock()
	if p.paused != nil {
		close(p.paused)
		p.paused = nil
	}
}

// Duplicate has a further connection opened, as a PBX does that took the first one for
// dead. The older one goes on until the service closes it, and is not opened again. It
// does nothing while there is no connection.
func (p *PBX) Duplicate() {
	p.sys.mu.Lock()
	defer p.sys.mu.Unlock()
	if len(p.conns) == 0 {
		return
	}
	select {
	case p.again <- struct{}{}:
	default:
	}
}

// connect dials and logs in.
func (p *PBX) connect(ctx context.Context, address string) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	ws, err := dialSocket(ctx, address, p.o.HTTPClient, p.o.FragmentSize)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	challenge, err := caller{
		pbx: p, hello: [][]byte{envelope("", "AppChallenge", "", nil)},
		proof: p.credentials().pbxLogin, known: func(message) bool { return false },
	}.login(ctx, ws)
	if err != nil {
		ws.cut()
		p.sys.mu.Lock()
		defer p.sys.mu.Unlock()
		if errors.Is(err, errRefused) {
			p.refused++
			p.sys.changed()
		}
		return nil, err
	}
	c := newConn(p, ws, newSessionKey(challenge, p.o.Password))
	if !c.open() {
		ws.cut()
		return nil, errPaused
	}
	return c, nil
}

func (p *PBX) awaitResume(ctx context.Context) error {
	p.sys.mu.Lock()
	paused := p.paused
	p.sys.mu.Unlock()
	if paused == nil {
		return ctx.Err()
	}
	select {
	case <-paused:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// forgetDuplicate drops a wish to duplicate what is gone by now.
func (p *PBX) forgetDuplicate() {
	select {
	case <-p.again:
	default:
	}
}

// drop cuts the connections; sys.mu must be held.
func (p *PBX) drop() {
	for c := range p.conns {
		c.close()
	}
}

func (p *PBX) enabled(api string) bool { return slices.Contains(p.o.APIs, api) }

// sees reports whether the PBX replicates a user: the master all, a slave its own.
func (p *PBX) sees(u *user) bool { return !p.o.Slave || u.Home == p.o.Name }

func (p *PBX) violated(format string, args ...any) {
	p.sys.mu.Lock()
	defer p.sys.mu.Unlock()
	p.sys.violated(p, format, args...)
}
