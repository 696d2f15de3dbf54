package storetest

import (
	"fmt"
	"slices"

	"github.com/pbx365/connector/store"
)

// recordClauses are the promises about one kind of record.
func recordClauses[R any](k kind[R]) []Clause {
	clause := func(name string, check func(t T, s store.Store, k kind[R])) Clause {
		return Clause{k.name + ": " + name, func(t T, s store.Store) { check(t, s, k) }}
	}
	return []Clause{
		clause("an absent one is not found", absent[R]),
		clause("comes back as it was put", roundTrip[R]),
		clause("comes back with nothing but its key", roundTripEmpty[R]),
		clause("revision 0 only creates", createOnly[R]),
		clause("a put at another revision conflicts", putConflict[R]),
		clause("a delete at another revision conflicts", deleteConflict[R]),
		clause("what was deleted is gone", deleted[R]),
		clause("revisions grow beyond a delete", revisionsGrow[R]),
		clause("lists are ordered by key", ordered[R]),
		clause("memory is not shared", notShared[R]),
		clause("an empty key is refused", emptyKey[R]),
		clause("one of many writers wins", oneWriterWins[R]),
		clause("writers of different ones do not disturb each other", undisturbed[R]),
	}
}

func absent[R any](t T, s store.Store, k kind[R]) {
	ctx := t.Context()
	_, err := k.get(s, ctx, "absent")
	fails(t, err, store.ErrNotFound, "read")
	fails(t, k.delete(s, ctx, "absent", 1), store.ErrNotFound, "delete")
	all, err := k.list(s, ctx)
	ok(t, err, "list")
	if len(all) != 0 {
		t.Errorf("an empty store lists %d records", len(all))
	}
}

func roundTrip[R any](t T, s store.Store, k kind[R])      { comesBack(t, s, k, k.full("a")) }
func roundTripEmpty[R any](t T, s store.Store, k kind[R]) { comesBack(t, s, k, k.empty("a")) }

// comesBack creates a record and replaces it, and looks at it each time in every way
// there is.
func comesBack[R any](t T, s store.Store, k kind[R], r R) {
	ctx := t.Context()
	for _, want := range []R{r, k.empty("a"), k.full("a"), r} {
		*k.revision(&want) = *k.revision(&r)
		put := must[R](t, "put")(k.put(s, ctx, want))
		*k.revision(&r), *k.revision(&want) = *k.revision(&put), *k.revision(&put)
		same(t, put, want, "put")
		same(t, must[R](t, "read")(k.get(s, ctx, "a")), want, "read")
		same(t, must[[]R](t, "list")(k.list(s, ctx)), []R{want}, "list")
	}
}

func createOnly[R any](t T, s store.Store, k kind[R]) {
	ctx := t.Context()
	first := must[R](t, "create")(k.put(s, ctx, k.full("a")))
	if *k.revision(&first) == 0 {
		t.Errorf("a stored record has revision 0")
	}
	_, err := k.put(s, ctx, k.empty("a"))
	fails(t, err, store.ErrConflict, "create again")
	same(t, must[R](t, "read")(k.get(s, ctx, "a")), first, "read after the refused put")
}

func putConflict[R any](t T, s store.Store, k kind[R]) {
	ctx := t.Context()
	first := must[R](t, "create")(k.put(s, ctx, k.full("a")))
	second := must[R](t, "replace")(k.put(s, ctx, first))

	stale := k.empty("a")
	*k.revision(&stale) = *k.revision(&first)
	_, err := k.put(s, ctx, stale)
	fails(t, err, store.ErrConflict, "put at an older revision")

	*k.revision(&stale) = *k.revision(&second) + 1
	_, err = k.put(s, ctx, stale)
	fails(t, err, store.ErrConflict, "put at a revision that never was")
	same(t, must[R](t, "read")(k.get(s, ctx, "a")), second, "read after the refused puts")

	unknown := k.full("b")
	*k.revision(&unknown) = *k.revision(&second)
	_, err = k.put(s, ctx, unknown)
	fails(t, err, store.ErrConflict, "put of an absent record that once was")
	_, err = k.get(s, ctx, "b")
	fails(t, err, store.ErrNotFound, "read after the refused put")
}

func deleteConflict[R any](t T, s store.Store, k kind[R]) {
	ctx := t.Context()
	first := must[R](t, "create")(k.put(s, ctx, k.full("a")))
	second := must[R](t, "replace")(k.put(s, ctx, first))
	for _, revision := range []int64{0, *k.revision(&first), *k.revision(&second) + 1} {
		fails(t, k.delete(s, ctx, "a", revision), store.ErrConflict, "delete at another revision")
	}
	same(t, must[R](t, "read")(k.get(s, ctx, "a")), second, "read after the refused deletes")
}

func deleted[R any](t T, s store.Store, k kind[R]) {
	ctx := t.Context()
	gone := must[R](t, "create")(k.put(s, ctx, k.full("a")))
	stays := must[R](t, "create another")(k.put(s, ctx, k.full("b")))
	ok(t, k.delete(s, ctx, "a", *k.revision(&gone)), "delete")
	_, err := k.get(s, ctx, "a")
	fails(t, err, store.ErrNotFound, "read")
	fails(t, k.delete(s, ctx, "a", *k.revision(&gone)), store.ErrNotFound, "delete again")
	all := must[[]R](t, "list")(k.list(s, ctx))
	same(t, all, []R{stays}, "list")
}

func revisionsGrow[R any](t T, s store.Store, k kind[R]) {
	ctx := t.Context()
	var last int64
	for range 3 {
		r := must[R](t, "create")(k.put(s, ctx, k.full("a")))
		for range 2 {
			if revision := *k.revision(&r); revision <= last {
				t.Errorf("revision %d after %d", revision, last)
			}
			last = *k.revision(&r)
			r = must[R](t, "replace")(k.put(s, ctx, r))
		}
		last = *k.revision(&r)
		ok(t, k.delete(s, ctx, "a", last), "delete")
	}
}

func ordered[R any](t T, s store.Store, k kind[R]) {
	ctx := t.Context()
	want := []string{"B", "a", "a/1", "a1", "b", "c", "é"}
	for _, i := range []int{4, 0, 6, 2, 5, 1, 3} {
		must[R](t, "create")(k.put(s, ctx, k.full(want[i])))
	}
	if got := keys(k, must[[]R](t, "list")(k.list(s, ctx))); !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
}

func notShared[R any](t T, s store.Store, k kind[R]) {
	ctx := t.Context()
	given := k.full("a")
	put := must[R](t, "create")(k.put(s, ctx, given))
	want := k.full("a")
	*k.revision(&want) = *k.revision(&put)

	k.spoil(put)
	same(t, given, k.full("a"), "what was passed in, after a change of what Put returned")
	k.spoil(given)
	same(t, must[R](t, "read")(k.get(s, ctx, "a")), want, "read after a change of what was passed in")
	k.spoil(must[R](t, "read")(k.get(s, ctx, "a")))
	same(t, must[R](t, "read")(k.get(s, ctx, "a")), want, "read after a change of what was read")
	for _, r := range must[[]R](t, "list")(k.list(s, ctx)) {
		k.spoil(r)
	}
	same(t, must[[]R](t, "list")(k.list(s, ctx)), []R{want}, "list after a change of what was listed")
}

func emptyKey[R any](t T, s store.Store, k kind[R]) {
	ctx := t.Context()
	_, err := k.put(s, ctx, k.full(""))
	fails(t, err, nil, "put without a key")
	_, err = k.get(s, ctx, "")
	fails(t, err, nil, "read without a key")
	fails(t, k.delete(s, ctx, "", 0), nil, "delete without a key")
}

func oneWriterWins[R any](t T, s store.Store, k kind[R]) {
	ctx := t.Context()
	first := must[R](t, "create")(k.put(s, ctx, k.full("a")))
	for _, r := range []R{first, k.full("b")} {
		won := 0
		for _, err := range together(func(int) error { _, err := k.put(s, ctx, r); return err }) {
			if err == nil {
				won++
				continue
			}
			fails(t, err, store.ErrConflict, "put")
		}
		if won != 1 {
			t.Errorf("%d of %d writers at revision %d succeeded, want 1", won, crowd, *k.revision(&r))
		}
	}
}

func undisturbed[R any](t T, s store.Store, k kind[R]) {
	ctx := t.Context()
	errs := together(func(i int) error {
		key := fmt.Sprint(i)
		r, err := k.put(s, ctx, k.full(key))
		if err == nil {
			r, err = k.put(s, ctx, r)
		}
		if err == nil && i%2 == 1 {
			err = k.delete(s, ctx, key, *k.revision(&r))
		}
		return err
	})
	for _, err := range errs {
		ok(t, err, "write")
	}
	if all := must[[]R](t, "list")(k.list(s, ctx)); len(all) != crowd/2 {
		t.Errorf("%d records, want %d", len(all), crowd/2)
	}
}
