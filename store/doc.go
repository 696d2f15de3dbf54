// Package store says what the connector has to remember, and what a place that
// remembers it must promise.
//
// Four kinds of record are kept:
//
//   - a [Link] for each linked person: the pair of values both sides agreed on,
//     and everything that was written and must one day be taken back;
//   - a [Subscription] for each change notification subscription at Microsoft
//     Graph, so that a restart adopts it instead of waiting for it to die;
//   - a [SignIn] for each account that somebody signed in by hand, encrypted, so that
//     a restart does not ask again;
//   - a [Lease], by which one of several replicas knows that it is the one to work.
//
// The contract of a back-end is written above [Store]. The packages below this
// one are memstore, which forgets, boltstore, which keeps one file, and storetest,
// which tries every clause of the contract on a back-end of your own.
//
// # Lost updates
//
// Records are replaced as a whole, by compare-and-set. Each carries a Revision that
// the store alone chooses: 0 means that the record was never stored. A write names
// the revision it has seen, and fails with [ErrConflict] where that is no longer
// the stored one: read again, decide again, write again.
//
// # Leases and terms
//
// A lease is valid until it expires by the clock of the store. Each new holder gets
// a larger term. Time alone cannot stop a replica that was paused for a minute and
// does not know it, so the writes of a worker go through [Store.With]: they name the
// term, and the store refuses them with [ErrLeaseLost] once it has moved on.
//
//	     Acquire              Renew
//	free ───────► held (term) ─────► held (same term)
//	  ▲                │ expires: somebody else's Acquire makes it held (term+1)
//	  └────────────────┘ Release
//
// A term that has expired and that nobody took since can still be renewed and
// written with: nobody else has begun to work.
package store
