package boltstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/pbx365/connector/store"
)

// Options are the settings of [Open]. The zero value is fit for use.
type Options struct {
	// LockTimeout is how long to wait for another process to let go of the file.
	// Defaults to half a second; negative: do not wait.
	LockTimeout time.Duration

	// BatchDelay is how long a write waits for others to share its sync of the
	// file. Defaults to 2 ms; negative: not at all.
	BatchDelay time.Duration
}

func (o Options) withDefaults() Options {
	if o.LockTimeout == 0 {
		o.LockTimeout = 500 * time.Millisecond
	}
	if o.BatchDelay == 0 {
		o.BatchDelay = 2 * time.Millisecond
	}
	return o
}

// Store keeps everything in one file. It must be made with [Open].
type Store struct{ records }

var _ store.Store = (*Store)(nil)

// Open opens the file, and creates it where there is none; its folder must exist.
// The error is an [*OpenError], which says what to do.
func Open(path string, options Options) (*Store, error) {
	options = options.withDefaults()
	db, err := bolt.Open(path, 0o600, &bolt.Options{Timeout: max(options.LockTimeout, time.Nanosecond)})
	if err != nil {
		return nil, openError(path, err)
	}
	db.MaxBatchDelay = max(options.BatchDelay, 0)
	if err := db.Update(prepare); err != nil {
		return nil, errors.Join(openError(path, err), db.Close())
	}
	return &Store{records{db: db}}, nil
}

// With returns a view whose writes need the lease.
func (s *Store) With(lease store.Lease) store.Records {
	return records{db: s.db, fence: &lease}
}

// Close waits for running calls and closes the file.
func (s *Store) Close() error { return s.db.Close() }

// records reads and writes the file, behind a fence where there is one.
type records struct {
	db    *bolt.DB
	fence *store.Lease
}

// read calls f on one state of the file, and says what was being done if it failed.
func (r records) read(ctx context.Context, what string, f func(*bolt.Tx) error) error {
	if ctx.Err() != nil {
		return wrap(what, ctx.Err())
	}
	return wrap(what, r.db.View(f))
}

// write calls f, perhaps more than once and together with other writers, if the
// fence lets it pass. An error of f must come before it has written anything.
func (r records) write(ctx context.Context, what string, f func(*bolt.Tx) error) error {
	var refused error
	err := r.db.Batch(func(tx *bolt.Tx) error {
		if refused = r.admit(ctx, tx); refused == nil {
			refused = f(tx)
		}
		return nil // An error would undo the work of everybody in the batch.
	})
	if err == nil {
		err = refused
	}
	return wrap(what, err)
}

// admit says whether a write may go ahead now, within its transaction.
func (r records) admit(ctx context.Context, tx *bolt.Tx) error {
	if ctx.Err() != nil || r.fence == nil {
		return ctx.Err()
	}
	stored, err := leases.getOrZero(tx, r.fence.Name)
	if err == nil && !stored.HeldBy(*r.fence) {
		err = store.ErrLeaseLost
	}
	return err
}

// wrap says what was being done.
func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, berrors.ErrDatabaseNotOpen) {
		err = store.ErrClosed
	}
	return fmt.Errorf("boltstore: %s: %w", what, err)
}
