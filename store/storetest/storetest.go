package storetest

import (
	"context"
	"testing"

	"github.com/pbx365/connector/store"
)

// T is what a clause needs of a [*testing.T].
type T interface {
	Helper()
	Context() context.Context
	Errorf(format string, args ...any)
	FailNow()
}

// Clause is one promise of the contract. Check fails t if the empty store s breaks
// it. It leaves closing the store to its caller, though a clause may do so first.
type Clause struct {
	Name  string
	Check func(t T, s store.Store)
}

// Clauses returns the promises that every back-end makes.
func Clauses() []Clause {
	var all []Clause
	all = append(all, recordClauses(links)...)
	all = append(all, recordClauses(subscriptions)...)
	all = append(all, recordClauses(signIns)...)
	all = append(all, expiryClauses()...)
	all = append(all, leaseClauses()...)
	all = append(all, fenceClauses()...)
	all = append(all, callClauses()...)
	return all
}

// Run tries every clause on a store of its own, as a subtest. It closes what open
// returned.
func Run(t *testing.T, open func(t *testing.T) store.Store) {
	for _, clause := range Clauses() {
		t.Run(clause.Name, func(t *testing.T) {
			s := open(t)
			defer s.Close()
			clause.Check(t, s)
		})
	}
}

// DurableClause is one promise that only durable back-ends make. Reopen, called
// after the store it gave before was closed, opens the same place again.
type DurableClause struct {
	Name  string
	Check func(t T, reopen func() store.Store)
}

// RunDurable tries what must outlive a store, as subtests beside those of [Run].
// Place chooses an empty place and returns the function that opens it, which is
// called more than once.
func RunDurable(t *testing.T, place func(t *testing.T) (reopen func() store.Store)) {
	for _, clause := range DurableClauses() {
		t.Run(clause.Name, func(t *testing.T) { clause.Check(t, place(t)) })
	}
}
