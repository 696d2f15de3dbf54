package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/graph/graphtest"
)

// chaosCmd is connector chaos.
type chaosCmd struct {
	People int     `default:"2000" help:"Number of people, at least 8."`
	Kills  int     `default:"200" help:"How often the connector is killed, at least 2."`
	Faults float64 `default:"0.01" help:"Share of the requests and notifications that go wrong."`
	Seed   uint64  `help:"Seed of what people do and of what goes wrong. Drawn where there is none."`
}

// errChaos is returned where something was lost, without a cause or left behind. What it
// was has been printed.
var errChaos = errors.New("not everything was kept that the connector promises")

// Run plays the chaos and judges it.
func (c chaosCmd) Run(ctx context.Context) error {
	switch {
	case c.People < castSize-extras:
		return fmt.Errorf("chaos: --people %d is too few; it takes %d", c.People, castSize-extras)
	case c.Kills < 2:
		return fmt.Errorf("chaos: --kills %d is too few; it takes 2", c.Kills)
	case c.Faults < 0 || c.Faults >= 1:
		return fmt.Errorf("chaos: --faults %g is no share; 0.01 is one percent", c.Faults)
	}
	if c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	play := chaos{
		out: os.Stdout, people: c.People, kills: c.Kills, share: c.Faults, seed: c.Seed,
		between: 2400 * time.Millisecond, rounds: 5, pause: 10 * time.Second,
		calm: 25 * time.Second, patience: 3 * time.Minute, tell: 5 * time.Second,
	}
	return play.play(ctx)
}

// chaos has many people do things on both sides while everything goes wrong, and the
// connector is killed again and again. Then it judges by the records of the simulators
// what has become of that.
type chaos struct {
	out    io.Writer
	people int
	kills  int
	share  float64
	seed   uint64
	keys   map[string]any
	// between is the mean time between two kills.
	between time.Duration
	// rounds is how much everybody does before the finale.
	rounds int
	// pause is how long the sides have to agree before the finale, so that what everybody
	// does last is newer than anything else.
	pause time.Duration
	// calm is how long they have to agree before it is judged: longer than any notification
	// is late.
	calm time.Duration
	// patience is how long the sides may take to agree, and the connector to end.
	patience time.Duration
	// tell is the time between two lines of progress.
	tell time.Duration

	began  time.Time
	saying sync.Mutex
	script script
	stage  *stage
	crowd  *crowd
	line   *line
	ambush ambush
	log    *os.File // of the connector and the simulators
	run    *processes
	now    *process // the connector that runs
	hits   int      // kills in the middle of a write
	found
}

// found is what is to be empty.
type found struct{ lost, without, left []string }

// extras is the number of those in the cast who are not linked from the start.
const extras = 6

func (c *chaos) play(ctx context.Context) (err error) {
	c.began = time.Now()
	fmt.Fprintf(c.out, "chaos: seed %d; %d people, %d kills, and %.3g %% of everything goes wrong\n", c.seed, c.people, c.kills, 100*c.share)
	if err := c.build(ctx); err != nil {
		return err
	}
	defer func() { err = c.close(err) }()
	if err := c.perform(ctx); err != nil {
		return err
	}
	return c.judge()
}

// perform plays all parts, and tells how it goes.
func (c *chaos) perform(ctx context.Context) error {
	var telling sync.WaitGroup
	defer telling.Wait()
	ctx, done := context.WithCancel(ctx)
	defer done()
	telling.Go(func() { c.report(ctx) })
	for _, part := range []func(context.Context) error{c.start, c.rage, c.settle, c.end} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// build makes the stage. Half of the people are pushed: half of the communication users are
// there that it would take, or two of whom the tenant accepts one.
func (c *chaos) build(ctx context.Context) (err error) {
	if c.log, err = os.CreateTemp("", "connector-chaos-*.log"); err != nil {
		return err
	}
	c.script = script{
		people: c.people, rounds: c.rounds, seed: c.seed,
		round: c.during(c.kills-c.late()) / time.Duration(c.rounds), final: c.during(c.late()),
	}
	c.line = newLine(c.share, c.people, c.seed)
	names := communicationUserNames(c.people + extras)
	var users []any
	for _, upn := range names[:max(2, len(names)/2)] {
		users = append(users, map[string]any{"upn": upn, "password": "demo"})
	}
	keys := map[string]any{"users": users, "log-level": "debug", "pace": "1s", "reconcile-every": "10s", "settle": "5s"}
	maps.Copy(keys, c.keys)
	c.stage, err = newStage(ctx, "auto", setting{
		people: c.people + extras, patience: c.patience, log: slog.New(slog.NewTextHandler(c.log, nil)),
		tenant: graphtest.Options{Seed: c.seed, OnePerApp: c.people <= graph.PushLimit, Arrived: c.ambush.teams},
		fault:  c.line.fault, arrived: c.ambush.phones, keys: keys,
	})
	if err != nil {
		return err
	}
	c.crowd = newCrowd(c.stage)
	c.ambush.worth = c.crowd.regrettable
	return nil
}

// close leaves the log where something went wrong.
func (c *chaos) close(err error) error {
	if c.now != nil {
		c.now.kill()
	}
	if err = errors.Join(err, c.stage.close()); err != nil {
		return fmt.Errorf("%w; the log of the connector and of the simulators is %s", err, c.log.Name())
	}
	return errors.Join(c.log.Close(), os.Remove(c.log.Name()))
}

// report tells how it goes.
func (c *chaos) report(ctx context.Context) {
	for wait(ctx, c.tell) {
		if c.crowd.over() {
			c.say("%d writes; something of the connector is left of %d people", c.crowd.writes(), len(c.crowd.leftovers(true)))
			continue
		}
		c.say("%d kills, %d acts, %d writes, %d people pushed; the sides do not agree yet for %d people",
			c.crowd.deaths(), c.crowd.acts(), c.crowd.writes(), c.pushed(), len(c.crowd.apart()))
	}
}

func (c *chaos) say(format string, args ...any) {
	c.saying.Lock()
	defer c.saying.Unlock()
	fmt.Fprintf(c.out, "%5.0f s  "+format+"\n", append([]any{time.Since(c.began).Seconds()}, args...)...)
}

// judge prints what it has found, and how much that is in the last line.
func (c *chaos) judge() error {
	for _, list := range []struct {
		title string
		of    []string
	}{{"lost", c.lost}, {"written without a cause", c.without}, {"left behind", c.left}} {
		for i, one := range list.of {
			if i == 20 {
				fmt.Fprintf(c.out, "%s: and %d more\n", list.title, len(list.of)-i)
				break
			}
			fmt.Fprintf(c.out, "%s: %s\n", list.title, one)
		}
	}
	fmt.Fprintf(c.out, "chaos: %d people, %d kills, %d lost, %d writes without cause, %d left behind\n",
		c.people, c.crowd.deaths(), len(c.lost), len(c.without), len(c.left))
	if len(c.lost)+len(c.without)+len(c.left) > 0 {
		return errChaos
	}
	return nil
}
