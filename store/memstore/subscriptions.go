package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/pbx365/connector/store"
)

// Subscriptions returns all subscriptions.
func (r records) Subscriptions(ctx context.Context) ([]store.Subscription, error) {
	var all []store.Subscription
	err := r.read(ctx, "subscriptions", func() error {
		for _, sub := range r.subscriptions {
			all = append(all, sub.Clone())
		}
		return nil
	})
	slices.SortFunc(all, func(a, b store.Subscription) int { return cmp.Compare(a.Name, b.Name) })
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
	err := r.read(ctx, "subscription "+name, func() error {
		stored, ok := r.subscriptions[name]
		if !ok {
			return store.ErrNotFound
		}
		sub = stored.Clone()
		return nil
	})
	return sub, err
}

// PutSubscription creates or replaces a subscription.
func (r records) PutSubscription(ctx context.Context, sub store.Subscription) (store.Subscription, error) {
	err := r.write(ctx, "put subscription "+sub.Name, func() error {
		switch {
		case sub.Name == "":
			return errNoKey
		case sub.Revision != r.subscriptions[sub.Name].Revision:
			return store.ErrConflict
		}
		sub.Revision = r.next()
		r.subscriptions[sub.Name] = sub.Clone()
		return nil
	})
	if err != nil {
		return store.Subscription{}, err
	}
	return sub.Clone(), nil
}

// DeleteSubscription deletes a subscription.
func (r records) DeleteSubscription(ctx context.Context, name string, revision int64) error {
	return r.write(ctx, "delete subscription "+name, func() error {
		stored, ok := r.subscriptions[name]
		switch {
		case !ok:
			return store.ErrNotFound
		case stored.Revision != revision:
			return store.ErrConflict
		}
		delete(r.subscriptions, name)
		return nil
	})
}
