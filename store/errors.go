package store

import "errors"

// The errors a caller branches on. Back-ends wrap them; match with [errors.Is].
var (
	// ErrNotFound is returned by the reads of one record and by deletes when no
	// record has the key.
	ErrNotFound = errors.New("not found")

	// ErrConflict is returned by puts and deletes when the record is not at the
	// given revision: somebody else has created, changed or deleted it. Read it again.
	ErrConflict = errors.New("changed by somebody else")

	// ErrHeld is returned by [Store.Acquire] while the lease of another holder is
	// valid. Try again later.
	ErrHeld = errors.New("held by somebody else")

	// ErrLeaseLost is returned by [Store.Renew], [Store.Release] and the writes of
	// [Store.With] when the lease was released or has gone to a newer term. Stop
	// working and acquire it again.
	ErrLeaseLost = errors.New("lease lost")

	// ErrClosed is returned by every call after [Store.Close].
	ErrClosed = errors.New("store is closed")
)
