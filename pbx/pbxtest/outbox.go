package pbxtest

import (
	"context"
	"slices"
	"sync"
	"time"
)

// outbox is the bounded queue between those who have something to send and the one
// writer of a connection.
type outbox struct {
	limit int
	full  chan struct{} // closed by the first frame that finds no room
	ready chan struct{} // holds a token while frames wait
	wake  chan struct{} // holds a token when forward has to look at later

	mu     sync.Mutex // protects following
	frames [][]byte
	later  []delayed     // by their time
	room   chan struct{} // closed when the writer takes; nil while nobody waits
	failed bool
}

func newOutbox(limit int) *outbox {
	return &outbox{
		limit: limit, full: make(chan struct{}),
		ready: make(chan struct{}, 1), wake: make(chan struct{}, 1),
	}
}

// push appends a frame and never blocks. A frame too many is lost and closes full.
func (o *outbox) push(frame []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.frames)+len(o.later) >= o.limit {
		o.fail()
		return
	}
	o.append(frame)
}

func (o *outbox) append(frame []byte) {
	o.frames = append(o.frames, frame)
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

// pushIn pushes a frame once a delay is over. Frames of one delay keep their order.
func (o *outbox) pushIn(delay time.Duration, frame []byte) {
	if delay <= 0 {
		o.push(frame)
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.frames)+len(o.later) >= o.limit {
		o.fail()
		return
	}
	d := delayed{time.Now().Add(delay), frame}
	at, _ := slices.BinarySearchFunc(o.later, d, func(waiting, d delayed) int {
		if waiting.due.After(d.due) {
			return 1
		}
		return -1
	})
	o.later = slices.Insert(o.later, at, d)
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) fail() {
	if !o.failed {
		o.failed = true
		close(o.full)
	}
}

// take returns all waiting frames, none if ready had none.
func (o *outbox) take() [][]byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	frames := o.frames
	o.frames = nil
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
	return frames
}

// awaitRoom blocks while the queue is half full or more.
func (o *outbox) awaitRoom(ctx context.Context) error {
	for {
		o.mu.Lock()
		if len(o.frames) <= o.limit/2 {
			o.mu.Unlock()
			return nil
		}
		if o.room == nil {
			o.room = make(chan struct{})
		}
		room := o.room
		o.mu.Unlock()
		select {
		case <-room:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// delayed is a frame that must not be sent before its time.
type delayed struct {
	due   time.Time
	frame []byte
}

// forward pushes the frames of pushIn when they are due.
func (o *outbox) forward(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-o.wake:
		case <-ctx.Done():
			return ctx.Err()
		}
		if next, waiting := o.release(time.Now()); waiting {
			timer.Reset(time.Until(next))
		}
	}
}

// release pushes what is due by now and returns when it must be called again.
func (o *outbox) release(now time.Time) (next time.Time, waiting bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.later) > 0 && !o.later[0].due.After(now) {
		o.append(o.later[0].frame)
		o.later = o.later[1:]
	}
	if len(o.later) == 0 {
		return time.Time{}, false
	}
	return o.later[0].due, true
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
