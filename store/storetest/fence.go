package storetest

import (
	"context"
	"time"

	"github.com/pbx365/connector/store"
)

// fenceClauses are the promises about the writes of a holder.
func fenceClauses() []Clause {
	return []Clause{
		{"fence: the holder works as without it", holderWorks},
		{"fence: a renewed lease still writes", renewedWrites},
		{"fence: a deposed holder reads and cannot write", deposed},
		{"fence: a released lease cannot write", releasedCannotWrite},
		{"fence: a lease that never was cannot write", forgedCannotWrite},
		{"fence: honours ctx", fenceHonoursContext},
	}
}

func holderWorks(t T, s store.Store) {
	ctx := t.Context()
	fenced := s.With(acquire(t, s, "one"))
	link := must[store.Link](t, "put link")(fenced.PutLink(ctx, fullLink("a")))
	sub := must[store.Subscription](t, "put subscription")(fenced.PutSubscription(ctx, fullSubscription("a")))
	in := must[store.SignIn](t, "put sign-in")(fenced.PutSignIn(ctx, fullSignIn("a")))
	same(t, must[store.Link](t, "read link")(s.Link(ctx, "a")), link, "link, read without the fence")
	same(t, must[store.Subscription](t, "read subscription")(s.Subscription(ctx, "a")), sub, "subscription, read without the fence")
	readsWork(t, fenced, link, sub, in)

	_, err := fenced.PutLink(ctx, fullLink("a"))
	fails(t, err, store.ErrConflict, "create the link again")
	_, err = fenced.PutSubscription(ctx, fullSubscription("a"))
	fails(t, err, store.ErrConflict, "create the subscription again")
	_, err = fenced.PutSignIn(ctx, fullSignIn("a"))
	fails(t, err, store.ErrConflict, "create the sign-in again")
	ok(t, fenced.DeleteLink(ctx, "a", link.Revision), "delete link")
	ok(t, fenced.DeleteSubscription(ctx, "a", sub.Revision), "delete subscription")
	ok(t, fenced.DeleteSignIn(ctx, "a", in.Revision), "delete sign-in")
	_, err = s.Link(ctx, "a")
	fails(t, err, store.ErrNotFound, "read the deleted link")
	_, err = s.Subscription(ctx, "a")
	fails(t, err, store.ErrNotFound, "read the deleted subscription")
	_, err = s.SignIn(ctx, "a")
	fails(t, err, store.ErrNotFound, "read the deleted sign-in")
}

func renewedWrites(t T, s store.Store) {
	ctx := t.Context()
	lease := acquire(t, s, "one")
	fenced := s.With(lease)
	later := must[store.Lease](t, "renew")(s.Renew(ctx, lease, 2*time.Hour))
	must[store.Link](t, "put link through the view of before")(fenced.PutLink(ctx, fullLink("a")))
	must[store.Link](t, "put link through a new view")(s.With(later).PutLink(ctx, fullLink("b")))
}

func deposed(t T, s store.Store) {
	old := acquire(t, s, "one")
	fenced := s.With(old)
	expire(t, s, old)
	taken := takeOver(t, s, "work", "two")
	cannotWrite(t, s, fenced)
	cannotWrite(t, s, s.With(old))
	must[store.Link](t, "put link as the new holder")(s.With(taken).PutLink(t.Context(), fullLink("new")))
}

func releasedCannotWrite(t T, s store.Store) {
	lease := acquire(t, s, "one")
	fenced := s.With(lease)
	ok(t, s.Release(t.Context(), lease), "release")
	cannotWrite(t, s, fenced)
	acquire(t, s, "one")
	cannotWrite(t, s, fenced)
}

func forgedCannotWrite(t T, s store.Store) {
	lease := acquire(t, s, "one")
	for _, change := range []func(*store.Lease){
		func(l *store.Lease) { l.Term++ },
		func(l *store.Lease) { l.Holder = "two" },
		func(l *store.Lease) { l.Name = "other work" },
		func(l *store.Lease) { *l = store.Lease{} },
	} {
		forged := lease
		change(&forged)
		cannotWrite(t, s, s.With(forged))
	}
}

// cannotWrite tries every write, also those that would conflict, and looks at what
// is stored before and after.
func cannotWrite(t T, s store.Store, fenced store.Records) {
	t.Helper()
	ctx := t.Context()
	link := must[store.Link](t, "put link")(s.PutLink(ctx, fullLink("a")))
	sub := must[store.Subscription](t, "put subscription")(s.PutSubscription(ctx, fullSubscription("a")))
	in := must[store.SignIn](t, "put sign-in")(s.PutSignIn(ctx, fullSignIn("a")))

	for _, revision := range []int64{link.Revision, 0} {
		_, err := fenced.PutLink(ctx, store.Link{Teams: "a", Revision: revision})
		fails(t, err, store.ErrLeaseLost, "put link")
		fails(t, fenced.DeleteLink(ctx, "a", revision), store.ErrLeaseLost, "delete link")
	}
	for _, revision := range []int64{sub.Revision, 0} {
		_, err := fenced.PutSubscription(ctx, store.Subscription{Name: "a", Revision: revision})
		fails(t, err, store.ErrLeaseLost, "put subscription")
		fails(t, fenced.DeleteSubscription(ctx, "a", revision), store.ErrLeaseLost, "delete subscription")
	}
	for _, revision := range []int64{in.Revision, 0} {
		_, err := fenced.PutSignIn(ctx, store.SignIn{Name: "a", Revision: revision})
		fails(t, err, store.ErrLeaseLost, "put sign-in")
		fails(t, fenced.DeleteSignIn(ctx, "a", revision), store.ErrLeaseLost, "delete sign-in")
	}
	_, err := fenced.PutLink(ctx, fullLink("b"))
	fails(t, err, store.ErrLeaseLost, "create link")
	_, err = fenced.PutSubscription(ctx, fullSubscription("b"))
	fails(t, err, store.ErrLeaseLost, "create subscription")
	_, err = fenced.PutSignIn(ctx, fullSignIn("b"))
	fails(t, err, store.ErrLeaseLost, "create sign-in")

	readsWork(t, fenced, link, sub, in)
	ok(t, s.DeleteLink(ctx, "a", link.Revision), "delete link without the fence")
	ok(t, s.DeleteSubscription(ctx, "a", sub.Revision), "delete subscription without the fence")
	ok(t, s.DeleteSignIn(ctx, "a", in.Revision), "delete sign-in without the fence")
}

// readsWork tries every read of a store that holds these three records.
func readsWork(t T, r store.Records, link store.Link, sub store.Subscription, in store.SignIn) {
	t.Helper()
	ctx := t.Context()
	same(t, must[store.Link](t, "read link")(r.Link(ctx, link.Teams)), link, "link")
	same(t, must[[]store.Link](t, "list links")(r.Links(ctx)), []store.Link{link}, "links")
	subs := []store.Subscription{sub}
	same(t, must[store.Subscription](t, "read subscription")(r.Subscription(ctx, sub.Name)), sub, "subscription")
	same(t, must[[]store.Subscription](t, "list subscriptions")(r.Subscriptions(ctx)), subs, "subscriptions")
	same(t, must[[]store.Subscription](t, "expiring")(r.Expiring(ctx, sub.Expires.AddDate(1, 0, 0))), subs, "expiring")
	same(t, must[store.SignIn](t, "read sign-in")(r.SignIn(ctx, in.Name)), in, "sign-in")
	same(t, must[[]store.SignIn](t, "list sign-ins")(r.SignIns(ctx)), []store.SignIn{in}, "sign-ins")
}

func fenceHonoursContext(t T, s store.Store) {
	fenced := s.With(acquire(t, s, "one"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for what, call := range recordCalls(fenced, store.Link{Teams: "a"}, store.Subscription{Name: "a"}, store.SignIn{Name: "a"}) {
		fails(t, call(ctx), context.Canceled, what)
	}
}
