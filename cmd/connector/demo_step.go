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
	if !s.looked(ctx) || p.prepare != nil && !s.prepared(ctx, p) {
		d.line(p, "NOT READY: before the step, "+string(p.on)+" shows "+p.shows())
		return ctx.Err()
	}
	begin := time.Now()
	if err := p.do(ctx); err != nil {
		d.line(p, "FAILED: "+err.Error())
		return ctx.Err()
	}
	if !s.await(ctx, p.seen) {
		d.line(p, fmt.Sprintf("FAILED: wanted %s, %s shows %s", p.want, p.on, p.shows()))
		return ctx.Err()
	}
	d.seen++
	d.line(p, fmt.Sprintf("%s %d ms", pad(p.shows(), 30), time.Since(begin).Milliseconds()))
	return nil
}

func (d *demo) line(p step, result string) {
	fmt.Fprintf(d.out, "%4d  %s %s → %s %s\n", d.steps, pad(p.who, 18), pad(p.what, 44), pad(string(p.on), 5), result)
}

// pad fills text up to a width in characters.
func pad(text string, width int) string {
	for n := utf8.RuneCountInString(text); n < width; n++ {
		text += " "
	}
	return text
}

// prepared prepares a step and waits until the connector has seen it.
func (s *stage) prepared(ctx context.Context, p step) bool {
	p.prepare()
	return s.await(ctx, p.ready) && s.looked(ctx)
}

// looked waits until the connector has had a look at everything that has happened
// so far: people do not change their minds within one sweep.
func (s *stage) looked(ctx context.Context) bool {
	if s.stopConnector == nil {
		return true
	}
	if s.feed == "push" {
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
