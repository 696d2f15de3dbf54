package graph

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"github.com/pbx365/connector/presence"
)

const (
	// bulkParallel is the number of bulk reads under way at a time.
	bulkParallel = 4
	// outageFor is how long nobody is looked for who is to blame, after everything failed.
	outageFor = time.Minute
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
	busy    atomic.Int32     // batches under way
	sifting sync.Mutex       // one batch at a time

	mu     sync.Mutex // protects following
	worked time.Time  // when a read succeeded last
	good   string     // somebody who was read then
	outage time.Time  // when everything was found to fail
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

// run reads until ctx ends, whose error it returns. A batch that is under way holds up
// nobody else.
func (r *reader) run(ctx context.Context, sink Sink) error {
	r.board.open(sink)
	r.worked, r.outage = time.Time{}, time.Time{}
	for p := range r.rounds {
		r.rounds[p] = time.Now()
	}
	var batches sync.WaitGroup
	defer batches.Wait()
	for {
		people := r.board.census()
		plan := plan(people, r.budget, r.every, r.told)
		r.ask(plan)
		r.board.judge()
		r.begin(ctx, &batches)
		if r.board.count(lotFailed) == 0 && (people == [paces]int{} || r.workedAfter(time.Time{})) {
			r.light.OK(r.detail(people, plan))
		}
		if err := sleep(ctx, time.Until(r.until(people, plan)), r.board.wake); err != nil {
			return err
		}
	}
}

// begin reads those who are due, as many batches at a time as may be.
func (r *reader) begin(ctx context.Context, batches *sync.WaitGroup) {
	for r.busy.Load() < bulkParallel {
		batch := r.board.take()
		if batch == nil {
			return
		}
		r.busy.Add(1)
		batches.Go(func() {
			r.read(ctx, batch)
			r.busy.Add(-1)
			poke(r.board.wake)
		})
	}
}

// until is when there is something to do, if nobody is due sooner and no batch ends.
func (r *reader) until(people [paces]int, plan intervals) time.Time {
	if r.busy.Load() == bulkParallel {
		return time.Now().Add(forever)
	}
	return r.board.next(r.round(people, plan))
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
	if n := r.board.count(lotAside); n > 0 {
		text += fmt.Sprintf("; %d cannot be read", n)
	}
	return text
}

// read reads a batch. Where that fails because of somebody in it, the others are read without.
func (r *reader) read(ctx context.Context, batch []question) {
	err := r.bulk(ctx, batch)
	switch {
	case err == nil:
		return
	case batch[0].lot == lotAside:
		r.board.setAside(batch)
		return
	case blames(err) && !r.outOfOrder() && r.sifting.TryLock():
		batch, err = r.sift(ctx, batch, err)
		r.sifting.Unlock()
	}
	if len(batch) == 0 {
		return
	}
	least := time.Duration(0)
	if answer := (*Error)(nil); errors.As(err, &answer) {
		least = answer.RetryAfter
	}
	r.board.again(batch, least)
	if ctx.Err() == nil {
		r.light.Fail(err)
		r.log.Warn("presence not read", "people", len(batch), "error", err)
	}
}

// sift reads a batch that has failed, without those because of whom it does. It returns
// those of whom that is not known.
func (r *reader) sift(ctx context.Context, batch []question, err error) ([]question, error) {
	works := func() bool { return r.works(ctx) }
	found := bisect(batch, err, works, func(part []question) error { return r.bulk(ctx, part) })
	r.board.setAside(found.bad)
	for _, q := range found.bad {
		r.log.Warn("somebody cannot be read and is left alone for a while", "user", q.user, "again_in", asideFor, "error", found.err)
	}
	if found.outage {
		r.mu.Lock()
		r.outage = time.Now()
		r.mu.Unlock()
	}
	return found.unclear, found.err
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
	seen, err := r.client.bulk(urgent(ctx, urgentSweep), users)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.worked, r.good = time.Now(), users[0]
	r.mu.Unlock()
	r.board.answer(batch, seen)
	return nil
}

// works reports whether whoever was read last can still be read.
func (r *reader) works(ctx context.Context) bool {
	r.mu.Lock()
	good := r.good
	r.mu.Unlock()
	if good == "" || r.limiter.Wait(ctx) != nil {
		return false
	}
	_, err := r.client.bulk(urgent(ctx, urgentSweep), []string{good})
	return err == nil
}

// workedAfter reports whether a read has succeeded since then.
func (r *reader) workedAfter(since time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.worked.After(since)
}

// outOfOrder reports whether nothing could be read lately, whoever it was.
func (r *reader) outOfOrder() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.outage.After(r.worked) && time.Since(r.outage) < outageFor
}
