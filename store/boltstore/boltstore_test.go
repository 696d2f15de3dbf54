package boltstore_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/pbx365/connector/store"
	"github.com/pbx365/connector/store/boltstore"
	"github.com/pbx365/connector/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, newPath(t)) })
	storetest.RunDurable(t, func(t *testing.T) func() store.Store {
		path := newPath(t)
		return func() store.Store { return open(t, path) }
	})
}

func newPath(t testing.TB) string {
	t.Helper()
	return filepath.Join(t.TempDir(), "connector.db")
}

func open(t testing.TB, path string) *boltstore.Store {
	t.Helper()
	s, err := boltstore.Open(path, boltstore.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func TestWritesAreInTheFileWhenTheyReturn(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path)
	link, err := s.PutLink(t.Context(), store.Link{Teams: "t1", PBX: "g1"})
	require.NoError(t, err)
	lease, err := s.Acquire(t.Context(), "work", "one", time.Hour)
	require.NoError(t, err)

	// What kill -9 would leave behind now.
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	left := newPath(t)
	require.NoError(t, os.WriteFile(left, data, 0o600))

	survivor := open(t, left)
	found, err := survivor.Link(t.Context(), "t1")
	require.NoError(t, err)
	require.Equal(t, link, found)
	again, err := survivor.Acquire(t.Context(), "work", "one", time.Hour)
	require.NoError(t, err)
	require.Equal(t, lease.Term, again.Term)
	_, err = survivor.Acquire(t.Context(), "work", "two", time.Hour)
	require.ErrorIs(t, err, store.ErrHeld)
}

func TestFileIsForItsOwnerAlone(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	open(t, path)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
}

func TestManyWritersShareSyncs(t *testing.T) {
	t.Parallel()
	path := newPath(t)
	s := open(t, path)
	const writers, writes = 100, 10
	var group errgroup.Group
	for i := range writers {
		group.Go(func() error {
			link := store.Link{Teams: fmt.Sprintf("%03d", i)}
			var err error
			for range writes {
				if link, err = s.PutLink(t.Context(), link); err != nil {
					return err
				}
			}
			_, err = s.PutLink(t.Context(), store.Link{Teams: link.Teams})
			if err == nil {
				return fmt.Errorf("link %s was created twice", link.Teams)
			}
			return nil
		})
	}
	require.NoError(t, group.Wait())
	require.NoError(t, s.Close())

	all, err := open(t, path).Links(t.Context())
	require.NoError(t, err)
	require.Len(t, all, writers)
	seen := map[int64]bool{}
	for _, link := range all {
		require.False(t, seen[link.Revision], "revision %d was given twice", link.Revision)
		seen[link.Revision] = true
	}
}

// BenchmarkPutLink writes links from many goroutines.
func BenchmarkPutLink(b *testing.B) {
	s := open(b, newPath(b))
	b.SetParallelism(100)
	b.RunParallel(func(pb *testing.PB) {
		link, err := s.PutLink(b.Context(), store.Link{Teams: fmt.Sprintf("%p", pb)})
		for err == nil && pb.Next() {
			link, err = s.PutLink(b.Context(), link)
		}
		if err != nil {
			b.Error(err)
		}
	})
}
