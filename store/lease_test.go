package store_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/store"
)

var now = time.Date(2026, 3, 29, 12, 0, 0, 0, time.UTC)

func TestLeaseAcquired(t *testing.T) {
	t.Parallel()
	held := store.Lease{Name: "work", Holder: "one", Term: 3, Expires: now.Add(time.Second)}
	expired := store.Lease{Name: "work", Holder: "one", Term: 3, Expires: now}
	free := store.Lease{Name: "work", Term: 3}
	for name, test := range map[string]struct {
		stored store.Lease
		holder string
		term   int64 // 0: held
	}{
		"the first one":                    {store.Lease{}, "one", 1},
		"held by another":                  {held, "two", 0},
		"held by the applicant":            {held, "one", 3},
		"expired, by another":              {expired, "two", 4},
		"expired, by its holder":           {expired, "one", 3},
		"released, by another":             {free, "two", 4},
		"released, by its holder":          {free, "one", 4},
		"expires this moment, and so free": {expired, "three", 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := test.stored.Acquired("work", test.holder, now, time.Minute)
			if test.term == 0 {
				require.ErrorIs(t, err, store.ErrHeld)
				require.Zero(t, got)
				return
			}
			require.NoError(t, err)
			require.Equal(t, store.Lease{Name: "work", Holder: test.holder, Term: test.term, Expires: now.Add(time.Minute)}, got)
		})
	}
}

func TestLeaseAcquiredRefusesWhatIsMissing(t *testing.T) {
	t.Parallel()
	for name, acquire := range map[string]func() (store.Lease, error){
		"no name":       func() (store.Lease, error) { return store.Lease{}.Acquired("", "one", now, time.Minute) },
		"no holder":     func() (store.Lease, error) { return store.Lease{}.Acquired("work", "", now, time.Minute) },
		"no time":       func() (store.Lease, error) { return store.Lease{}.Acquired("work", "one", now, 0) },
		"negative time": func() (store.Lease, error) { return store.Lease{}.Acquired("work", "one", now, -1) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			lease, err := acquire()
			require.Error(t, err)
			require.Zero(t, lease)
		})
	}
}

func TestLeaseIsTheTenureOfItsHolderAlone(t *testing.T) {
	t.Parallel()
	stored := store.Lease{Name: "work", Holder: "one", Term: 3, Expires: now.Add(time.Hour)}
	for name, test := range map[string]struct {
		stored, lease store.Lease
		held          bool
	}{
		"the same":          {stored, stored, true},
		"before a renewal":  {stored, store.Lease{Name: "work", Holder: "one", Term: 3, Expires: now}, true},
		"an older term":     {stored, store.Lease{Name: "work", Holder: "one", Term: 2}, false},
		"another holder":    {stored, store.Lease{Name: "work", Holder: "two", Term: 3}, false},
		"another name":      {stored, store.Lease{Name: "play", Holder: "one", Term: 3}, false},
		"a released one":    {store.Lease{Name: "work", Term: 3}, stored, false},
		"nobody's":          {store.Lease{Name: "work", Term: 3}, store.Lease{Name: "work", Term: 3}, false},
		"none and none yet": {store.Lease{}, store.Lease{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, test.held, test.stored.HeldBy(test.lease))
			renewed, renewErr := test.stored.Renewed(test.lease, now, 2*time.Hour)
			released, releaseErr := test.stored.Released(test.lease)
			if !test.held {
				require.ErrorIs(t, renewErr, store.ErrLeaseLost)
				require.ErrorIs(t, releaseErr, store.ErrLeaseLost)
				return
			}
			require.NoError(t, renewErr)
			require.Equal(t, store.Lease{Name: "work", Holder: "one", Term: 3, Expires: now.Add(2 * time.Hour)}, renewed)
			require.NoError(t, releaseErr)
			require.Equal(t, store.Lease{Name: "work", Term: 3}, released)
		})
	}
	_, err := stored.Renewed(stored, now, 0)
	require.Error(t, err)
}
