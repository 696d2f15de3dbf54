package store

import (
	"errors"
	"time"
)

// Lease is the right to work, held by one replica at a time.
type Lease struct {
	// Name says what the right is for and is the key.
	Name string
	// Holder names one run of one process. A stored lease without one is free.
	Holder string
	// Term grows with each new holder.
	Term int64
	// Expires is the end, by the clock of the store. A holder that has not renewed
	// the lease well before then must stop working.
	Expires time.Time
}

// HeldBy reports whether the stored lease l still is the tenure of lease: the same
// name, holder and term, however often renewed. Only then may its holder write.
func (l Lease) HeldBy(lease Lease) bool {
	return l.Holder != "" && l.Name == lease.Name && l.Holder == lease.Holder && l.Term == lease.Term
}

// Acquired is the rule of [Store.Acquire], for back-ends written in Go. The stored
// lease is l, or zero where there is none; the result is what to store and return.
func (l Lease) Acquired(name, holder string, now time.Time, ttl time.Duration) (Lease, error) {
	switch {
	case name == "" || holder == "":
		return Lease{}, errors.New("a lease needs a name and a holder")
	case ttl <= 0:
		return Lease{}, errNoTime
	case l.Holder == holder:
	case l.Holder != "" && now.Before(l.Expires):
		return Lease{}, ErrHeld
	default:
		l = Lease{Name: name, Holder: holder, Term: l.Term + 1}
	}
	l.Expires = now.Add(ttl)
	return l, nil
}

// Renewed is the rule of [Store.Renew], for back-ends written in Go: what the stored
// lease l becomes when the holder of lease renews it.
func (l Lease) Renewed(lease Lease, now time.Time, ttl time.Duration) (Lease, error) {
	switch {
	case ttl <= 0:
		return Lease{}, errNoTime
	case !l.HeldBy(lease):
		return Lease{}, ErrLeaseLost
	}
	l.Expires = now.Add(ttl)
	return l, nil
}

// Released is the rule of [Store.Release], for back-ends written in Go: what the
// stored lease l becomes when the holder of lease gives it back. It stays stored,
// so that the next term is a larger one.
func (l Lease) Released(lease Lease) (Lease, error) {
	if !l.HeldBy(lease) {
		return Lease{}, ErrLeaseLost
	}
	l.Holder, l.Expires = "", time.Time{}
	return l, nil
}

var errNoTime = errors.New("the time of a lease must be positive")
