package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/pbx/pbxtest"
)

// start starts the connector, and waits until half of the people are pushed.
func (c *chaos) start(ctx context.Context) (err error) {
	if c.run, err = newProcesses(c.stage, c.log); err != nil {
		return err
	}
	if c.now, err = c.run.start("serve"); err != nil {
		return err
	}
	ctx, cancel := c.now.during(ctx)
	defer cancel()
	patient, cancel := context.WithTimeout(ctx, c.patience)
	defer cancel()
	if err := c.stage.tenant.Await(patient, func() bool { return c.pushed() >= c.people/2 }); err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	return nil
}

// pushed counts those of whom the connector is told.
func (c *chaos) pushed() (n int) {
	for _, sub := range c.stage.tenant.Subscriptions() {
		n += len(sub.People)
	}
	return n
}

// late is how many kills are kept for the finale, when nothing that comes later makes good what
// one of them has spoilt.
func (c *chaos) late() int { return max(1, c.kills/3) }

// during is how long so many kills take, with the ambushes.
func (c *chaos) during(kills int) time.Duration { return time.Duration(kills) * c.between * 5 / 4 }

// rage has everybody act, everything go wrong, and the connector killed. Before the finale
// it is calm until the sides agree, so that what everybody does last is newer than anything
// else.
func (c *chaos) rage(ctx context.Context) error {
	rng := rand.New(rand.NewPCG(c.seed, 4))
	if err := c.storm(ctx, c.script.acts(), c.kills-c.late(), rng); err != nil {
		return err
	}
	not, err := c.agree(ctx, c.pause)
	if err != nil {
		return err
	}
	c.lost = c.crowd.stories(not)
	c.crowd.beginFinale()
	return c.storm(ctx, c.script.finale(), c.late(), rng)
}

// storm has everything go wrong meanwhile.
func (c *chaos) storm(ctx context.Context, cues []cue, kills int, rng *rand.Rand) error {
	if c.share > 0 {
		defer c.stage.tenant.Fault(graphtest.Weather(c.share))()
	}
	c.line.fair.Store(false)
	defer c.line.fair.Store(true)
	var shaking sync.WaitGroup
	defer shaking.Wait()
	ctx, calm := context.WithCancel(ctx)
	defer calm()
	seed := rng.Uint64()
	shaking.Go(func() { c.stage.shake(ctx, seed, 4*c.between) })
	return c.follow(ctx, cues, kills, rng)
}

// follow has everybody do what the script says, while the connector is killed.
func (c *chaos) follow(ctx context.Context, cues []cue, kills int, rng *rand.Rand) error {
	group, ctx := errgroup.WithContext(ctx)
	acting, over := context.WithCancel(ctx)
	group.Go(func() error { return c.kill(ctx, acting, kills, rng) })
	group.Go(func() error {
		defer over()
		begun := time.Now()
		for _, cue := range cues {
			if !wait(ctx, time.Until(begun.Add(cue.at))) {
				return ctx.Err()
			}
			if err := c.crowd.do(cue.who, cue.act); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}

// kill kills the connector again and again, and starts it at once: in turn while something that
// has to be taken back one day is being written, as long as somebody acts, and at any moment.
func (c *chaos) kill(ctx, acting context.Context, kills int, rng *rand.Rand) (err error) {
	moments := []slot{slotPreferred, slotSession, slotAlien, "", slotActivity, ""}
	for range kills {
		running, cancel := c.now.during(ctx)
		if !wait(running, within(rng, 0, 2*c.between)) {
			defer cancel()
			return context.Cause(running)
		}
		cancel()
		if place := moments[c.crowd.deaths()%len(moments)]; place != "" {
			if err := c.surprise(acting, place); err != nil {
				return err
			}
		}
		c.now.kill()
		if c.now, err = c.run.start("serve"); err != nil {
			return err
		}
		c.crowd.killed() // after what was being written then
	}
	return nil
}

// agree waits until the sides have agreed for everybody for so long, and returns of whom
// they do not within the patience.
func (c *chaos) agree(ctx context.Context, calm time.Duration) (not []lost, err error) {
	ctx, cancel := c.now.during(ctx)
	defer cancel()
	for begun, since := time.Now(), time.Now(); ; {
		not = c.crowd.apart()
		now := time.Now()
		if len(not) > 0 {
			since = now
		}
		if now.Sub(since) >= calm || now.Sub(begun) > c.patience {
			return not, nil
		}
		if !wait(ctx, c.tell/10) {
			return nil, context.Cause(ctx)
		}
	}
}

// settle waits until the sides agree for everybody, and stay so.
func (c *chaos) settle(ctx context.Context) error {
	c.say("nobody acts any more, and nothing goes wrong")
	failures := c.stage.system.Failures()
	c.say("%d kills were in the middle of a write, %d requests to the PBXs went wrong, %d of these were refused, and %d notifications told of the past",
		c.hits, len(failures), len(slices.DeleteFunc(failures, func(f pbxtest.Failure) bool { return !f.Fault.Refuses() })), len(c.stage.tenant.Late()))
	not, err := c.agree(ctx, c.calm)
	if err != nil {
		return err
	}
	c.lost = append(c.lost, c.crowd.stories(not)...)
	return nil
}

// end stops the connector, and has it release everything.
func (c *chaos) end(ctx context.Context) error {
	c.say("the connector is stopped")
	c.crowd.stopped()
	if err := c.now.stop(ctx, c.patience); err != nil {
		return fmt.Errorf("the connector did not stop cleanly: %w", err)
	}
	c.left = c.crowd.leftovers(false)
	c.say("the connector releases everything")
	release, err := c.run.start("release")
	if err != nil {
		return err
	}
	if err := release.wait(ctx, c.patience); err != nil {
		return fmt.Errorf("connector release: %w", err)
	}
	c.left = append(c.left, c.crowd.leftovers(true)...)
	c.without = c.crowd.spurious()
	return nil
}
