package storetest_test

import (
	"context"
	"path"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/store"
	"github.com/pbx365/connector/store/memstore"
	"github.com/pbx365/connector/store/storetest"
)

// place is a store that can be opened again, as if it had been on a disk.
type place struct{ store.Store }

func (place) Close() error { return nil }

// undeletes keeps deletes to itself until it is closed.
type undeletes struct {
	store.Store
	gone map[string]bool
}

func (s undeletes) DeleteLink(_ context.Context, teams string, _ int64) error {
	s.gone[teams] = true
	return nil
}

func (s undeletes) Link(ctx context.Context, teams string) (store.Link, error) {
	if s.gone[teams] {
		return store.Link{}, store.ErrNotFound
	}
	return s.Store.Link(ctx, teams)
}

// forgetsLeases forgets who held what.
type forgetsLeases struct {
	store.Store
	run string
}

func (s forgetsLeases) Acquire(ctx context.Context, name, holder string, ttl time.Duration) (store.Lease, error) {
	return s.Store.Acquire(ctx, path.Join(s.run, name), holder, ttl)
}

func TestForgetfulStoresAreCaught(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		place    func() (reopen func() store.Store)
		caughtBy []string
	}{
		"remembers everything": {
			func() func() store.Store {
				s := place{memstore.New()}
				return func() store.Store { return s }
			}, nil,
		},
		"remembers nothing": {
			func() func() store.Store {
				return func() store.Store { return memstore.New() }
			}, []string{"durable: everything is still there", "durable: revisions do not begin again", "durable: leases and their terms go on"},
		},
		"forgets deletes": {
			func() func() store.Store {
				s := place{memstore.New()}
				return func() store.Store { return undeletes{s, map[string]bool{}} }
			}, []string{"durable: what was deleted stays gone", "durable: revisions do not begin again"},
		},
		"forgets leases": {
			func() func() store.Store {
				s, run := place{memstore.New()}, ""
				return func() store.Store {
					run += "again"
					return forgetsLeases{s, run}
				}
			}, []string{"durable: leases and their terms go on"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var caught []string
				for _, clause := range storetest.DurableClauses() {
					if failures(t, func(t storetest.T) { clause.Check(t, test.place()) }) != nil {
						caught = append(caught, clause.Name)
					}
				}
				require.Equal(t, test.caughtBy, caught)
			})
		})
	}
}
