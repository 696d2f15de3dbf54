package pbx

import (
	"slices"
	"sync"
	"time"
)

// request is one question to a PBX. Its answer is the message named result, with
// the same src or with none.
type request struct {
	name   string
	result string
	src    string
	frames [][]byte             // the question, after what goes out with it
	done   func(message, error) // called once, on any goroutine, with no lock held
	timer  *time.Timer
}

// requests are the questions of one connection: at most limit of them await their
// answer, the others wait for their turn, the urgent ones before the rest.
type requests struct {
	limit   int
	timeout time.Duration
	send    func(frame []byte) // must not block
	expired func(*request)

	mu       sync.Mutex // protects following
	awaiting []*request // oldest first
	urgent   []*request
	rest     []*request
	ended    error
}

// add queues r. After the end of the connection it returns what ended it, and r is
// never done.
func (q *requests) add(r *request, urgent bool) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ended != nil {
		return q.ended
	}
	if urgent {
		q.urgent = append(q.urgent, r)
	} else {
		q.rest = append(q.rest, r)
	}
	q.advance()
	return nil
}

// answer hands m to the request it answers, and reports whether there was one.
func (q *requests) answer(m message) bool {
	q.mu.Lock()
	i := slices.IndexFunc(q.awaiting, func(r *request) bool {
		return r.result == m.Name && (m.Src == "" || r.src == string(m.Src))
	})
	if i < 0 {
		q.mu.Unlock()
		return false
	}
	r := q.awaiting[i]
	q.settle(i)
	q.mu.Unlock()
	r.done(m, nil)
	return true
}

// abandon takes r back: nobody waits for its answer any more. It reports whether r
// had been sent, and ok is false where r has been done or is just being done.
func (q *requests) abandon(r *request) (sent, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if i := slices.Index(q.awaiting, r); i >= 0 {
		q.settle(i)
		return true, true
	}
	if i := slices.Index(q.urgent, r); i >= 0 {
		q.urgent = slices.Delete(q.urgent, i, i+1)
		return false, true
	}
	return false, false
}

// end fails what awaits an answer or its turn, and all that comes after.
func (q *requests) end(cause error) {
	q.mu.Lock()
	failed := slices.Concat(q.awaiting, q.urgent, q.rest)
	q.awaiting, q.urgent, q.rest, q.ended = nil, nil, nil, cause
	q.mu.Unlock()
	for _, r := range failed {
		if r.timer != nil {
			r.timer.Stop()
		}
		r.done(message{}, cause)
	}
}

// settle takes the awaiting request i out and lets the next one go. q.mu is held.
func (q *requests) settle(i int) {
	q.awaiting[i].timer.Stop()
	q.awaiting = slices.Delete(q.awaiting, i, i+1)
	q.advance()
}

// advance sends what may go. q.mu is held.
func (q *requests) advance() {
	for len(q.awaiting) < q.limit {
		var r *request
		switch {
		case len(q.urgent) > 0:
			r, q.urgent = q.urgent[0], q.urgent[1:]
		case len(q.rest) > 0:
			r, q.rest = q.rest[0], q.rest[1:]
		default:
			return
		}
		q.awaiting = append(q.awaiting, r)
		r.timer = time.AfterFunc(q.timeout, func() { q.expire(r) })
		for _, frame := range r.frames {
			q.send(frame)
		}
	}
}

func (q *requests) expire(r *request) {
	if _, ok := q.abandon(r); ok {
		q.expired(r)
		r.done(message{}, ErrTimeout)
	}
}
