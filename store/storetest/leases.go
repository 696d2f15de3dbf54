package storetest

import (
	"errors"
	"fmt"
	"time"

	"github.com/pbx365/connector/store"
)

// leaseClauses are the promises about who may work.
func leaseClauses() []Clause {
	return []Clause{
		{"lease: is given to the first who asks", firstHolder},
		{"lease: is one holder's at a time", exclusive},
		{"lease: one of many applicants gets it", oneApplicantWins},
		{"lease: its holder gets it again", heldAgain},
		{"lease: names are apart", namesApart},
		{"lease: is renewed for the time asked", renewed},
		{"lease: an expired one is the next applicant's", takenOver},
		{"lease: an expired one that nobody took is still the holder's", expiredUntaken},
		{"lease: a released one is free, in a larger term", released},
		{"lease: a lost one is neither renewed nor released", lostLease},
		{"lease: needs a name, a holder and a time", leaseRefused},
	}
}

// acquire ends the clause if the lease is not to be had.
func acquire(t T, s store.Store, holder string) store.Lease {
	t.Helper()
	return must[store.Lease](t, "acquire as "+holder)(s.Acquire(t.Context(), "work", holder, time.Hour))
}

// expire lets the lease run out, as it would if its holder had been paused.
func expire(t T, s store.Store, lease store.Lease) {
	t.Helper()
	must[store.Lease](t, "renew")(s.Renew(t.Context(), lease, time.Millisecond))
}

// takeOver acquires a lease that is about to expire. It waits by the clock of the
// store, which need not be ours.
func takeOver(t T, s store.Store, name, holder string) store.Lease {
	t.Helper()
	lease, err := s.Acquire(t.Context(), name, holder, time.Hour)
	for range 500 {
		if !errors.Is(err, store.ErrHeld) {
			break
		}
		<-time.After(10 * time.Millisecond)
		lease, err = s.Acquire(t.Context(), name, holder, time.Hour)
	}
	return must[store.Lease](t, "acquire "+name+", long expired, as "+holder)(lease, err)
}

func firstHolder(t T, s store.Store) {
	lease := acquire(t, s, "one")
	same(t, lease, store.Lease{Name: "work", Holder: "one", Term: 1, Expires: lease.Expires}, "lease")
}

func exclusive(t T, s store.Store) {
	acquire(t, s, "one")
	for range 2 {
		_, err := s.Acquire(t.Context(), "work", "two", time.Hour)
		fails(t, err, store.ErrHeld, "acquire what another holds")
	}
}

func oneApplicantWins(t T, s store.Store) {
	won := 0
	for _, err := range together(func(i int) error {
		_, err := s.Acquire(t.Context(), "work", fmt.Sprint(i), time.Hour)
		return err
	}) {
		if err == nil {
			won++
			continue
		}
		fails(t, err, store.ErrHeld, "acquire")
	}
	if won != 1 {
		t.Errorf("%d of %d applicants hold the lease, want 1", won, crowd)
	}
}

func heldAgain(t T, s store.Store) {
	first := acquire(t, s, "one")
	again := must[store.Lease](t, "acquire again")(s.Acquire(t.Context(), "work", "one", 2*time.Hour))
	if again.Term != first.Term {
		t.Errorf("acquired again in term %d, want %d", again.Term, first.Term)
	}
	if !again.Expires.After(first.Expires.Add(30 * time.Minute)) {
		t.Errorf("acquired again for two hours, expires %s after the first one", again.Expires.Sub(first.Expires))
	}
}

func namesApart(t T, s store.Store) {
	acquire(t, s, "one")
	other := must[store.Lease](t, "acquire another lease")(s.Acquire(t.Context(), "other work", "two", time.Hour))
	if other.Term != 1 {
		t.Errorf("the first term of another lease is %d, want 1", other.Term)
	}
	ok(t, s.Release(t.Context(), other), "release another lease")
	_, err := s.Acquire(t.Context(), "work", "two", time.Hour)
	fails(t, err, store.ErrHeld, "acquire what another holds")
}

func renewed(t T, s store.Store) {
	ctx := t.Context()
	first := acquire(t, s, "one")
	longer := must[store.Lease](t, "renew")(s.Renew(ctx, first, 2*time.Hour))
	if longer.Expires.Sub(first.Expires) < 30*time.Minute {
		t.Errorf("renewed for two hours, expires %s after the first one", longer.Expires.Sub(first.Expires))
	}
	longer.Expires = first.Expires
	same(t, longer, first, "renewed lease")
	// The lease as it was before the renewal is the same tenure.
	sooner := must[store.Lease](t, "renew")(s.Renew(ctx, first, time.Minute))
	if sooner.Expires.Sub(first.Expires) > -30*time.Minute {
		t.Errorf("renewed for a minute, expires %s after the first one", sooner.Expires.Sub(first.Expires))
	}
	_, err := s.Acquire(ctx, "work", "two", time.Hour)
	fails(t, err, store.ErrHeld, "acquire what another has renewed")
}

func takenOver(t T, s store.Store) {
	old := acquire(t, s, "one")
	expire(t, s, old)
	taken := takeOver(t, s, "work", "two")
	if taken.Holder != "two" || taken.Term <= old.Term {
		t.Errorf("term %d of %q follows term %d of %q", taken.Term, taken.Holder, old.Term, old.Holder)
	}
	expire(t, s, taken)
	if back := takeOver(t, s, "work", "one"); back.Term <= taken.Term {
		t.Errorf("term %d follows term %d when the first holder is back", back.Term, taken.Term)
	}
}

func expiredUntaken(t T, s store.Store) {
	ctx := t.Context()
	var expired [3]store.Lease
	for i := range expired {
		expired[i] = must[store.Lease](t, "acquire")(s.Acquire(ctx, fmt.Sprint(i), "one", time.Hour))
		expire(t, s, expired[i])
	}
	takeOver(t, s, "2", "two") // So by now the others have expired, too.

	must[store.Link](t, "write in the expired term")(s.With(expired[0]).PutLink(ctx, fullLink("a")))
	must[store.Lease](t, "renew the expired term")(s.Renew(ctx, expired[0], time.Hour))
	again := must[store.Lease](t, "acquire again")(s.Acquire(ctx, expired[1].Name, "one", time.Hour))
	if again.Term != expired[1].Term {
		t.Errorf("acquired again in term %d, want %d", again.Term, expired[1].Term)
	}
}

func released(t T, s store.Store) {
	ctx := t.Context()
	term := int64(0)
	for _, holder := range []string{"one", "one", "two", "one"} {
		lease := acquire(t, s, holder)
		if lease.Term <= term {
			t.Errorf("term %d of %s follows the released term %d", lease.Term, holder, term)
		}
		term = lease.Term
		ok(t, s.Release(ctx, lease), "release")
		fails(t, s.Release(ctx, lease), store.ErrLeaseLost, "release again")
		_, err := s.Renew(ctx, lease, time.Hour)
		fails(t, err, store.ErrLeaseLost, "renew after release")
	}
}

func lostLease(t T, s store.Store) {
	ctx := t.Context()
	old := acquire(t, s, "one")
	expire(t, s, old)
	taken := takeOver(t, s, "work", "two")

	forged := taken
	forged.Holder = "one"
	unknown := store.Lease{Name: "unknown", Holder: "one", Term: 1}
	for _, lease := range []store.Lease{old, forged, unknown, {}} {
		_, err := s.Renew(ctx, lease, time.Hour)
		fails(t, err, store.ErrLeaseLost, "renew a lost lease")
		fails(t, s.Release(ctx, lease), store.ErrLeaseLost, "release a lost lease")
	}
	_, err := s.Acquire(ctx, "work", "three", time.Hour)
	fails(t, err, store.ErrHeld, "acquire what another holds")
	must[store.Lease](t, "renew the lease in force")(s.Renew(ctx, taken, time.Hour))
}

func leaseRefused(t T, s store.Store) {
	ctx := t.Context()
	_, err := s.Acquire(ctx, "", "one", time.Hour)
	fails(t, err, nil, "acquire without a name")
	_, err = s.Acquire(ctx, "work", "", time.Hour)
	fails(t, err, nil, "acquire without a holder")
	lease := acquire(t, s, "one")
	for _, ttl := range []time.Duration{0, -time.Second} {
		_, err = s.Acquire(ctx, "work", "one", ttl)
		fails(t, err, nil, "acquire for no time")
		_, err = s.Renew(ctx, lease, ttl)
		fails(t, err, nil, "renew for no time")
	}
	_, err = s.Acquire(ctx, "work", "two", time.Hour)
	fails(t, err, store.ErrHeld, "acquire what another holds")
}
