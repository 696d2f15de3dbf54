package graph

import (
	"context"
	"log/slog"
	"time"

	"github.com/pbx365/connector/presence"
)

// SweepOptions of a Sweep.
type SweepOptions struct {
	// Every is the time from the start of one round to the start of the next, within
	// the Budget. Defaults to 1 second for up to 1,000 people and grows to 10 seconds for
	// 10,000; from about 50,000 on it is what half of the Budget allows for. Who
	// has just changed or is in a call is read five times as often, though never more often
	// than every second.
	Every time.Duration

	// Budget is the number of calls within 30 seconds that all reads keep within.
	// Graph allows 1,500 to all programs of the application. Defaults to a third of
	// that, 500, with which 100,000 people are read every 19 seconds.
	Budget int

	// Logger receives failed rounds and who cannot be read. Defaults to discarding.
	Logger *slog.Logger
}

// Sweep is a Feed that reads everybody on an interval. It needs the application's
// sign-in and nothing else, and must be made with NewSweep.
type Sweep struct{ reader *reader }

// NewSweep returns a Sweep that reads through c.
func NewSweep(c *Client, o SweepOptions) *Sweep {
	return &Sweep{newReader(c, newBoard(), o, 0, logger(o.Logger, "sweep"))}
}

// Watch implements Feed.
func (s *Sweep) Watch(users []string) { s.reader.board.watch(users) }

// Run implements Feed. Four calls are under way at a time at most, and one that Graph does
// not answer, which is given up after 10 seconds, holds up nobody but the people in it. What
// fails is tried again with a growing delay of up to a minute. Somebody because of whom a
// call fails is found by trying parts of it, set aside, and tried again after 15 minutes.
func (s *Sweep) Run(ctx context.Context, sink Sink) error { return s.reader.run(ctx, sink) }

// Unreadable returns the people because of whom calls fail, and who are therefore set
// aside.
func (s *Sweep) Unreadable() []string { return s.reader.board.unreadable() }

// Health implements Feed.
func (s *Sweep) Health() presence.Health { return s.reader.light.Health() }
