package pbx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// conn is the connection of a peer that has logged in: one reader, one writer with
// a bounded queue, and the requests between them.
type conn struct {
	socket   *socket
	who      identity
	number   uint64
	counts   *tally
	log      *slog.Logger // names the peer
	requests requests
	timeout  time.Duration // of one write
	out      chan []byte
	lastSrc  atomic.Uint64

	stopOnce sync.Once
	stopped  chan struct{}
	cause    error // readable once stopped is closed
}

func newConn(s *socket, who identity, addr string, number uint64, o Options, counts *tally) *conn {
	c := &conn{
		socket:  s,
		who:     who,
		number:  number,
		counts:  counts,
		log:     o.Logger.With(slog.String("addr", addr), slog.String("sip", clip(who.Name)), slog.String("pbx", clip(who.PBX))),
		timeout: o.RequestTimeout,
		out:     make(chan []byte, 3*o.Outstanding+16), // each question with what goes first, and a handle to give back
		stopped: make(chan struct{}),
	}
	c.requests = requests{
		limit:   o.Outstanding,
		timeout: o.RequestTimeout,
		send:    c.send,
		expired: c.expired,
	}
	return c
}

// run hands each frame to handle, in order, until the connection ends by itself, by
// stop or with ctx. It returns the cause, after everything that awaited an answer
// has failed with it. A frame that is no text is handed on as nil, and none after the end:
// a socket that closes may cut the frame that is being read.
func (c *conn) run(ctx context.Context, pingEvery time.Duration, handle func(frame []byte)) error {
	defer context.AfterFunc(ctx, func() { c.stop(context.Cause(ctx)) })()
	live, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var helpers sync.WaitGroup
	helpers.Go(func() { <-c.stopped; c.socket.close(c.cause) })
	helpers.Go(func() { c.writeAll(live) })
	helpers.Go(func() { c.pingAll(live, pingEvery) })
	for {
		frame, err := c.socket.read(live)
		if err != nil && !errors.Is(err, errBinary) {
			c.stop(err)
		}
		if c.over() {
			break
		}
		handle(frame)
	}
	cancel()
	helpers.Wait()
	c.requests.end(fmt.Errorf("%w any more: %w", ErrNotConnected, c.cause))
	return c.cause
}

// stop ends the connection because of cause. The first cause is the one that counts.
func (c *conn) stop(cause error) {
	c.stopOnce.Do(func() {
		c.cause = cause
		close(c.stopped)
	})
}

func (c *conn) over() bool {
	select {
	case <-c.stopped:
		return true
	default:
		return false
	}
}

// finish ends the connection with errPageDone, once everything before it is written.
func (c *conn) finish() {
	select {
	case c.out <- nil:
	case <-c.stopped:
	}
}

// send queues a frame and never waits: a peer that leaves the queue full is given up.
func (c *conn) send(frame []byte) {
	select {
	case c.out <- frame:
	default:
		c.stop(ErrSlow)
	}
}

// question is what a PBX is asked.
type question struct {
	api, name string
	src       string // empty for one of the connection's own
	body      any    // nil, or what encodes as an object
	urgent    bool   // goes out before those that are not

	// first is what has no answer of its own and goes out just before: so it waits for
	// its turn as well.
	first *question
}

func (q question) encode(src string) ([]byte, error) {
	return envelope{q.api, q.name, src}.encode(q.body)
}

// ask sends a request whose answer, or failure, goes to done. An error says that the
// connection has ended, or that the request can never be sent; done is not called then.
func (c *conn) ask(q question, done func(message, error)) error {
	_, err := c.enqueue(q, done)
	return err
}

// do sends a request, as an urgent one, and waits for its answer. Where ctx ended before
// its turn came, the error matches errUnsent.
func (c *conn) do(ctx context.Context, q question) (message, error) {
	type outcome struct {
		message
		error
	}
	answered := make(chan outcome, 1)
	q.urgent = true
	r, err := c.enqueue(q, func(m message, err error) { answered <- outcome{m, err} })
	if err != nil {
		return message{}, err
	}
	select {
	case o := <-answered:
		return o.message, o.error
	case <-ctx.Done():
		switch sent, ok := c.requests.abandon(r); {
		case ok && sent:
			return message{}, context.Cause(ctx)
		case ok:
			return message{}, fmt.Errorf("%w: %w", errUnsent, context.Cause(ctx))
		}
		o := <-answered
		return o.message, o.error
	}
}

// tell sends what has no answer.
func (c *conn) tell(q question) {
	if frame, err := q.encode(q.src); err == nil {
		c.send(frame)
	}
}

func (c *conn) enqueue(q question, done func(message, error)) (*request, error) {
	src := q.src
	if src == "" {
		src = strconv.FormatUint(c.lastSrc.Add(1), 10)
	}
	frame, err := q.encode(src)
	if err != nil {
		return nil, err
	}
	r := &request{name: q.name, result: q.name + "Result", src: src, frames: [][]byte{frame}, done: done}
	if q.first != nil {
		if before, err := q.first.encode(q.first.src); err == nil {
			r.frames = [][]byte{before, frame}
		}
	}
	return r, c.requests.add(r, q.urgent)
}

// expired counts and reports a request that was left unanswered.
func (c *conn) expired(r *request) {
	c.counts.count(func(c *Counters) { c.Timeouts++ })
	c.log.Warn("no answer in time", slog.String("request", r.name))
}

// badFrame counts and reports a frame that could not be read. The connection goes on.
func (c *conn) badFrame(err error) {
	c.counts.count(func(c *Counters) { c.BadFrames++ })
	c.log.Warn("bad frame", slog.Any("error", err))
}

func (c *conn) writeAll(ctx context.Context) {
	for {
		select {
		case <-c.stopped:
			return
		case frame := <-c.out:
			if frame == nil {
				c.stop(errPageDone)
				return
			}
			if err := c.write(ctx, frame); err != nil {
				c.stop(err)
			}
		}
	}
}

// write names the cause before it gives up, since that ends the reader as well.
func (c *conn) write(ctx context.Context, frame []byte) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer time.AfterFunc(c.timeout, func() { c.stop(ErrSlow); cancel() }).Stop()
	return c.socket.write(ctx, frame)
}

func (c *conn) pingAll(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-c.stopped:
			return
		case <-tick.C:
		}
		wait, cancel := context.WithTimeout(ctx, 2*every)
		err := c.socket.ping(wait)
		cancel()
		if err != nil {
			c.stop(fmt.Errorf("ping: %w", err))
			return
		}
	}
}
