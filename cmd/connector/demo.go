package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"time"
)

// demoCmd is connector demo.
type demoCmd struct {
	Feed   string `enum:"auto,sweep,both" default:"both" help:"Feed to play: ${enum} (in turn)."`
	People int    `default:"14" help:"Number of people, at least 14."`
	Keep   bool   `help:"Go on with random changes until interrupted."`
	Debug  bool   `help:"Log what the connector does."`
}

// errUnseen is returned where a step was not seen on the other side. The steps
// themselves have been printed.
var errUnseen = errors.New("not every step was seen on the other side")

// Run plays the steps with each feed and counts them.
func (c demoCmd) Run(ctx context.Context) error {
	if c.People < castSize {
		return fmt.Errorf("demo: --people %d is too few; %d play in it", c.People, castSize)
	}
	d := demo{out: os.Stdout, setting: setting{people: c.People, patience: 20 * time.Second, log: slog.New(slog.DiscardHandler)}}
	if c.Debug {
		d.log = newLogger(slog.LevelDebug)
	}
	feeds := []string{c.Feed}
	if c.Feed == "both" {
		feeds = []string{"auto", "sweep"}
	}
	return d.play(ctx, feeds, c.Keep)
}

// demo plays steps and counts them.
type demo struct {
	out io.Writer
	setting

	steps, seen int
}

// play plays every scene with each feed, and goes on with the last one where keep is set.
func (d *demo) play(ctx context.Context, feeds []string, keep bool) error {
	fmt.Fprintln(d.out, "A simulated Microsoft 365 tenant, a simulated master and slave PBX, and the connector between them, on this machine only.")
	var err error
	for i, feed := range feeds {
		if err = d.playFeed(ctx, feed, keep && i == len(feeds)-1); err != nil {
			err = fmt.Errorf("demo, %s feed: %w", feed, err)
			break
		}
	}
	fmt.Fprintf(d.out, "demo: %d of %d steps seen on the other side\n", d.seen, d.steps)
	if err == nil && d.seen != d.steps {
		return errUnseen
	}
	return err
}

func (d *demo) playFeed(ctx context.Context, feed string, keep bool) (err error) {
	d.section("%s feed: starting the tenant, the PBXs and the connector, %d people", feed, d.people)
	setting := d.setting
	if keep { // the status page is to be looked at
		address, err := freeAddress()
		if err != nil {
			return err
		}
		setting.keys = maps.Clone(setting.keys)
		if setting.keys == nil {
			setting.keys = map[string]any{}
		}
		setting.keys["status-listen"] = address
	}
	s, err := newStage(ctx, feed, setting)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.startConnector(); err != nil {
		return err
	}
	for _, scene := range scenes {
		d.section("%s feed: %s", feed, scene.title)
		for _, step := range scene.steps(s) {
			if err := d.step(ctx, s, step); err != nil {
				return err
			}
		}
	}
	if !keep {
		return nil
	}
	d.section("%s feed: random changes until interrupted", feed)
	if err := s.startConnector(); err != nil {
		return err
	}
	fmt.Fprint(d.out, whereToLook(s.connector.config.StatusListen))
	s.wander(ctx, d)
	return nil
}

// whereToLook says how to look at the service that has its status page at an address. Nothing
// touches the address, which terminals make a link of.
func whereToLook(address string) string {
	return fmt.Sprintf(`The status page is at
  http://%[1]s/status
and this says why ben shows what he shows:
  connector explain ben --status-listen %[1]s
`, address)
}
