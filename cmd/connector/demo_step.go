package main

import (
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/pbx365/connector/graph/graphtest"
)

// side of a step: where something is seen.
type side string

const (
	onTeams side = "Teams"
	onPBX   side = "PBX"
	onBoth  side = "both"
)

// step is one thing that happens, and what the other side has to show for it.
type step struct {
	who  string
	what string // what happens, and where
	// prepare comes before the step and ready must hold then, so that what the step
	// brings about is new.
	prepare func()
	ready   func() bool
	do      func(context.Context) error
	on      side
	want    string
	// seen asks the simulators, never the connector; shows tells what they say now.
	seen  func() bool
	shows func() string
}

func (d *demo) section(format string, args ...any) {
	fmt.Fprintf(d.out, "\n── "+format+"\n", args...)
}

// step plays one step and prints it. It returns an error only where nothing further
// can be played.
func (d *demo) step(ctx context.Context, s *stage, p step) error {
	d.steps++
	result, seen := s.play(ctx, p)
	if ctx.Err() != nil { // an interrupted step says nothing
		d.steps--
		return ctx.Err()
	}
	if seen {
		d.seen++
	}
	fmt.Fprintf(d.out, "%4d  %s %s → %s %s\n", d.steps, pad(p.who, 17), pad(p.what, 53), pad(string(p.on), 5), result)
	return nil
}

// play plays a step, and says what became of it.
func (s *stage) play(ctx context.Context, p step) (result string, seen bool) {
	if !s.looked(ctx) || p.prepare != nil && !s.prepared(ctx, p) {
		return fmt.Sprintf("NOT READY: before the step, %s shows %s", p.on, p.shows()), false
	}
	begin := time.Now()
	if err := p.do(ctx); err != nil {
		return "FAILED: " + err.Error(), false
	}
	if !s.await(ctx, p.seen) {
		return fmt.Sprintf("FAILED: wanted %s, %s shows %s", p.want, p.on, p.shows()), false
	}
	return fmt.Sprintf("%s %5d ms", pad(p.shows(), 37), time.Since(begin).Milliseconds()), true
}

// pad fills text up to a width in characters.
func pad(text string, width int) string {
	for n := utf8.RuneCountInString(text); n < width; n++ {
		text += " "
	}
	return text
}

// prepared prepares a step and waits until the connector has seen it, and would not have the
// step wait for a write that came just before.
func (s *stage) prepared(ctx context.Context, p step) bool {
	p.prepare()
	if !s.await(ctx, p.ready) {
		return false
	}
	select {
	case <-ctx.Done():
	case <-time.After(demoPace):
	}
	return s.looked(ctx)
}

// looked waits until the connector has had a look at everything that has happened
// so far: people do not change their minds within one sweep.
func (s *stage) looked(ctx context.Context) bool {
	if s.stopConnector == nil {
		return true
	}
	if s.feed == "auto" {
		return s.await(ctx, func() bool {
			for _, sub := range s.tenant.Subscriptions() {
				if sub.Pending > 0 {
					return false
				}
			}
			return true
		})
	}
	sweeps := func() int { return s.tenant.Calls()[graphtest.RoutePresences] }
	begin := sweeps()
	return s.await(ctx, func() bool { return sweeps() >= begin+2 })
}

// await waits until cond holds, woken by either simulator. A condition may ask both.
func (s *stage) await(ctx context.Context, cond func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	either, done := context.WithCancel(ctx)
	defer done()
	found := make(chan bool, 2)
	wait := func(await func(context.Context, func() bool) error) {
		found <- await(either, cond) == nil
	}
	go wait(s.tenant.Await)
	go wait(s.system.Await)
	first := <-found
	done()
	return <-found || first
}
