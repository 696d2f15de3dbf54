package graph

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"

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
	budget int           // calls within AllowanceSpan
	every  time.Duration // of the idle; zero plans it
	told   time.Duration // between two reads of those of whom a subscription tells

	limiter *rate.Limiter
	rounds  [paces]time.Time // when the last one began; only run touches it
}

func newReader(c *Client, b *board, o SweepOptions, told time.Duration, log *slog.Logger) *reader {
	budget := o.Budget
	if budget <= 0 {
		budget = defaultBudget
	}
	burst := max(1, budget/burstPart)
	return &reader{
		client: c, board: b, light: presence.NewLight("presence sweep"), log: log,
		budget: budget, every: o.Every, told: told,
		limiter: rate.NewLimiter(rate.Limit(float64(max(1, budget-burst))/AllowanceSpan.Seconds()), burst),
	}
}

// run reads until ctx ends, whose error it returns.
func (r *reader) run(ctx context.Context, sink Sink) error {
	r.board.open(sink)
	pause := newPause(readPause)
	for now := range r.rounds {
		r.rounds[now] = time.Now()
	}
	for {
		people := r.board.census()
		plan := plan(people, r.budget, r.every, r.told)
		r.ask(plan)
		r.board.judge()
		read, err := r.read(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			r.light.Fail(err)
			r.log.Warn("presence not read", "error", err)
		case read > 0 || people == [paces]int{}:
			r.light.OK(r.detail(people, plan))
		}
		if err == nil || read > 0 {
			pause.reset()
			err = sleep(ctx, time.Until(r.board.next(r.round(people, plan))), r.board.wake)
		} else {
			err = sleep(ctx, pause.after(err), nil)
		}
		if err != nil {
			return err
		}
	}
}

// ask begins the rounds that are due. One of a slower pace includes the faster ones.
func (r *reader) ask(plan intervals) {
	for p := paces - 1; p >= 0; p-- {
		if time.Since(r.rounds[p]) >= plan[p] {
			r.board.ask(p)
			for ; p >= 0; p-- {
				r.rounds[p] = time.Now()
			}
		}
	}
}

// round is when the next one begins that has somebody to read.
func (r *reader) round(people [paces]int, plan intervals) time.Time {
	next := time.Now().Add(forever)
	for p, n := range people {
		if at := r.rounds[p].Add(plan[p]); n > 0 && at.Before(next) {
			next = at
		}
	}
	return next
}

func (r *reader) detail(people [paces]int, plan intervals) string {
	active, swept := people[paceActive], people[paceActive]+people[paceIdle]
	text := fmt.Sprintf("%d people every %v", swept, plan[paceIdle].Round(time.Millisecond))
	if active > 0 && plan[paceActive] < plan[paceIdle] {
		text += fmt.Sprintf(", %d of them every %v", active, plan[paceActive].Round(time.Millisecond))
	}
	if told := people[paceTold]; told > 0 {
		text = fmt.Sprintf("%d people every %v, beside their notifications", told, plan[paceTold])
		if swept > 0 {
			text += fmt.Sprintf("; %d others every %v", swept, plan[paceIdle].Round(time.Millisecond))
		}
	}
	if n := len(r.board.unreadable()); n > 0 {
		text += fmt.Sprintf("; %d cannot be read", n)
	}
	return text
}

// failedBatch is one that has failed because of somebody in it, perhaps.
type failedBatch struct {
	asked []question
	err   error
}

// read reads those who are due and returns how many it could. A batch that fails
// does not stop the others, and a person because of whom it fails is set aside; the first error
// that is no such person's is returned.
func (r *reader) read(ctx context.Context) (int, error) {
	var (
		g      errgroup.Group
		mu     sync.Mutex
		read   int
		good   []question // somebody who was read
		failed []failedBatch
	)
	g.SetLimit(bulkParallel)
	due, aside := r.board.take()
	for batch := range slices.Chunk(due, bulkLimit) {
		g.Go(func() error {
			err := r.bulk(ctx, batch)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				read += len(batch)
				good = batch[:1]
			case blames(err):
				failed = append(failed, failedBatch{batch, err})
				return nil
			default:
				r.board.again(batch, time.Now().Add(batchAgain))
			}
			return err
		})
	}
	for _, q := range aside {
		g.Go(func() error {
			if err := r.bulk(ctx, []question{q}); err != nil {
				r.board.setAside([]question{q})
			}
			return nil
		})
	}
	err := g.Wait()
	for i, batch := range failed {
		found := r.sift(ctx, batch, good)
		if found.good != nil {
			good = found.good[:1]
		}
		read += len(batch.asked) - len(found.bad) - len(found.unclear)
		if len(found.unclear) > 0 && err == nil {
			err = found.err
		}
		if found.outage {
			for _, rest := range failed[i+1:] {
				r.board.again(rest.asked, time.Now().Add(batchAgain))
			}
			break
		}
	}
	return read, err
}

// sift reads a batch that has failed, without those because of whom it does. Good is
// somebody who was read, if anybody was.
func (r *reader) sift(ctx context.Context, batch failedBatch, good []question) bisection[question] {
	works := func() bool { return good != nil && r.bulk(ctx, good) == nil }
	found := bisect(batch.asked, batch.err, works, func(part []question) error { return r.bulk(ctx, part) })
	r.board.again(found.unclear, time.Now().Add(batchAgain))
	r.board.setAside(found.bad)
	for _, q := range found.bad {
		r.log.Warn("somebody cannot be read and is left alone for a while", "user", q.user, "again_in", asideFor, "error", found.err)
	}
	return found
}

// bulk makes one call.
func (r *reader) bulk(ctx context.Context, batch []question) error {
	if err := r.limiter.Wait(ctx); err != nil {
		return err
	}
	users := make([]string, len(batch))
	for i, q := range batch {
		users[i] = q.user
	}
	seen, err := r.client.Presences(ctx, users)
	if err != nil {
		return err
	}
	r.board.answer(batch, seen)
	return nil
}
