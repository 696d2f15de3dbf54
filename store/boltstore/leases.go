package boltstore

import (
	"context"
	"time"

	bolt "go.etcd.io/bbolt"

	"github.com/pbx365/connector/store"
)

// Acquire takes a lease.
func (s *Store) Acquire(ctx context.Context, name, holder string, ttl time.Duration) (store.Lease, error) {
	return s.turn(ctx, "acquire lease ", name, func(l store.Lease) (store.Lease, error) {
		return l.Acquired(name, holder, time.Now(), ttl)
	})
}

// Renew prolongs a lease.
func (s *Store) Renew(ctx context.Context, lease store.Lease, ttl time.Duration) (store.Lease, error) {
	return s.turn(ctx, "renew lease ", lease.Name, func(l store.Lease) (store.Lease, error) {
		return l.Renewed(lease, time.Now(), ttl)
	})
}

// Release gives a lease back.
func (s *Store) Release(ctx context.Context, lease store.Lease) error {
	_, err := s.turn(ctx, "release lease ", lease.Name, func(l store.Lease) (store.Lease, error) {
		return l.Released(lease)
	})
	return err
}

// turn replaces the lease of a name by what rule makes of it.
func (s *Store) turn(ctx context.Context, what, name string, rule func(store.Lease) (store.Lease, error)) (store.Lease, error) {
	var turned store.Lease
	err := s.write(ctx, what+name, func(tx *bolt.Tx) error {
		current, err := leases.getOrZero(tx, name)
		if err != nil {
			return err
		}
		if turned, err = rule(current); err != nil {
			return err
		}
		return leases.put(tx, name, turned)
	})
	if err != nil {
		return store.Lease{}, err
	}
	return turned, nil
}
