package pbxtest

import (
	"context"
	"sync"
	"time"
)

// outbox is the bounded queue between those who have something to send and the one
// writer of a connection.
type outbox struct {
	limit int
	full  chan struct{} // closed by the first frame that finds no room
	ready chan struct{} // holds a token while frames wait

	mu     sync.Mutex // protects following
	frames [][]byte
	room   chan struct{} // closed when the writer takes; nil while nobody waits
	failed bool
}

func newOutbox(limit int) *outbox {
	return &outbox{limit: limit, full: make(chan struct{}), ready: make(chan struct{}, 1)}
}

// push appends a frame and never blocks. A frame too many is lost and closes full.
func (o *outbox) push(frame []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.frames) >= o.limit {
		o.fail()
		return
	}
	o.frames = append(o.frames, frame)
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

// overflow is a frame too many that was lost elsewhere.
func (o *outbox) overflow() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fail()
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

// forward moves frames from late into the outbox when they are due, in order.
func (o *outbox) forward(ctx context.Context, late <-chan delayed) error {
	for {
		select {
		case d := <-late:
			if err := sleep(ctx, time.Until(d.due)); err != nil {
				return err
			}
			o.push(d.frame)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
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
