package graph

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// forever is a wait that only a signal or the end of ctx interrupts.
const forever = 24 * time.Hour

// sleep waits for d, for a value on wake, or for the end of ctx, whose error it
// returns.
func sleep(ctx context.Context, d time.Duration, wake <-chan struct{}) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-wake:
	case <-ctx.Done():
	}
	return ctx.Err()
}

// outlive returns a context that ends d after ctx does, or with cancel, which must be called.
func outlive(ctx context.Context, d time.Duration) (_ context.Context, cancel context.CancelFunc) {
	longer, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		_ = sleep(longer, d, nil)
		end()
	})
	return longer, func() { stop(); end() }
}

// poke puts a value on a channel of capacity one, where there is none yet.
func poke(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

// pause is the growing, jittered delay between attempts that fail.
type pause struct{ b *backoff.ExponentialBackOff }

func newPause(most time.Duration) pause {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.Multiplier, b.MaxInterval = time.Second, 2, most
	return pause{b}
}

// after returns the delay that err asks for: at least Retry-After, where Graph gave
// one, and at most codePause, where somebody may just be entering a code.
func (p pause) after(err error) time.Duration {
	d := p.b.NextBackOff()
	var answer *Error
	var asked *SignInNeededError
	switch {
	case errors.As(err, &answer):
		return max(d, answer.RetryAfter)
	case errors.As(err, &asked):
		return min(d, codePause)
	}
	return d
}

// reset is called after a success.
func (p pause) reset() { p.b.Reset() }

func logger(l *slog.Logger, component string) *slog.Logger {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return l.With("component", component)
}
