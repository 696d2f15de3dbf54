package graphtest

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"slices"
	"time"
)

const (
	retryTimeout  = 10 * time.Second
	retrySpan     = 4 * time.Hour
	retryPauseMax = 10 * time.Minute
)

// Attempt is one POST of notifications.
type Attempt struct {
	Time         time.Time
	Subscription string
	// Items is the number of notifications in it.
	Items int
	// Try counts from 1.
	Try int
	// Status is the endpoint's answer. Zero: none in time.
	Status int
}

// Attempts returns the newest deliveries that were tried, some thousands at most, oldest first.
func (s *Server) Attempts() []Attempt {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.attempts)
}

// Late is a notification that was sent, or sent again, and accepted after its person had come to
// show something else.
type Late struct {
	Time time.Time // when it was sent
	User string    // object id
	Pair           // what it was about
}

// Late returns the newest notifications of presence that told of the past, the latest 65536 at
// least, oldest first. An endpoint that is away or slow, and faults, bring them about.
func (s *Server) Late() []Late {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.late)
}

// stale returns those of a batch that tell of the past. Called with mu held.
func (s *Server) stale(now time.Time, batch []item) (all []Late) {
	for _, it := range batch {
		if p := s.byID[normal(it.user)]; it.shown.Sequence != "" && p != nil && p.shown != it.shown.Pair {
			all = append(all, Late{Time: now, User: it.user, Pair: it.shown.Pair})
		}
	}
	return all
}

// item is a notification that waits.
type item struct {
	lifecycle  string // event; empty: a change
	changeType string
	user       string
	shown      Presence
	fault      *deliveryFault
}

// outbox is the queue of a subscription, guarded by the server's lock.
type outbox struct {
	sub    *subscription
	items  []item
	behind []item // reordered: wait for the next one
	silent bool   // says nothing any more
	busy   bool   // a sender has it, or will
	sent   int    // being sent, at the head of items
	closed bool
	gone   chan struct{}
}

func newOutbox(sub *subscription) *outbox { return &outbox{sub: sub, gone: make(chan struct{})} }

func (b *outbox) pending() int { return len(b.items) + len(b.behind) }

func (b *outbox) close() {
	if !b.closed {
		b.closed = true
		b.items, b.behind = nil, nil
		close(b.gone)
	}
}

// push queues a notification, or what a fault makes of it. Called with mu held.
func (s *Server) push(sub *subscription, it item) {
	b := sub.box
	it.fault = s.takeDelivery(sub.id, it)
	if b.silent = b.silent || it.fault.Silence; b.silent || it.fault.Drop {
		return
	}
	now := s.o.Now()
	dropped, later := s.penalty(sub.notifyURL, now)
	if dropped {
		s.o.Logger.Warn("notification lost: the endpoint is too slow", "subscription", sub.id)
		return
	}
	items := []item{it}
	if it.fault.Duplicate {
		items = append(items, it)
	}
	switch {
	case it.fault.Late+later > 0:
		s.at(now.Add(it.fault.Late+later), func(time.Time) { s.enqueue(b, items) })
	case it.fault.Reorder:
		b.behind = append(b.behind, items...)
	default:
		s.enqueue(b, append(items, b.behind...))
		b.behind = nil
	}
}

// enqueue has notifications sent. Called with mu held.
func (s *Server) enqueue(b *outbox, items []item) {
	switch {
	case b.closed || b.silent:
	case b.pending() >= queueLimit:
		s.o.Logger.Warn("notification lost: queue full", "subscription", b.sub.id)
	default:
		b.items = append(b.items, items...)
		s.kick(b)
	}
}

// kick asks Run for a sender. Called with mu held.
func (s *Server) kick(b *outbox) {
	if !b.busy && len(b.items) > 0 {
		b.busy = true
		s.ready = append(s.ready, b)
		s.rouse()
	}
	s.announce()
}

// drain sends what an outbox holds, until it is empty, held or gone, or ctx ends.
func (s *Server) drain(ctx context.Context, b *outbox) {
	for {
		s.mu.Lock()
		if b.sent > 0 {
			b.items = slices.Delete(b.items, 0, min(b.sent, len(b.items)))
			b.sent = 0
			s.announce()
		}
		batch := b.head(s.o.Batch)
		if len(batch) == 0 || ctx.Err() != nil {
			b.busy = false
			if ctx.Err() != nil {
				s.kick(b)
			}
			s.mu.Unlock()
			return
		}
		target, body := s.render(b.sub, batch)
		s.mu.Unlock()
		if sleep(ctx, batch[0].fault.Delay, b.gone) && s.send(ctx, b, target, body, batch) {
			s.mu.Lock()
			b.sent = len(batch)
			s.mu.Unlock()
		}
	}
}

// head returns the notifications for one POST: those at the head of the queue that have one
// address, and no fault of the POST that the first one does not have.
func (b *outbox) head(most int) []item {
	n := 0
	for n < min(len(b.items), most) && b.items[n].fault.whole() == b.items[0].fault.whole() &&
		(b.items[n].lifecycle == "") == (b.items[0].lifecycle == "") {
		n++
	}
	if n == 0 || b.items[0].fault.Hold && !b.items[0].fault.lifted {
		return nil
	}
	return slices.Clone(b.items[:n])
}

// send posts a body until it is accepted or given up, and reports whether it is settled
// either way, rather than ctx or the subscription ended.
func (s *Server) send(ctx context.Context, b *outbox, target string, body []byte, batch []item) bool {
	timeout, pause := s.o.DeliverTimeout, s.o.DeliverRetry
	for try, waited := 1, time.Duration(0); ; try++ {
		s.mu.Lock()
		begun := s.o.Now()
		past := s.stale(begun, batch)
		s.mu.Unlock()
		status := s.post(ctx, target, body, timeout)
		if ctx.Err() != nil {
			return false
		}
		s.mu.Lock()
		now := s.o.Now()
		s.judge(target, now.Sub(begun), now)
		s.attempts = record(s.attempts, Attempt{Time: now, Subscription: b.sub.id, Items: len(batch), Try: try, Status: status}, historyLimit)
		accepted := status >= 200 && status < 300
		for _, l := range past {
			if accepted {
				s.late = record(s.late, l, writesLimit)
			}
		}
		s.announce()
		s.mu.Unlock()
		if accepted {
			return true
		}
		if waited >= retrySpan {
			s.o.Logger.Warn("notifications lost: not accepted within 4 hours", "subscription", b.sub.id, "items", len(batch))
			return true
		}
		if !sleep(ctx, pause, b.gone) {
			return false
		}
		waited += pause
		timeout, pause = retryTimeout, min(2*pause, retryPauseMax)
	}
}

// post returns the status of the answer, or zero where there is none in time.
func (s *Server) post(ctx context.Context, target string, body []byte, timeout time.Duration) int {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return 0
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	answer, err := s.deliverer.Do(r)
	if err != nil {
		return 0
	}
	defer answer.Body.Close()
	_, _ = io.CopyN(io.Discard, answer.Body, bodyLimit)
	return answer.StatusCode
}
