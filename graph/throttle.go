package graph

import (
	"context"
	"sync"
	"time"
)

// Throttle makes calls wait while Graph throttles one of them. Graph counts the
// calls of an application in a tenant, whoever is signed in, so the Clients of one
// app registration should share one. The zero value is ready for use. It is safe for
// concurrent use and must not be copied.
type Throttle struct {
	mu    sync.Mutex // protects following
	until time.Time
}

// hold makes all calls wait for d from now, or for longer where they already do.
func (t *Throttle) hold(d time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if until := time.Now().Add(d); until.After(t.until) {
		t.until = until
	}
}

// wait returns when calls may go out, or with the error of ctx.
func (t *Throttle) wait(ctx context.Context) error {
	for {
		t.mu.Lock()
		left := time.Until(t.until)
		t.mu.Unlock()
		if left <= 0 {
			return ctx.Err()
		}
		if err := sleep(ctx, left, nil); err != nil {
			return err
		}
	}
}
