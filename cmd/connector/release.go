package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/pbx365/connector/graph"
)

// releaseCmd is connector release.
type releaseCmd struct {
	config
	Timeout time.Duration `default:"10m" help:"How long to wait for the PBXs to connect and for everything to be taken back."`
}

// Run takes back everything and ends. The running service must be stopped first: the
// store says so where it is not.
func (c releaseCmd) Run(ctx context.Context) error {
	if _, err := os.Stat(c.Store); err != nil {
		return fmt.Errorf("configuration, store: there is nothing to release from: %w; give the file that the service has used", err)
	}
	s, err := newService(c.config, transport(), newLogger(c.LogLevel))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	fmt.Fprintln(os.Stderr, "Waiting for the PBXs to connect, then everything is taken back.")
	if err := errors.Join(s.release(ctx), s.close()); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "Nothing of the connector is left in Teams or on the PBX.")
	return nil
}

// release runs the service only to take back what was written, and then deletes its
// subscriptions.
func (s *service) release(ctx context.Context) error {
	running, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() {
		ended <- s.run(running)
		stop()
	}()
	err := s.bridge.Release(running)
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		return err
	}
	return s.unsubscribe(ctx)
}

// unsubscribe deletes every subscription that the store knows of, whatever feed made it.
func (s *service) unsubscribe(ctx context.Context) error {
	if err := errors.Join(s.feed.Release(ctx), s.directory.Release(ctx)); err != nil {
		return err
	}
	subscriptions, err := s.store.Subscriptions(ctx)
	for _, sub := range subscriptions {
		client := s.app
		if upn, ok := strings.CutPrefix(sub.Name, "presence/"); ok {
			owner := slices.IndexFunc(s.users, func(u graph.PushUser) bool { return strings.EqualFold(u.Name, upn) })
			if owner < 0 {
				err = errors.Join(err, fmt.Errorf("the presence subscription of %s is left: run release once more with that account among users", upn))
				continue
			}
			client = s.users[owner].Client
		}
		if sub.ID != "" {
			if e := client.Unsubscribe(ctx, sub.ID); e != nil {
				err = errors.Join(err, e)
				continue
			}
		}
		err = errors.Join(err, s.store.DeleteSubscription(ctx, sub.Name, sub.Revision))
	}
	if err != nil {
		return err // the sign-ins are still needed
	}
	signIns, err := s.store.SignIns(ctx)
	for _, in := range signIns {
		err = errors.Join(err, s.store.DeleteSignIn(ctx, in.Name, in.Revision))
	}
	return err
}
