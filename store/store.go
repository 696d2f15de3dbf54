package store

import (
	"context"
	"time"
)

// Store is what a back-end offers. Its promises, each tried by package storetest:
//
//   - A read or a delete of an absent record MUST fail with [ErrNotFound].
//   - A put or a delete with another revision than the stored one MUST fail with
//     [ErrConflict] and change nothing. Of several writers that name the same
//     revision, exactly one succeeds.
//   - A successful put MUST give the record a revision larger than every one its
//     key ever had, also when the record was deleted in between.
//   - A record MUST come back with every field as it was put. Strings are valid
//     UTF-8 without NUL. Times keep their instant, to the microsecond or better,
//     and a zero time stays zero; the location may change. Nil and empty slices
//     are the same.
//   - A write MUST be visible to every read that begins after it returned, and
//     MUST be durable by then where the back-end is a durable one.
//   - What is returned belongs to the caller, and what was passed in still does:
//     the store MUST share no memory with either.
//   - An empty key (also that of a lease, or its holder) and a lease time that is
//     not positive MUST be refused with an error.
//   - A call whose ctx is done MUST fail with the error of ctx and write nothing.
//     A write that was committed before ctx ended MAY report success.
//   - Every method MUST be safe for concurrent use.
//   - After Close, every call MUST fail with [ErrClosed].
//
// Errors SHOULD name the key, and MUST NOT contain a client state or what is sealed.
type Store interface {
	// Records are read and written without a fence.
	Records

	// Acquire takes the lease of that name for ttl. It fails with [ErrHeld] while
	// another holder's is valid. The holder itself gets it again with the same term,
	// expired or not, as long as nobody took it in between; everybody else, and the
	// holder after a Release, gets a larger term. Terms begin at 1.
	//
	// The holder names one run of one process: two that use the same name both
	// believe to hold the lease.
	Acquire(ctx context.Context, name, holder string, ttl time.Duration) (Lease, error)

	// Renew lets the lease expire ttl from now, which may be sooner than before.
	// It fails with [ErrLeaseLost] once the lease was released or taken by another.
	Renew(ctx context.Context, lease Lease, ttl time.Duration) (Lease, error)

	// Release gives the lease back, for anybody to acquire at once. It fails with
	// [ErrLeaseLost] once the lease was released or taken by another.
	Release(ctx context.Context, lease Lease) error

	// With returns a view of the same records for the holder of the lease. Reads
	// always work. Writes fail with [ErrLeaseLost] once the lease was released or
	// taken by another, checked in one step with the write itself: not even a write
	// begun before the lease was lost is carried out after. Renewing the lease does
	// not need a new view. A lost lease comes before a conflict.
	With(lease Lease) Records

	// Close waits for running calls and frees what the store holds. Closing again
	// does nothing.
	Close() error
}

// Records is the part of a [Store] that reads and writes records: what a component
// should ask for, so that it can be given either a whole store or the fenced view
// that [Store.With] returns. The promises are those of Store.
type Records interface {
	// Links returns all links, ordered by key, byte by byte.
	Links(ctx context.Context) ([]Link, error)

	// Link returns the link of a Teams object id, or [ErrNotFound].
	Link(ctx context.Context, teams string) (Link, error)

	// PutLink stores the link if the stored one is still at link.Revision, where 0
	// means that there is none. It returns the link with its new revision.
	PutLink(ctx context.Context, link Link) (Link, error)

	// DeleteLink deletes the link of a Teams object id at that revision.
	DeleteLink(ctx context.Context, teams string, revision int64) error

	// Subscriptions returns all subscriptions, ordered as links are. Expired ones are
	// among them: what becomes of those is for their owner to decide.
	Subscriptions(ctx context.Context) ([]Subscription, error)

	// Expiring returns the subscriptions that expire before that time, or have
	// already done so, the earliest first and equal ones by name.
	Expiring(ctx context.Context, before time.Time) ([]Subscription, error)

	// Subscription returns the subscription of that name, or [ErrNotFound].
	Subscription(ctx context.Context, name string) (Subscription, error)

	// PutSubscription stores the subscription if the stored one is still at
	// sub.Revision, where 0 means that there is none. It returns the subscription
	// with its new revision.
	PutSubscription(ctx context.Context, sub Subscription) (Subscription, error)

	// DeleteSubscription deletes the subscription of that name at that revision.
	DeleteSubscription(ctx context.Context, name string, revision int64) error

	// SignIns returns all sign-ins, ordered as links are.
	SignIns(ctx context.Context) ([]SignIn, error)

	// SignIn returns the sign-in of that name, or [ErrNotFound].
	SignIn(ctx context.Context, name string) (SignIn, error)

	// PutSignIn stores the sign-in if the stored one is still at its Revision, where 0
	// means that there is none. It returns the sign-in with its new revision.
	PutSignIn(ctx context.Context, s SignIn) (SignIn, error)

	// DeleteSignIn deletes the sign-in of that name at that revision.
	DeleteSignIn(ctx context.Context, name string, revision int64) error
}
