package storetest_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/pbx365/connector/store"
)

// The stores of this file break promises about records, mostly those about links,
// since the clauses about subscriptions are the same code.

type losesUpdates struct{ store.Store }

func (s losesUpdates) PutLink(ctx context.Context, l store.Link) (store.Link, error) {
	if l.Revision == 0 {
		return s.Store.PutLink(ctx, l)
	}
	if stored, err := s.Store.Link(ctx, l.Teams); err != nil || stored.Revision != l.Revision {
		return s.Store.PutLink(ctx, l)
	}
	l.Revision++
	return l, nil
}

type absentIsZero struct{ store.Store }

func (s absentIsZero) Link(ctx context.Context, teams string) (store.Link, error) {
	link, err := s.Store.Link(ctx, teams)
	if errors.Is(err, store.ErrNotFound) {
		err = nil
	}
	return link, err
}

type deletesTheAbsent struct{ store.Store }

func (s deletesTheAbsent) DeleteLink(ctx context.Context, teams string, revision int64) error {
	if err := s.Store.DeleteLink(ctx, teams, revision); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return nil
}

type deletesNothing struct{ store.Store }

func (s deletesNothing) DeleteLink(ctx context.Context, teams string, revision int64) error {
	if link, err := s.Store.Link(ctx, teams); err != nil || link.Revision != revision {
		return s.Store.DeleteLink(ctx, teams, revision)
	}
	return nil
}

type deletesAnyRevision struct{ store.Store }

func (s deletesAnyRevision) DeleteLink(ctx context.Context, teams string, _ int64) error {
	link, err := s.Store.Link(ctx, teams)
	if err != nil {
		return err
	}
	return s.Store.DeleteLink(ctx, teams, link.Revision)
}

type putsAnyRevision struct{ store.Store }

func (s putsAnyRevision) PutLink(ctx context.Context, l store.Link) (store.Link, error) {
	if l.Revision == 0 {
		return s.Store.PutLink(ctx, l)
	}
	stored, err := s.Store.Link(ctx, l.Teams)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return store.Link{}, err
	}
	l.Revision = stored.Revision
	return s.Store.PutLink(ctx, l)
}

type createsOver struct{ store.Store }

func (s createsOver) PutLink(ctx context.Context, l store.Link) (store.Link, error) {
	if l.Revision == 0 {
		stored, _ := s.Store.Link(ctx, l.Teams)
		l.Revision = stored.Revision
	}
	return s.Store.PutLink(ctx, l)
}

// slowToStore leaves a gap between looking at the revision and writing.
type slowToStore struct{ store.Store }

func (s slowToStore) PutLink(ctx context.Context, l store.Link) (store.Link, error) {
	stored, err := s.Store.Link(ctx, l.Teams)
	if err != nil && !errors.Is(err, store.ErrNotFound) || stored.Revision != l.Revision {
		return s.Store.PutLink(ctx, l)
	}
	for time.Sleep(time.Millisecond); ; {
		put, err := s.Store.PutLink(ctx, l)
		if !errors.Is(err, store.ErrConflict) {
			return put, err
		}
		stored, _ = s.Store.Link(ctx, l.Teams)
		l.Revision = stored.Revision
	}
}

// countsFromOne gives a record that was deleted the revisions it had before.
type countsFromOne struct {
	store.Store
	mu    sync.Mutex
	given map[string]int64 // key: what to take from the true revision
}

func (s *countsFromOne) PutLink(ctx context.Context, l store.Link) (store.Link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	created := l.Revision == 0
	if !created {
		l.Revision += s.given[l.Teams]
	}
	put, err := s.Store.PutLink(ctx, l)
	if err == nil && created {
		s.given[l.Teams] = put.Revision - 1
	}
	return s.shown(put), err
}

func (s *countsFromOne) DeleteLink(ctx context.Context, teams string, revision int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Store.DeleteLink(ctx, teams, revision+s.given[teams])
}

func (s *countsFromOne) Link(ctx context.Context, teams string) (store.Link, error) {
	link, err := s.Store.Link(ctx, teams)
	return s.shown(link), err
}

func (s *countsFromOne) Links(ctx context.Context) ([]store.Link, error) {
	all, err := s.Store.Links(ctx)
	for i := range all {
		all[i] = s.shown(all[i])
	}
	return all, err
}

func (s *countsFromOne) shown(l store.Link) store.Link {
	if l.Revision != 0 {
		l.Revision -= s.given[l.Teams]
	}
	return l
}

type listsBackwards struct{ store.Store }

func (s listsBackwards) Links(ctx context.Context) ([]store.Link, error) {
	all, err := s.Store.Links(ctx)
	slices.Reverse(all)
	return all, err
}

// listsOld does not see what was written after its first list.
type listsOld struct {
	store.Store
	once sync.Once
	all  []store.Link
	err  error
}

func (s *listsOld) Links(ctx context.Context) ([]store.Link, error) {
	if ctx.Err() != nil {
		return s.Store.Links(ctx)
	}
	s.once.Do(func() { s.all, s.err = s.Store.Links(ctx) })
	return s.all, s.err
}

// keepsTheCallersMemory stores what it was given, and gives out what it stores.
type keepsTheCallersMemory struct {
	store.Store
	mu    sync.Mutex
	links map[string]store.Link
}

func (s *keepsTheCallersMemory) PutLink(ctx context.Context, l store.Link) (store.Link, error) {
	put, err := s.Store.PutLink(ctx, l)
	if err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		l.Revision = put.Revision
		s.links[l.Teams] = l
	}
	return put, err
}

func (s *keepsTheCallersMemory) Link(ctx context.Context, teams string) (store.Link, error) {
	link, err := s.Store.Link(ctx, teams)
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept := s.links[teams]; err == nil && kept.Revision == link.Revision {
		link = kept
	}
	return link, err
}

// returnsTheCallersMemory stores a copy and returns what it was given.
type returnsTheCallersMemory struct{ store.Store }

func (s returnsTheCallersMemory) PutLink(ctx context.Context, l store.Link) (store.Link, error) {
	put, err := s.Store.PutLink(ctx, l)
	if err != nil {
		return put, err
	}
	l.Revision = put.Revision
	return l, nil
}

type takesEmptyKeys struct{ store.Store }

func (s takesEmptyKeys) PutLink(ctx context.Context, l store.Link) (store.Link, error) {
	if l.Teams == "" {
		return l, ctx.Err()
	}
	return s.Store.PutLink(ctx, l)
}

// dropsWritesInACrowd pretends to have written what comes while it writes.
type dropsWritesInACrowd struct {
	store.Store
	mu *sync.Mutex
}

func (s dropsWritesInACrowd) PutLink(ctx context.Context, l store.Link) (store.Link, error) {
	if !s.mu.TryLock() {
		l.Revision++
		return l, nil
	}
	defer s.mu.Unlock()
	time.Sleep(time.Millisecond)
	return s.Store.PutLink(ctx, l)
}

// changesLinks changes what is put.
type changesLinks struct {
	store.Store
	change func(*store.Link)
}

func (s changesLinks) PutLink(ctx context.Context, l store.Link) (store.Link, error) {
	l = l.Clone()
	s.change(&l)
	return s.Store.PutLink(ctx, l)
}

// changesSignIns changes what is put.
type changesSignIns struct {
	store.Store
	change func(*store.SignIn)
}

func (s changesSignIns) PutSignIn(ctx context.Context, in store.SignIn) (store.SignIn, error) {
	in = in.Clone()
	s.change(&in)
	return s.Store.PutSignIn(ctx, in)
}

// changesSubscriptions changes what is put.
type changesSubscriptions struct {
	store.Store
	change func(*store.Subscription)
}

func (s changesSubscriptions) PutSubscription(ctx context.Context, sub store.Subscription) (store.Subscription, error) {
	sub = sub.Clone()
	s.change(&sub)
	return s.Store.PutSubscription(ctx, sub)
}

// expiring changes the answers of Expiring, given all subscriptions.
type expiring struct {
	store.Store
	answer func(all []store.Subscription, before time.Time) []store.Subscription
}

func (s expiring) Expiring(ctx context.Context, before time.Time) ([]store.Subscription, error) {
	all, err := s.Store.Expiring(ctx, before.Add(1))
	return s.answer(all, before), err
}

// hidesTheDead forgets subscriptions a year after their end.
type hidesTheDead struct{ store.Store }

func (s hidesTheDead) Subscriptions(ctx context.Context) ([]store.Subscription, error) {
	all, err := s.Store.Subscriptions(ctx)
	return slices.DeleteFunc(all, func(sub store.Subscription) bool {
		return !sub.Expires.IsZero() && sub.Expires.Year() < 2020
	}), err
}
