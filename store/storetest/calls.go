package storetest

import (
	"context"
	"maps"
	"strings"
	"time"

	"github.com/pbx365/connector/store"
)

// callClauses are the promises about every call.
func callClauses() []Clause {
	return []Clause{
		{"calls: a done ctx is an error and writes nothing", honoursContext},
		{"calls: fail when the store is closed", closed},
		{"calls: errors are silent about secrets", silentErrors},
	}
}

// call is one method with its arguments.
type call = func(context.Context) error

// recordCalls returns every method of records, each such that it would succeed on
// a store that holds the three.
func recordCalls(r store.Records, link store.Link, sub store.Subscription, in store.SignIn) map[string]call {
	return map[string]call{
		"Links":         func(ctx context.Context) error { _, err := r.Links(ctx); return err },
		"Link":          func(ctx context.Context) error { _, err := r.Link(ctx, link.Teams); return err },
		"PutLink":       func(ctx context.Context) error { _, err := r.PutLink(ctx, link); return err },
		"DeleteLink":    func(ctx context.Context) error { return r.DeleteLink(ctx, link.Teams, link.Revision) },
		"Subscriptions": func(ctx context.Context) error { _, err := r.Subscriptions(ctx); return err },
		"Expiring":      func(ctx context.Context) error { _, err := r.Expiring(ctx, noon); return err },
		"Subscription":  func(ctx context.Context) error { _, err := r.Subscription(ctx, sub.Name); return err },
		"PutSubscription": func(ctx context.Context) error {
			_, err := r.PutSubscription(ctx, sub)
			return err
		},
		"DeleteSubscription": func(ctx context.Context) error {
			return r.DeleteSubscription(ctx, sub.Name, sub.Revision)
		},
		"SignIns":      func(ctx context.Context) error { _, err := r.SignIns(ctx); return err },
		"SignIn":       func(ctx context.Context) error { _, err := r.SignIn(ctx, in.Name); return err },
		"PutSignIn":    func(ctx context.Context) error { _, err := r.PutSignIn(ctx, in); return err },
		"DeleteSignIn": func(ctx context.Context) error { return r.DeleteSignIn(ctx, in.Name, in.Revision) },
	}
}

// allCalls returns every method of a store but Close, as recordCalls does.
func allCalls(s store.Store, link store.Link, sub store.Subscription, in store.SignIn, lease store.Lease) map[string]call {
	calls := recordCalls(s, link, sub, in)
	maps.Copy(calls, map[string]call{
		"Acquire": func(ctx context.Context) error {
			_, err := s.Acquire(ctx, "free", "two", time.Hour)
			return err
		},
		"Renew":   func(ctx context.Context) error { _, err := s.Renew(ctx, lease, time.Hour); return err },
		"Release": func(ctx context.Context) error { return s.Release(ctx, lease) },
	})
	return calls
}

func honoursContext(t T, s store.Store) {
	ctx := t.Context()
	link := must[store.Link](t, "put link")(s.PutLink(ctx, fullLink("a")))
	sub := must[store.Subscription](t, "put subscription")(s.PutSubscription(ctx, fullSubscription("a")))
	in := must[store.SignIn](t, "put sign-in")(s.PutSignIn(ctx, fullSignIn("a")))
	lease := acquire(t, s, "one")

	canceled, cancel := context.WithCancel(ctx)
	cancel()
	late, cancel := context.WithDeadline(ctx, noon.AddDate(-100, 0, 0))
	defer cancel()
	change := store.Link{Teams: "a", Revision: link.Revision}
	for what, call := range allCalls(s, change, store.Subscription{Name: "a", Revision: sub.Revision}, store.SignIn{Name: "a", Revision: in.Revision}, lease) {
		fails(t, call(canceled), context.Canceled, what)
		fails(t, call(late), context.DeadlineExceeded, what)
	}

	readsWork(t, s, link, sub, in)
	must[store.Lease](t, "renew the lease that was not released")(s.Renew(ctx, lease, time.Hour))
	free := must[store.Lease](t, "acquire what was not acquired")(s.Acquire(ctx, "free", "three", time.Hour))
	if free.Term != 1 {
		t.Errorf("the first term of a lease is %d, want 1", free.Term)
	}
}

func closed(t T, s store.Store) {
	ctx := t.Context()
	link := must[store.Link](t, "put link")(s.PutLink(ctx, fullLink("a")))
	sub := must[store.Subscription](t, "put subscription")(s.PutSubscription(ctx, fullSubscription("a")))
	in := must[store.SignIn](t, "put sign-in")(s.PutSignIn(ctx, fullSignIn("a")))
	lease := acquire(t, s, "one")
	fenced := s.With(lease)

	ok(t, s.Close(), "close")
	for what, call := range allCalls(s, link, sub, in, lease) {
		fails(t, call(ctx), store.ErrClosed, what)
	}
	for what, call := range recordCalls(fenced, link, sub, in) {
		fails(t, call(ctx), store.ErrClosed, "fenced "+what)
	}
	ok(t, s.Close(), "close again")
}

func silentErrors(t T, s store.Store) {
	ctx := t.Context()
	sub := must[store.Subscription](t, "put subscription")(s.PutSubscription(ctx, fullSubscription("a")))
	_, conflict := s.PutSubscription(ctx, fullSubscription("a"))
	_, lost := s.With(store.Lease{Name: "work", Holder: "one", Term: 1}).PutSubscription(ctx, sub)
	sub.Name = ""
	_, refused := s.PutSubscription(ctx, sub)
	must[store.SignIn](t, "put sign-in")(s.PutSignIn(ctx, fullSignIn("a")))
	_, signIn := s.PutSignIn(ctx, fullSignIn("a"))
	for what, err := range map[string]error{
		"a conflict": conflict, "a lost lease": lost, "an empty key": refused, "a conflict of sign-ins": signIn,
	} {
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("the error of %s is missing or tells the secret", what)
		}
	}
}
