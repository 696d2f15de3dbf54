package pbxtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

var (
	errOverflow = errors.New("service reads too slowly")
	errDropped  = errors.New("dropped")
	errVanished = errors.New("vanished")
)

// conn is a connection that is logged in. One goroutine reads requests and serves them
// in order, one writes.
type conn struct {
	pbx     *PBX
	sys     *System
	ws      *socket
	key     sessionKey
	out     *outbox
	roll    chan struct{} // asks for the roll call of RCC
	dropped chan struct{} // closed when the PBX gives the connection up

	// protected by sys.mu
	closed     bool
	vanished   bool // given up, but not closed
	table      *table
	presence   map[string]*presenceAPI // by the name of the API
	lastAPI    int
	monitor    *monitor
	handles    map[int]*handle
	lastHandle int
	services   *string // src of SubscribeServices; nil without
}

func newConn(p *PBX, ws *socket, key sessionKey) *conn {
	c := &conn{
		pbx: p, sys: p.sys, ws: ws, key: key,
		out:      newOutbox(p.o.QueueLimit),
		roll:     make(chan struct{}, 1),
		dropped:  make(chan struct{}),
		presence: make(map[string]*presenceAPI),
		handles:  make(map[int]*handle),
	}
	c.addPresenceAPI(apiPresence, nil)
	return c
}

// open makes the connection known and introduces the PBX, unless that is paused.
func (c *conn) open() bool {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	p := c.pbx
	if p.paused != nil {
		return false
	}
	p.conns[c] = struct{}{}
	p.accepted++
	c.indicate("", "PbxInfo", "", encode(struct {
		Domain  string   `json:"domain"`
		PBX     string   `json:"pbx"`
		DNS     string   `json:"pbxDns"`
		APIs    []string `json:"apis"`
		Version string   `json:"version,omitempty"`
		Build   string   `json:"build,omitempty"`
	}{c.sys.domain, p.o.Name, p.o.DNS, p.o.APIs, p.o.Version, p.o.Build}))
	c.indicate("", "AppInfo", "", encode(struct {
		App string `json:"app"`
	}{p.o.app()}))
	c.sys.changed()
	return true
}

// close forgets the connection and all that lived with it; sys.mu must be held.
func (c *conn) close() {
	if c.closed {
		return
	}
	c.closed = true
	c.sys.losses = appendBounded(c.sys.losses, Loss{time.Now(), c.pbx.o.Name})
	close(c.dropped)
	delete(c.pbx.conns, c)
	for _, api := range c.presence {
		api.close()
	}
	c.sys.changed()
}

// vanish is a close the service does not see; sys.mu must be held.
func (c *conn) vanish() {
	c.vanished = true
	c.ws.vanish()
	c.close()
}

// serve works until the connection or ctx ends and returns why it did. A connection that
// vanished ends with ctx only.
func (c *conn) serve(ctx context.Context) error {
	alive, end := context.WithCancel(ctx)
	var cut sync.WaitGroup
	cut.Go(func() {
		<-alive.Done()
		c.ws.cut()
	})
	defer cut.Wait()
	defer end()
	err := c.work(ctx)
	c.sys.mu.Lock()
	vanished := c.vanished
	c.close()
	c.sys.mu.Unlock()
	if vanished {
		<-ctx.Done()
		err = errVanished
	}
	return err
}

func (c *conn) work(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.readLoop(ctx) })
	g.Go(func() error { return c.writeLoop(ctx) })
	g.Go(func() error { return c.rollCalls(ctx) })
	g.Go(func() error {
		select {
		case <-c.out.full:
			return errOverflow
		case <-c.dropped:
			return errDropped
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	g.Go(func() error { return c.out.forward(ctx) })
	if c.pbx.o.PingInterval > 0 {
		g.Go(func() error { return c.pingLoop(ctx) })
	}
	return g.Wait()
}

func (c *conn) readLoop(ctx context.Context) error {
	for {
		raw, err := c.ws.read(ctx)
		if err != nil {
			return fmt.Errorf("read: %w", c.pbx.blame(err))
		}
		m, err := parse(raw)
		if err != nil {
			_ = c.pbx.blame(err)
			continue
		}
		if err := c.out.awaitRoom(ctx); err != nil {
			return err
		}
		c.serveOne(m)
	}
}

func (c *conn) writeLoop(ctx context.Context) error {
	idle := time.NewTimer(c.pbx.o.KeepAlive)
	defer idle.Stop()
	for {
		select {
		case <-c.out.ready:
		case <-idle.C:
			c.out.push(envelope("", "KeepAlive", "", nil))
		case <-ctx.Done():
			return ctx.Err()
		}
		for _, frame := range c.out.take() {
			if err := sleep(ctx, c.pbx.o.FrameTime); err != nil {
				return err
			}
			if err := c.ws.write(ctx, frame); err != nil {
				return fmt.Errorf("write: %w", err)
			}
		}
		idle.Reset(c.pbx.o.KeepAlive)
	}
}

func (c *conn) pingLoop(ctx context.Context) error {
	ping := func() error {
		ctx, cancel := context.WithTimeout(ctx, c.pbx.o.PingInterval)
		defer cancel()
		return c.ws.ping(ctx)
	}
	for {
		if err := sleep(ctx, c.pbx.o.PingInterval); err != nil {
			return err
		}
		if err := ping(); err != nil {
			return fmt.Errorf("ping: %w", err)
		}
	}
}
