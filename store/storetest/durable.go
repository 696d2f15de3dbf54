package storetest

import (
	"time"

	"github.com/pbx365/connector/store"
)

// DurableClauses returns the promises that only durable back-ends make.
func DurableClauses() []DurableClause {
	return []DurableClause{
		{"durable: everything is still there", stillThere},
		{"durable: what was deleted stays gone", staysGone},
		{"durable: revisions do not begin again", revisionsGoOn},
		{"durable: leases and their terms go on", termsGoOn},
	}
}

func stillThere(t T, reopen func() store.Store) {
	ctx := t.Context()
	s := reopen()
	link := must[store.Link](t, "put link")(s.PutLink(ctx, fullLink("a")))
	sub := must[store.Subscription](t, "put subscription")(s.PutSubscription(ctx, fullSubscription("a")))
	in := must[store.SignIn](t, "put sign-in")(s.PutSignIn(ctx, fullSignIn("a")))
	ok(t, s.Close(), "close")

	s = reopen()
	defer s.Close()
	readsWork(t, s, link, sub, in)
}

func staysGone(t T, reopen func() store.Store) {
	ctx := t.Context()
	s := reopen()
	link := must[store.Link](t, "put link")(s.PutLink(ctx, fullLink("a")))
	sub := must[store.Subscription](t, "put subscription")(s.PutSubscription(ctx, fullSubscription("a")))
	in := must[store.SignIn](t, "put sign-in")(s.PutSignIn(ctx, fullSignIn("a")))
	ok(t, s.DeleteSignIn(ctx, "a", in.Revision), "delete sign-in")
	ok(t, s.DeleteLink(ctx, "a", link.Revision), "delete link")
	ok(t, s.DeleteSubscription(ctx, "a", sub.Revision), "delete subscription")
	ok(t, s.Close(), "close")

	s = reopen()
	defer s.Close()
	_, err := s.Link(ctx, "a")
	fails(t, err, store.ErrNotFound, "read link")
	_, err = s.Subscription(ctx, "a")
	fails(t, err, store.ErrNotFound, "read subscription")
	_, err = s.SignIn(ctx, "a")
	fails(t, err, store.ErrNotFound, "read sign-in")
}

func revisionsGoOn(t T, reopen func() store.Store) {
	ctx := t.Context()
	var last int64
	for range 3 {
		s := reopen()
		link := must[store.Link](t, "create")(s.PutLink(ctx, fullLink("a")))
		if link.Revision <= last {
			t.Errorf("revision %d after %d", link.Revision, last)
		}
		last = link.Revision
		ok(t, s.DeleteLink(ctx, "a", last), "delete")
		ok(t, s.Close(), "close")
	}
}

func termsGoOn(t T, reopen func() store.Store) {
	ctx := t.Context()
	s := reopen()
	first := acquire(t, s, "one")
	ok(t, s.Close(), "close")

	s = reopen()
	_, err := s.Acquire(ctx, "work", "two", time.Hour)
	fails(t, err, store.ErrHeld, "acquire what another held before")
	must[store.Link](t, "write in the term of before")(s.With(first).PutLink(ctx, fullLink("a")))
	ok(t, s.Release(ctx, first), "release")
	ok(t, s.Close(), "close")

	s = reopen()
	defer s.Close()
	if second := acquire(t, s, "one"); second.Term <= first.Term {
		t.Errorf("term %d after term %d", second.Term, first.Term)
	}
}
