package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/store"
)

// releaseCmd is connector release.
type releaseCmd struct {
	config
	Timeout time.Duration `default:"10m" help:"How long to wait for the PBXs to connect and for everything to be taken back."`
}

// Run takes back everything that the store remembers and ends. The running service must be
// stopped first: the store says so where it is not. A store that remembers nothing is an error,
// since it may be the wrong one.
func (c releaseCmd) Run(ctx context.Context) error {
	file, err := filepath.Abs(c.Store)
	if err == nil {
		_, err = os.Stat(file)
	}
	if err != nil {
		return c.wrong("store", "names nothing to release from: %w; give the file that the service has used", err)
	}
	s, err := newService(c.config, transport(), newLogger(c.LogLevel))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	known, err := s.remembered(ctx)
	if err != nil {
		return errors.Join(err, s.close())
	}
	fmt.Fprintf(os.Stderr, "%s. It is taken back once the PBXs have connected.\n", known)
	if err := errors.Join(s.release(ctx), s.close()); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "All of that is taken back. What was written with another store is not known here.")
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

// unsubscribe deletes every subscription that the store knows of, whatever feed made it,
// and then the sign-ins that are not needed any more for that.
func (s *service) unsubscribe(ctx context.Context) error {
	err := errors.Join(s.dropSubscriptions(ctx), s.feed.Release(ctx), s.directory.Release(ctx))
	left, e := s.store.Subscriptions(ctx)
	if err = errors.Join(err, e); e != nil {
		return err
	}
	signIns, e := s.store.SignIns(ctx)
	err = errors.Join(err, e)
	for _, in := range signIns {
		needed := slices.ContainsFunc(left, func(sub store.Subscription) bool { return strings.EqualFold(sub.Name, presencePrefix+in.Name) })
		if !needed {
			err = errors.Join(err, s.store.DeleteSignIn(ctx, in.Name, in.Revision))
		}
	}
	return err
}

// presencePrefix begins the names of presence subscriptions in the store; the name of the
// communication user follows.
const presencePrefix = "presence/"

// dropSubscriptions deletes the subscriptions that the store knows of. One that has ended
// needs nobody to delete it.
func (s *service) dropSubscriptions(ctx context.Context) error {
	subscriptions, err := s.store.Subscriptions(ctx)
	for _, sub := range subscriptions {
		if sub.ID != "" && time.Now().Before(sub.Expires) {
			if e := s.dropSubscription(ctx, sub); e != nil {
				err = errors.Join(err, fmt.Errorf("the subscription %s ends by itself at %s; run release again after that: %w",
					sub.Name, sub.Expires.Format(time.DateTime), e))
				continue
			}
		}
		err = errors.Join(err, s.store.DeleteSubscription(ctx, sub.Name, sub.Revision))
	}
	return err
}

func (s *service) dropSubscription(ctx context.Context, sub store.Subscription) error {
	client := s.app
	if upn, ok := strings.CutPrefix(sub.Name, presencePrefix); ok {
		owner := slices.IndexFunc(s.users, func(u graph.PushUser) bool { return strings.EqualFold(u.Name, upn) })
		if owner < 0 {
			return fmt.Errorf("%s is not among users any more", upn)
		}
		client = s.users[owner].Client
	}
	return client.Unsubscribe(ctx, sub.ID)
}
