package memstore

import (
	"context"
	"fmt"
	"sync"

	"github.com/pbx365/connector/store"
)

// Store keeps everything in memory. It must be made with [New].
type Store struct{ records }

var _ store.Store = (*Store)(nil)

// New returns an empty store.
func New() *Store {
	return &Store{records{memory: &memory{
		links:         map[string]store.Link{},
		subscriptions: map[string]store.Subscription{},
		signIns:       map[string]store.SignIn{},
		leases:        map[string]store.Lease{},
	}}}
}

// With returns a view whose writes need the lease.
func (s *Store) With(lease store.Lease) store.Records {
	return records{memory: s.memory, fence: &lease}
}

// Close forgets everything.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.links, s.subscriptions, s.signIns, s.leases = nil, nil, nil, nil
	return nil
}

// memory is what a store and its views share.
type memory struct {
	mu            sync.RWMutex // protects following
	closed        bool
	revision      int64 // the last one given to any record
	links         map[string]store.Link
	subscriptions map[string]store.Subscription
	signIns       map[string]store.SignIn
	leases        map[string]store.Lease
}

// next returns a revision that no record has had.
func (m *memory) next() int64 {
	m.revision++
	return m.revision
}

// records reads and writes the memory, behind a fence where there is one.
type records struct {
	*memory
	fence *store.Lease
}

// read calls f while nobody writes, and says what was being done if it failed.
func (r records) read(ctx context.Context, what string, f func() error) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.do(ctx, what, f)
}

// write calls f while nobody else reads or writes, if the fence lets it pass.
func (r records) write(ctx context.Context, what string, f func() error) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.do(ctx, what, func() error {
		if r.fence != nil && !r.leases[r.fence.Name].HeldBy(*r.fence) {
			return store.ErrLeaseLost
		}
		return f()
	})
}

func (r records) do(ctx context.Context, what string, f func() error) error {
	err := ctx.Err()
	if err == nil && r.closed {
		err = store.ErrClosed
	}
	if err == nil {
		err = f()
	}
	if err != nil {
		return fmt.Errorf("memstore: %s: %w", what, err)
	}
	return nil
}
