package graph

import (
	"context"

	"github.com/pbx365/connector/presence"
)

// Sink takes what Teams shows of one person. It is called in order per person,
// from one goroutine at a time, and must neither block nor call the feed.
type Sink func(Presence)

// Feed tells what Teams shows of the people it watches: whoever takes it does not see
// how it was learnt.
type Feed interface {
	// Watch replaces the set of people (object ids). Those who are new are read
	// at once. It may be called at any time, also before Run.
	Watch(users []string)
	// Run passes on each difference until ctx ends, whose error it returns.
	Run(ctx context.Context, sink Sink) error
	// Health is for an operator to read.
	Health() presence.Health
}

var (
	_ Feed = (*Sweep)(nil)
	_ Feed = (*Push)(nil)
)
