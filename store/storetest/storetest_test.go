package storetest_test

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/store"
	"github.com/pbx365/connector/store/memstore"
	"github.com/pbx365/connector/store/storetest"
)

// recorder is a test that may fail.
type recorder struct {
	ctx      context.Context
	failures []string
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }
func (r *recorder) FailNow()                 { runtime.Goexit() }
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// failures returns what a check has to say, within the bubble of t.
func failures(t *testing.T, check func(storetest.T)) []string {
	r := &recorder{ctx: t.Context()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		check(r)
	}()
	<-done
	return r.failures
}

// caughtBy returns the names of the clauses that stores break, in a bubble.
func caughtBy(t *testing.T, open func() store.Store) (clauses []string) {
	synctest.Test(t, func(t *testing.T) {
		for _, clause := range storetest.Clauses() {
			if failures(t, func(t storetest.T) { clause.Check(t, open()) }) != nil {
				clauses = append(clauses, clause.Name)
			}
		}
	})
	return clauses
}

func TestSoundStoresPass(t *testing.T) {
	t.Parallel()
	require.Empty(t, caughtBy(t, func() store.Store { return memstore.New() }))
	require.Empty(t, caughtBy(t, func() store.Store { return soundLeases(memstore.New()) }))
}

func TestBrokenStoresAreCaughtByTheClauseTheyBreak(t *testing.T) {
	t.Parallel()
	for _, test := range slices.Concat(brokenRecords(), brokenLeases(), brokenCalls()) {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			require.Contains(t, caughtBy(t, func() store.Store { return test.open(memstore.New()) }), test.clause)
		})
	}
}

func TestEveryClauseCatchesABrokenStore(t *testing.T) {
	t.Parallel()
	var tried []string
	for _, test := range slices.Concat(brokenRecords(), brokenLeases(), brokenCalls()) {
		tried = append(tried, strings.Replace(test.clause, "subscription: ", "link: ", 1))
	}
	var names []string
	for _, clause := range storetest.Clauses() {
		names = append(names, clause.Name)
		require.Contains(t, tried, strings.NewReplacer("subscription: ", "link: ", "sign-in: ", "link: ").Replace(clause.Name))
	}
	slices.Sort(names)
	require.Equal(t, names, slices.Compact(slices.Clone(names)), "two clauses of one name")
}

// TestDroppedFieldsAreCaught drops the fields of the records one by one, those that
// will be added some day among them.
func TestDroppedFieldsAreCaught(t *testing.T) {
	t.Parallel()
	for _, path := range fields(reflect.TypeFor[store.Link](), nil, "Teams", "Revision") {
		require.Contains(t, caughtBy(t, func() store.Store {
			return changesLinks{memstore.New(), func(l *store.Link) { drop(reflect.ValueOf(l), path) }}
		}), "link: comes back as it was put", path)
	}
	for _, path := range fields(reflect.TypeFor[store.Subscription](), nil, "Name", "Revision") {
		require.Contains(t, caughtBy(t, func() store.Store {
			return changesSubscriptions{memstore.New(), func(s *store.Subscription) { drop(reflect.ValueOf(s), path) }}
		}), "subscription: comes back as it was put", path)
	}
	for _, path := range fields(reflect.TypeFor[store.SignIn](), nil, "Name", "Revision") {
		require.Contains(t, caughtBy(t, func() store.Store {
			return changesSignIns{memstore.New(), func(s *store.SignIn) { drop(reflect.ValueOf(s), path) }}
		}), "sign-in: comes back as it was put", path)
	}
}

// fields returns the paths of all fields of a struct and of those it points to.
func fields(typ reflect.Type, path []string, but ...string) (paths [][]string) {
	for i := range typ.NumField() {
		field := typ.Field(i)
		if slices.Contains(but, field.Name) {
			continue
		}
		inner := append(slices.Clone(path), field.Name)
		paths = append(paths, inner)
		if field.Type.Kind() == reflect.Pointer {
			paths = append(paths, fields(field.Type.Elem(), inner)...)
		}
	}
	return paths
}

// drop sets the field at the end of the path to zero.
func drop(v reflect.Value, path []string) {
	for _, name := range path {
		if v.Kind() == reflect.Pointer && v.IsNil() {
			return
		}
		v = reflect.Indirect(v).FieldByName(name)
	}
	v.SetZero()
}

// TestFailuresKeepTheClientStateToThemselves since a failing test is a log.
func TestFailuresKeepTheClientStateToThemselves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, clause := range storetest.Clauses() {
			found := failures(t, func(t storetest.T) {
				clause.Check(t, changesSubscriptions{memstore.New(), func(s *store.Subscription) { s.ClientState += "!" }})
			})
			require.NotContains(t, strings.Join(found, "\n"), "client state")
		}
	})
}
