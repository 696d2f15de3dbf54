package graph

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/pbx365/connector/presence"
)

const (
	defaultBudget = 300
	budgetSpan    = 30 * time.Second
	minEvery      = time.Second
)

// SweepOptions of a Sweep.
type SweepOptions struct {
	// Every is the time from the start of one round to the start of the next.
	// Defaults to what Budget allows for the number of people, at least a second.
	Every time.Duration

	// Budget is the number of calls within 30 seconds that a default Every keeps
	// to. Graph allows 1,500 to all programs of the application. Defaults to 300,
	// with which 100,000 people are read every 16 seconds.
	Budget int

	// Logger receives failed rounds. Defaults to discarding.
	Logger *slog.Logger
}

// Sweep is a Feed that reads everybody on an interval. It needs the application's
// sign-in and nothing else, and must be made with NewSweep.
type Sweep struct {
	reader reader
	opts   SweepOptions
}

// NewSweep returns a Sweep that reads through c.
func NewSweep(c *Client, o SweepOptions) *Sweep {
	s := &Sweep{opts: o}
	s.reader = reader{
		client: c,
		board:  newBoard(),
		light:  presence.NewLight("presence sweep"),
		log:    logger(o.Logger, "sweep"),
		every:  s.every,
		detail: func() string { return fmt.Sprintf("%d people every %v", s.reader.board.size(), s.every()) },
	}
	return s
}

// Watch implements Feed.
func (s *Sweep) Watch(users []string) { s.reader.board.watch(users) }

// Run implements Feed. A round that fails as a whole is tried again with a
// growing delay of up to a minute.
func (s *Sweep) Run(ctx context.Context, sink Sink) error { return s.reader.run(ctx, sink) }

// Health implements Feed.
func (s *Sweep) Health() presence.Health { return s.reader.light.Health() }

func (s *Sweep) every() time.Duration {
	if s.opts.Every > 0 {
		return s.opts.Every
	}
	return planned(s.reader.board.size(), cmp.Or(s.opts.Budget, defaultBudget))
}

// planned is the time between two full reads of that many people that keeps to the
// budget.
func planned(people, budget int) time.Duration {
	calls := (people + bulkLimit - 1) / bulkLimit
	return max(time.Duration(calls)*budgetSpan/time.Duration(budget), minEvery)
}
