package boltstore

import (
	"errors"
	"fmt"

	berrors "go.etcd.io/bbolt/errors"
)

// The reasons of an [OpenError] that have one, and of reads.
var (
	// ErrInUse: another process has the file open.
	ErrInUse = errors.New("in use by another process")

	// ErrNewer: the file was written by a newer version of this package.
	ErrNewer = errors.New("written by a newer version")

	// ErrForeign: the file is not one of this package, or it is damaged as a whole.
	ErrForeign = errors.New("not a store of the connector, or damaged")

	// ErrDamaged is returned by every call that reads a record it cannot make sense
	// of, together with the key. Calls that return many records return the others
	// beside the error.
	ErrDamaged = errors.New("damaged record")
)

// OpenError says why a file could not be opened.
type OpenError struct {
	Path string
	Err  error
}

// Error says what to do, too.
func (e *OpenError) Error() string {
	text := fmt.Sprintf("boltstore: open %s: %v", e.Path, e.Err)
	if advice := e.Advice(); advice != "" {
		text += ": " + advice
	}
	return text
}

// Unwrap returns the reason.
func (e *OpenError) Unwrap() error { return e.Err }

// Advice returns what an administrator has to do.
func (e *OpenError) Advice() string {
	switch {
	case errors.Is(e.Err, ErrInUse):
		return "stop the other process, or give this one a file of its own"
	case errors.Is(e.Err, ErrNewer):
		return "start the newer version again, or restore the file from before it"
	case errors.Is(e.Err, ErrForeign):
		return "name another file, or restore this one from a backup"
	default:
		return "check that the folder exists and that this user may write in it"
	}
}

func openError(path string, err error) error {
	switch {
	case errors.Is(err, berrors.ErrTimeout):
		err = ErrInUse
	case errors.Is(err, berrors.ErrInvalid), errors.Is(err, berrors.ErrVersionMismatch), errors.Is(err, berrors.ErrChecksum):
		err = fmt.Errorf("%w (%w)", ErrForeign, err)
	}
	return &OpenError{Path: path, Err: err}
}
