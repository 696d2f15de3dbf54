package storetest_test

import (
	"slices"
	"sync"
	"time"

	"github.com/pbx365/connector/store"
)

// broken is a store that breaks a promise, and the clause that must say so. Others
// may find out, too.
type broken struct {
	name   string
	clause string
	open   func(sound store.Store) store.Store
}

func brokenRecords() []broken {
	type S = store.Store
	changed := func(change func(*store.Link)) func(S) S {
		return func(s S) S { return changesLinks{s, change} }
	}
	changedSubscription := func(change func(*store.Subscription)) func(S) S {
		return func(s S) S { return changesSubscriptions{s, change} }
	}
	expires := func(answer func(all []store.Subscription, before time.Time) []store.Subscription) func(S) S {
		return func(s S) S { return expiring{s, answer} }
	}
	return []broken{
		{
			"loses updates", "link: comes back as it was put",
			func(s S) S { return losesUpdates{s} },
		},
		{
			"lists what was", "link: comes back as it was put",
			func(s S) S { return &listsOld{Store: s} },
		},
		{
			"cuts times to seconds", "link: comes back as it was put",
			changed(func(l *store.Link) {
				if l.Call != nil {
					l.Call.At = l.Call.At.Truncate(time.Second)
				}
			}),
		},
		{
			"takes local time for UTC", "subscription: comes back as it was put",
			changedSubscription(func(sub *store.Subscription) {
				_, offset := sub.Renewed.Zone()
				sub.Renewed = sub.Renewed.UTC().Add(time.Duration(offset) * time.Second)
			}),
		},
		{
			"has no zero time", "subscription: comes back with nothing but its key",
			changedSubscription(func(sub *store.Subscription) {
				if sub.Renewed.IsZero() {
					sub.Renewed = time.Unix(0, 0)
				}
			}),
		},
		{
			"makes parts of nothing", "link: comes back with nothing but its key",
			changed(func(l *store.Link) {
				if l.Agreed == nil {
					l.Agreed = &store.Agreed{}
				}
			}),
		},
		{
			"returns a zero record for an absent one", "link: an absent one is not found",
			func(s S) S { return absentIsZero{s} },
		},
		{
			"deletes what is absent", "link: an absent one is not found",
			func(s S) S { return deletesTheAbsent{s} },
		},
		{
			"deletes nothing", "link: what was deleted is gone",
			func(s S) S { return deletesNothing{s} },
		},
		{
			"deletes at any revision", "link: a delete at another revision conflicts",
			func(s S) S { return deletesAnyRevision{s} },
		},
		{
			"puts at any revision", "link: a put at another revision conflicts",
			func(s S) S { return putsAnyRevision{s} },
		},
		{
			"creates what exists", "link: revision 0 only creates",
			func(s S) S { return createsOver{s} },
		},
		{
			"looks at the revision, then writes", "link: one of many writers wins",
			func(s S) S { return slowToStore{s} },
		},
		{
			"drops writes in a crowd", "link: writers of different ones do not disturb each other",
			func(s S) S { return dropsWritesInACrowd{s, &sync.Mutex{}} },
		},
		{
			"begins revisions again after a delete", "link: revisions grow beyond a delete",
			func(s S) S { return &countsFromOne{Store: s, given: map[string]int64{}} },
		},
		{
			"lists backwards", "link: lists are ordered by key",
			func(s S) S { return listsBackwards{s} },
		},
		{
			"keeps the memory of its caller", "link: memory is not shared",
			func(s S) S { return &keepsTheCallersMemory{Store: s, links: map[string]store.Link{}} },
		},
		{
			"returns the memory of its caller", "link: memory is not shared",
			func(s S) S { return returnsTheCallersMemory{s} },
		},
		{
			"takes an empty key", "link: an empty key is refused",
			func(s S) S { return takesEmptyKeys{s} },
		},
		{
			"has no order of expiry", "expiring: the earliest first, the bound left out",
			expires(func(all []store.Subscription, before time.Time) []store.Subscription {
				all = expiredBefore(all, before)
				slices.Reverse(all)
				return all
			}),
		},
		{
			"takes the bound of expiry in", "expiring: the earliest first, the bound left out",
			expires(func(all []store.Subscription, _ time.Time) []store.Subscription { return all }),
		},
		{
			"leaves the members of the expiring out", "expiring: comes back as it was put",
			expires(func(all []store.Subscription, before time.Time) []store.Subscription {
				all = expiredBefore(all, before)
				for i := range all {
					all[i].Members = nil
				}
				return all
			}),
		},
		{
			"hides the dead", "expiring: a long dead one is still there",
			func(s S) S { return hidesTheDead{s} },
		},
	}
}

func expiredBefore(all []store.Subscription, before time.Time) []store.Subscription {
	return slices.DeleteFunc(all, func(s store.Subscription) bool { return !s.Expires.Before(before) })
}

func brokenLeases() []broken {
	type (
		S = store.Store
		L = store.Lease
	)
	leased := func(breakIt func(*leases)) func(S) S {
		return func(s S) S {
			l := soundLeases(s)
			breakIt(l)
			return l
		}
	}
	acquired := func(rule func(l L, name, holder string, now time.Time, ttl time.Duration) (L, error)) func(S) S {
		return leased(func(s *leases) { s.acquired = rule })
	}
	renewed := func(rule func(l, lease L, now time.Time, ttl time.Duration) (L, error)) func(S) S {
		return leased(func(s *leases) { s.renewed = rule })
	}
	released := func(rule func(l, lease L) (L, error)) func(S) S {
		return leased(func(s *leases) { s.released = rule })
	}
	return []broken{
		{
			"has no first term", "lease: is given to the first who asks",
			acquired(func(l L, name, holder string, now time.Time, ttl time.Duration) (L, error) {
				first := l.Term == 0
				l, err := l.Acquired(name, holder, now, ttl)
				if first {
					l.Term = 0
				}
				return l, err
			}),
		},
		{
			"gives away what is held", "lease: is one holder's at a time",
			acquired(func(l L, name, holder string, now time.Time, ttl time.Duration) (L, error) {
				if l.Holder != holder {
					l.Holder = ""
				}
				return l.Acquired(name, holder, now, ttl)
			}),
		},
		{
			"looks at the lease, then gives it", "lease: one of many applicants gets it",
			leased(func(s *leases) { s.gap = time.Millisecond }),
		},
		{
			"keeps a lease from its holder", "lease: its holder gets it again",
			acquired(func(l L, name, holder string, now time.Time, ttl time.Duration) (L, error) {
				if l.Holder == holder && now.Before(l.Expires) {
					return L{}, store.ErrHeld
				}
				return l.Acquired(name, holder, now, ttl)
			}),
		},
		{
			"begins a term for the same holder", "lease: its holder gets it again",
			acquired(func(l L, name, holder string, now time.Time, ttl time.Duration) (L, error) {
				if l.Holder == holder {
					l.Holder = ""
				}
				return l.Acquired(name, holder, now, ttl)
			}),
		},
		{
			"begins a term for the same holder, late", "lease: an expired one that nobody took is still the holder's",
			acquired(func(l L, name, holder string, now time.Time, ttl time.Duration) (L, error) {
				if !now.Before(l.Expires) {
					l.Holder = ""
				}
				return l.Acquired(name, holder, now, ttl)
			}),
		},
		{
			"knows one lease", "lease: names are apart",
			func(s S) S { return oneLease{s} },
		},
		{
			"renews for no time", "lease: is renewed for the time asked",
			renewed(func(l, lease L, now time.Time, ttl time.Duration) (L, error) {
				_, err := l.Renewed(lease, now, ttl)
				return l, err
			}),
		},
		{
			"never lets a lease expire", "lease: an expired one is the next applicant's",
			acquired(func(l L, name, holder string, now time.Time, ttl time.Duration) (L, error) {
				return l.Acquired(name, holder, now.AddDate(-1, 0, 0), ttl)
			}),
		},
		{
			"has one term", "lease: an expired one is the next applicant's",
			acquired(func(l L, name, holder string, now time.Time, ttl time.Duration) (L, error) {
				l, err := l.Acquired(name, holder, now, ttl)
				l.Term = min(l.Term, 1)
				return l, err
			}),
		},
		{
			"renews nothing that has expired", "lease: an expired one that nobody took is still the holder's",
			renewed(func(l, lease L, now time.Time, ttl time.Duration) (L, error) {
				if !now.Before(l.Expires) {
					return L{}, store.ErrLeaseLost
				}
				return l.Renewed(lease, now, ttl)
			}),
		},
		{
			"keeps what is released", "lease: a released one is free, in a larger term",
			released(func(l, lease L) (L, error) {
				_, err := l.Released(lease)
				return l, err
			}),
		},
		{
			"forgets the term of what is released", "lease: a released one is free, in a larger term",
			released(func(l, lease L) (L, error) {
				_, err := l.Released(lease)
				return L{}, err
			}),
		},
		{
			"renews for anybody", "lease: a lost one is neither renewed nor released",
			renewed(func(l, _ L, now time.Time, ttl time.Duration) (L, error) { return l.Renewed(l, now, ttl) }),
		},
		{
			"releases for anybody", "lease: a lost one is neither renewed nor released",
			released(func(l, _ L) (L, error) { return l.Released(l) }),
		},
		{
			"gives a lease for no time", "lease: needs a name, a holder and a time",
			acquired(func(l L, name, holder string, now time.Time, ttl time.Duration) (L, error) {
				return l.Acquired(name, holder, now, max(ttl, 1))
			}),
		},
	}
}

func brokenCalls() []broken {
	type (
		S = store.Store
		L = store.Lease
		R = store.Records
	)
	heldBy := func(rule func(l, lease L) bool) func(S) S {
		return func(s S) S {
			l := soundLeases(s)
			l.heldBy = rule
			return l
		}
	}
	view := func(view func(s S, lease L) R) func(S) S {
		return func(s S) S { return views{s, view} }
	}
	return []broken{
		{
			"has no fence", "fence: a deposed holder reads and cannot write",
			view(func(s S, _ L) R { return s }),
		},
		{
			"lets nobody pass", "fence: the holder works as without it",
			heldBy(func(_, _ L) bool { return false }),
		},
		{
			"does not look at the term", "fence: a released lease cannot write",
			heldBy(func(l, lease L) bool { return l.Holder == lease.Holder }),
		},
		{
			"does not look at the holder", "fence: a lease that never was cannot write",
			heldBy(func(l, lease L) bool { return l.Holder != "" && l.Term == lease.Term }),
		},
		{
			"looks at the clock", "lease: an expired one that nobody took is still the holder's",
			heldBy(func(l, lease L) bool { return l.HeldBy(lease) && time.Now().Before(l.Expires) }),
		},
		{
			"looks at the time of renewal", "fence: a renewed lease still writes",
			heldBy(func(l, lease L) bool { return l == lease }),
		},
		{
			"lets a deposed holder read nothing", "fence: a deposed holder reads and cannot write",
			view(func(s S, lease L) R { return blindWhenLost{s.With(lease)} }),
		},
		{
			"looks for a conflict first", "fence: a deposed holder reads and cannot write",
			view(func(s S, lease L) R { return conflictFirst{s.With(lease), s} }),
		},
		{
			"lets a delete pass", "fence: a deposed holder reads and cannot write",
			view(func(s S, lease L) R { return unfencedDelete{s.With(lease), s} }),
		},
		{
			"writes behind the fence when ctx is done", "fence: honours ctx",
			view(func(s S, lease L) R { return ignoresContext{s.With(lease)} }),
		},
		{
			"writes when ctx is done", "calls: a done ctx is an error and writes nothing",
			func(s S) S { return writesAnyway{s} },
		},
		{
			"releases when ctx is done", "calls: a done ctx is an error and writes nothing",
			func(s S) S { return releasesAnyway{s} },
		},
		{
			"hides the error of ctx", "calls: a done ctx is an error and writes nothing",
			func(s S) S { return ownContextError{s} },
		},
		{
			"works when closed", "calls: fail when the store is closed",
			func(s S) S { return closesNothing{s} },
		},
		{
			"reads behind the fence when closed", "calls: fail when the store is closed",
			view(func(s S, lease L) R { return readsOn{s.With(lease)} }),
		},
		{
			"tells all in its errors", "calls: errors are silent about secrets",
			func(s S) S { return talkative{s} },
		},
		{
			"cannot be closed twice", "calls: fail when the store is closed",
			func(s S) S { return closesOnce{s, &sync.Once{}} },
		},
	}
}
