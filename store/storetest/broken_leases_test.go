package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pbx365/connector/store"
)

// leases is a store that keeps leases by rules of its own. With the rules of
// [soundLeases] it keeps every promise.
type leases struct {
	store.Store
	acquired func(l store.Lease, name, holder string, now time.Time, ttl time.Duration) (store.Lease, error)
	renewed  func(l, lease store.Lease, now time.Time, ttl time.Duration) (store.Lease, error)
	released func(l, lease store.Lease) (store.Lease, error)
	heldBy   func(l, lease store.Lease) bool
	gap      time.Duration // between looking at a lease and storing it

	mu   sync.Mutex // protects following
	held map[string]store.Lease
}

func soundLeases(s store.Store) *leases {
	return &leases{
		Store:    s,
		acquired: store.Lease.Acquired,
		renewed:  store.Lease.Renewed,
		released: store.Lease.Released,
		heldBy:   store.Lease.HeldBy,
		held:     map[string]store.Lease{},
	}
}

func (s *leases) Acquire(ctx context.Context, name, holder string, ttl time.Duration) (store.Lease, error) {
	return s.turn(ctx, name, func(l store.Lease) (store.Lease, error) {
		return s.acquired(l, name, holder, time.Now(), ttl)
	})
}

func (s *leases) Renew(ctx context.Context, lease store.Lease, ttl time.Duration) (store.Lease, error) {
	return s.turn(ctx, lease.Name, func(l store.Lease) (store.Lease, error) {
		return s.renewed(l, lease, time.Now(), ttl)
	})
}

func (s *leases) Release(ctx context.Context, lease store.Lease) error {
	_, err := s.turn(ctx, lease.Name, func(l store.Lease) (store.Lease, error) {
		return s.released(l, lease)
	})
	return err
}

func (s *leases) turn(ctx context.Context, name string, rule func(store.Lease) (store.Lease, error)) (store.Lease, error) {
	if _, err := s.Links(ctx); err != nil {
		return store.Lease{}, err
	}
	l := s.stored(name)
	if s.gap != 0 {
		time.Sleep(s.gap)
	}
	turned, err := rule(l)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held[name] = turned
	}
	return turned, err
}

func (s *leases) stored(name string) store.Lease {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.held[name]
}

func (s *leases) With(lease store.Lease) store.Records {
	return fence{Records: s.Store, admit: func(ctx context.Context) error {
		_, err := s.Links(ctx)
		if err == nil && !s.heldBy(s.stored(lease.Name), lease) {
			err = store.ErrLeaseLost
		}
		return err
	}}
}

// fence asks before each write.
type fence struct {
	store.Records
	admit func(context.Context) error
}

func (f fence) PutLink(ctx context.Context, l store.Link) (store.Link, error) {
	if err := f.admit(ctx); err != nil {
		return store.Link{}, err
	}
	return f.Records.PutLink(ctx, l)
}

func (f fence) DeleteLink(ctx context.Context, teams string, revision int64) error {
	if err := f.admit(ctx); err != nil {
		return err
	}
	return f.Records.DeleteLink(ctx, teams, revision)
}

func (f fence) PutSubscription(ctx context.Context, sub store.Subscription) (store.Subscription, error) {
	if err := f.admit(ctx); err != nil {
		return store.Subscription{}, err
	}
	return f.Records.PutSubscription(ctx, sub)
}

func (f fence) DeleteSubscription(ctx context.Context, name string, revision int64) error {
	if err := f.admit(ctx); err != nil {
		return err
	}
	return f.Records.DeleteSubscription(ctx, name, revision)
}

func (f fence) PutSignIn(ctx context.Context, in store.SignIn) (store.SignIn, error) {
	if err := f.admit(ctx); err != nil {
		return store.SignIn{}, err
	}
	return f.Records.PutSignIn(ctx, in)
}

func (f fence) DeleteSignIn(ctx context.Context, name string, revision int64) error {
	if err := f.admit(ctx); err != nil {
		return err
	}
	return f.Records.DeleteSignIn(ctx, name, revision)
}

// oneLease knows one lease, whatever its name.
type oneLease struct{ store.Store }

func (s oneLease) Acquire(ctx context.Context, name, holder string, ttl time.Duration) (store.Lease, error) {
	if name != "" {
		name = "work"
	}
	return s.Store.Acquire(ctx, name, holder, ttl)
}

// views gives out views of its own.
type views struct {
	store.Store
	view func(s store.Store, lease store.Lease) store.Records
}

func (s views) With(lease store.Lease) store.Records { return s.view(s.Store, lease) }

// blindWhenLost lets nobody read who may not write.
type blindWhenLost struct{ store.Records }

func (b blindWhenLost) Link(ctx context.Context, teams string) (store.Link, error) {
	if _, err := b.PutLink(ctx, store.Link{}); errors.Is(err, store.ErrLeaseLost) {
		return store.Link{}, err
	}
	return b.Records.Link(ctx, teams)
}

// conflictFirst looks at the revision before the lease.
type conflictFirst struct {
	store.Records
	open store.Records
}

func (c conflictFirst) PutLink(ctx context.Context, l store.Link) (store.Link, error) {
	if stored, err := c.open.Link(ctx, l.Teams); err == nil && stored.Revision != l.Revision {
		return store.Link{}, store.ErrConflict
	}
	return c.Records.PutLink(ctx, l)
}

// unfencedDelete asks before every write but one.
type unfencedDelete struct {
	store.Records
	open store.Records
}

func (u unfencedDelete) DeleteSubscription(ctx context.Context, name string, revision int64) error {
	return u.open.DeleteSubscription(ctx, name, revision)
}

// ignoresContext writes when ctx is done.
type ignoresContext struct{ store.Records }

func (s ignoresContext) PutLink(ctx context.Context, l store.Link) (store.Link, error) {
	return s.Records.PutLink(context.WithoutCancel(ctx), l)
}

// releasesAnyway lets go of a lease when ctx is done.
type releasesAnyway struct{ store.Store }

func (s releasesAnyway) Release(ctx context.Context, lease store.Lease) error {
	return errors.Join(s.Store.Release(context.WithoutCancel(ctx), lease), ctx.Err())
}

// writesAnyway reports that ctx is done, and has written.
type writesAnyway struct{ store.Store }

func (s writesAnyway) PutLink(ctx context.Context, l store.Link) (store.Link, error) {
	put, err := s.Store.PutLink(context.WithoutCancel(ctx), l)
	if ctx.Err() != nil {
		return store.Link{}, ctx.Err()
	}
	return put, err
}

// ownContextError reports that ctx is done in words of its own.
type ownContextError struct{ store.Store }

func (s ownContextError) Links(ctx context.Context) ([]store.Link, error) {
	if ctx.Err() != nil {
		return nil, errors.New("aborted")
	}
	return s.Store.Links(ctx)
}

// talkative quotes what it was given.
type talkative struct{ store.Store }

func (s talkative) PutSubscription(ctx context.Context, sub store.Subscription) (store.Subscription, error) {
	put, err := s.Store.PutSubscription(ctx, sub)
	if err != nil {
		err = fmt.Errorf("put %s with %q: %w", sub.Name, sub.ClientState, err)
	}
	return put, err
}

type closesNothing struct{ store.Store }

func (s closesNothing) Close() error { return nil }

type closesOnce struct {
	store.Store
	once *sync.Once
}

func (s closesOnce) Close() error {
	err := store.ErrClosed
	s.once.Do(func() { err = s.Store.Close() })
	return err
}

// readsOn reads from a closed store.
type readsOn struct{ store.Records }

func (r readsOn) Links(ctx context.Context) ([]store.Link, error) {
	all, err := r.Records.Links(ctx)
	if errors.Is(err, store.ErrClosed) {
		err = nil
	}
	return all, err
}
