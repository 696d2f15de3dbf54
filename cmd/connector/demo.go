package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
)

// demoCmd is connector demo.
type demoCmd struct {
	Feed   string `enum:"push,sweep,both" default:"both" help:"Feed to play: ${enum} (in turn)."`
	People int    `default:"14" help:"Number of people, at least 14."`
	Keep   bool   `help:"Go on with random changes until interrupted."`
	Debug  bool   `help:"Log what the connector does."`
}

// errUnseen is returned where a step was not seen on the other side. The steps
// themselves have been printed.
var errUnseen = errors.New("not every step was seen on the other side")

// Run plays the steps with each feed and counts them.
func (c demoCmd) Run(ctx context.Context) error {
	return c.play(ctx, os.Stdout, nil)
}

// play writes to out. The keys change the configuration of the connector, so that a
// test can break it.
func (c demoCmd) play(ctx context.Context, out io.Writer, keys map[string]any) error {
	feeds := []string{c.Feed}
	if c.Feed == "both" {
		feeds = []string{"push", "sweep"}
	}
	level := slog.LevelError + 1
	if c.Debug {
		level = slog.LevelDebug
	}
	total := &tally{out: out}
	fmt.Fprintln(out, "A simulated Microsoft 365 tenant, a simulated master and slave PBX, and the connector between them, on this machine only.")
	for i, feed := range feeds {
		keep := c.Keep && i == len(feeds)-1
		if err := playFeed(ctx, feed, c.People, keep, keys, total, newLogger(level)); err != nil {
			return fmt.Errorf("demo, %s feed: %w", feed, err)
		}
	}
	fmt.Fprintf(out, "demo: %d of %d steps seen on the other side\n", total.seen, total.steps)
	if total.seen != total.steps {
		return errUnseen
	}
	return nil
}

func playFeed(ctx context.Context, feed string, people int, keep bool, keys map[string]any, total *tally, log *slog.Logger) (err error) {
	total.section("%s feed: starting the tenant, the PBXs and the connector", feed)
	s, err := newStage(ctx, feed, people, keys, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.startConnector(); err != nil {
		return err
	}
	for _, scene := range scenes {
		total.section("%s feed: %s", feed, scene.title)
		for _, step := range scene.steps(s) {
			if err := total.play(ctx, s, step); err != nil {
				return err
			}
		}
	}
	if !keep {
		return nil
	}
	total.section("%s feed: random changes until interrupted", feed)
	if err := s.startConnector(); err != nil {
		return err
	}
	return s.wander(ctx, total)
}
