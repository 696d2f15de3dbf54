package graph

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pbx365/connector/presence"
)

const (
	// bulkParallel is the number of bulk reads under way at a time.
	bulkParallel = 4
	// batchAgain is when a batch is read again that failed beside others.
	batchAgain = 10 * time.Second
	// readPause is the longest pause while nothing can be read at all.
	readPause = time.Minute
)

// reader reads those who are due on a board.
type reader struct {
	client *Client
	board  *board
	light  *presence.Light
	log    *slog.Logger
	every  func() time.Duration // from one full read to the next; may change at any time
	detail func() string        // of the green light
}

// run reads until ctx ends, whose error it returns.
func (r *reader) run(ctx context.Context, sink Sink) error {
	r.board.open(sink)
	pause, round := newPause(readPause), time.Now()
	for {
		if time.Since(round) >= r.every() {
			r.board.ask()
			round = time.Now()
		}
		read, err := r.read(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			r.light.Fail(err)
			r.log.Warn("presence not read", "error", err)
		case read > 0 || r.board.size() == 0:
			r.light.OK(r.detail())
		}
		if err == nil || read > 0 {
			pause.reset()
			err = sleep(ctx, time.Until(r.board.next(round.Add(r.every()))), r.board.wake)
		} else {
			err = sleep(ctx, pause.after(err), nil)
		}
		if err != nil {
			return err
		}
	}
}

// read reads those who are due and returns how many it could. One batch that
// fails does not stop the others; the first error is returned.
func (r *reader) read(ctx context.Context) (int, error) {
	var (
		g    errgroup.Group
		mu   sync.Mutex
		read int
	)
	g.SetLimit(bulkParallel)
	for batch := range slices.Chunk(r.board.take(), bulkLimit) {
		g.Go(func() error {
			users := make([]string, len(batch))
			for i, q := range batch {
				users[i] = q.user
			}
			seen, err := r.client.Presences(ctx, users)
			if err != nil {
				r.board.again(batch, time.Now().Add(batchAgain))
				return err
			}
			r.board.answer(batch, seen)
			mu.Lock()
			defer mu.Unlock()
			read += len(batch)
			return nil
		})
	}
	err := g.Wait()
	return read, err
}
