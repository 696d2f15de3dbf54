package storetest

import (
	"errors"
	"reflect"
	"sync"
	"time"
)

// ok ends the clause if a call that must succeed did not.
func ok(t T, err error, what string) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: unexpected error: %v", what, err)
		t.FailNow()
	}
}

// must ends the clause if a call that must succeed did not, and passes its value on.
func must[V any](t T, what string) func(V, error) V {
	return func(value V, err error) V {
		t.Helper()
		ok(t, err, what)
		return value
	}
}

// fails reports a call that did not fail with the wanted error; nil stands for any.
func fails(t T, err, want error, what string) {
	t.Helper()
	switch {
	case err == nil && want == nil:
		t.Errorf("%s: succeeded, want an error", what)
	case want != nil && !errors.Is(err, want):
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// same reports records that differ by more than the contract allows. It does not
// print them whole: a failing test is a log, too.
func same(t T, got, want any, what string) {
	t.Helper()
	if path := difference(reflect.ValueOf(got), reflect.ValueOf(want)); path != "" {
		t.Errorf("%s: %T%s is not what was stored", what, want, path)
	}
}

// difference returns the path of the first field that differs, "" if none does.
func difference(got, want reflect.Value) string {
	if at, ok := want.Interface().(time.Time); ok {
		if sameTime(got.Interface().(time.Time), at) {
			return ""
		}
		return " (time)"
	}
	switch want.Kind() {
	case reflect.Pointer:
		if got.IsNil() || want.IsNil() {
			if got.IsNil() == want.IsNil() {
				return ""
			}
			return " (nil or not)"
		}
		return difference(got.Elem(), want.Elem())
	case reflect.Struct:
		for i := range want.NumField() {
			if path := difference(got.Field(i), want.Field(i)); path != "" {
				return "." + want.Type().Field(i).Name + path
			}
		}
		return ""
	case reflect.Slice:
		if got.Len() != want.Len() {
			return " (length)"
		}
		for i := range want.Len() {
			if path := difference(got.Index(i), want.Index(i)); path != "" {
				return "[]" + path
			}
		}
		return ""
	}
	if got.Equal(want) {
		return ""
	}
	return " (value)"
}

func sameTime(got, want time.Time) bool {
	if want.IsZero() || got.IsZero() {
		return want.IsZero() == got.IsZero()
	}
	return got.Sub(want).Abs() <= time.Microsecond
}

// keys returns the keys of records in their order.
func keys[R any](k kind[R], records []R) []string {
	all := []string{}
	for _, r := range records {
		all = append(all, *k.key(&r))
	}
	return all
}

// crowd is how many calls run together.
const crowd = 32

// together starts a crowd of calls at once and returns their errors.
func together(call func(i int) error) []error {
	var (
		errs  = make([]error, crowd)
		start = make(chan struct{})
		done  sync.WaitGroup
	)
	for i := range errs {
		done.Go(func() {
			<-start
			errs[i] = call(i)
		})
	}
	close(start)
	done.Wait()
	return errs
}
