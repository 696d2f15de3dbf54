package boltstore

import (
	"context"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/pbx365/connector/store"
)

// subscription is a subscription in the file: with its client state.
type subscription struct {
	store.Subscription
	ClientState string
}

func toFile(sub store.Subscription) subscription {
	return subscription{sub, sub.ClientState}
}

func (s subscription) fromFile() store.Subscription {
	sub := s.Subscription
	sub.ClientState = s.ClientState
	return sub
}

// Subscriptions returns all subscriptions.
func (r records) Subscriptions(ctx context.Context) ([]store.Subscription, error) {
	var all []store.Subscription
	err := r.read(ctx, "subscriptions", func(tx *bolt.Tx) error {
		stored, err := subscriptions.all(tx)
		for _, s := range stored {
			all = append(all, s.fromFile())
		}
		return err
	})
	return all, err
}

// Expiring returns the subscriptions that end before a time.
func (r records) Expiring(ctx context.Context, before time.Time) ([]store.Subscription, error) {
	all, err := r.Subscriptions(ctx)
	all = slices.DeleteFunc(all, func(s store.Subscription) bool { return !s.Expires.Before(before) })
	slices.SortStableFunc(all, func(a, b store.Subscription) int { return a.Expires.Compare(b.Expires) })
	return all, err
}

// Subscription returns one subscription.
func (r records) Subscription(ctx context.Context, name string) (store.Subscription, error) {
	var sub store.Subscription
	err := r.read(ctx, "subscription "+name, func(tx *bolt.Tx) error {
		stored, err := subscriptions.get(tx, name)
		sub = stored.fromFile()
		return err
	})
	return sub, err
}

// PutSubscription creates or replaces a subscription.
func (r records) PutSubscription(ctx context.Context, sub store.Subscription) (store.Subscription, error) {
	var stored store.Subscription
	err := r.write(ctx, "put subscription "+sub.Name, func(tx *bolt.Tx) error {
		current, err := subscriptions.getOrZero(tx, sub.Name)
		switch {
		case err != nil:
			return err
		case current.Revision != sub.Revision:
			return store.ErrConflict
		}
		stored = sub.Clone()
		if stored.Revision, err = subscriptions.next(tx); err != nil {
			return err
		}
		return subscriptions.put(tx, sub.Name, toFile(stored))
	})
	if err != nil {
		return store.Subscription{}, err
	}
	return stored, nil
}

// DeleteSubscription deletes a subscription.
func (r records) DeleteSubscription(ctx context.Context, name string, revision int64) error {
	return r.write(ctx, "delete subscription "+name, func(tx *bolt.Tx) error {
		current, err := subscriptions.get(tx, name)
		switch {
		case err != nil:
			return err
		case current.Revision != revision:
			return store.ErrConflict
		}
		return subscriptions.delete(tx, name)
	})
}
