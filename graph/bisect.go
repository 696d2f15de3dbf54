package graph

import (
	"errors"
	"net/http"
	"slices"
)

// outage is the number of parts that must fail, and none succeed, before it is taken
// for an outage rather than for bad items.
const outage = 8

// bisection is what was found out about the items of a batch that failed.
type bisection[T any] struct {
	bad     []T   // each fails alone, though others do not
	unclear []T   // have not been found to be good or bad
	err     error // of the last attempt that failed
}

// bisect finds the items because of which a batch has failed with err. It tries the halves
// of what failed, level by level, until every bad item stands alone. Unless works says that
// some attempt has succeeded before, one of its own has to: else nothing is bad but the
// times. An error for which no item is to blame leaves the part unclear.
func bisect[T any](batch []T, err error, works bool, try func([]T) error) bisection[T] {
	found := bisection[T]{err: err}
	for level := [][]T{batch}; len(level) > 0; {
		if !works && len(level) >= outage {
			found.unclear = slices.Concat(append(level, found.unclear)...)
			break
		}
		var next [][]T
		for _, part := range level {
			if len(part) == 1 {
				found.bad = append(found.bad, part[0])
				continue
			}
			for _, half := range [][]T{part[:len(part)/2], part[len(part)/2:]} {
				switch err := try(half); {
				case err == nil:
					works = true
				case blames(err):
					found.err, next = err, append(next, half)
				default:
					found.err, found.unclear = err, append(found.unclear, half...)
				}
			}
		}
		level = next
	}
	if !works {
		found.bad, found.unclear = nil, append(found.unclear, found.bad...)
	}
	return found
}

// blames reports an answer that may be due to one of the ids in the request, rather
// than to the state of Graph, of the network or of the sign-in.
func blames(err error) bool {
	var e *Error
	if !errors.As(err, &e) || e.Code == codeForeign || e.later() {
		return false
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusInternalServerError:
		return true
	}
	return false
}
