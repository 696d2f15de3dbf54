package graph

import (
	"errors"
	"net/http"
	"slices"
)

// outageFrom is the number of failures in a row after which something else has to work, or
// they are due to an outage.
const outageFrom = 14

// bisection is what was found out about the items of a batch that failed.
type bisection[T any] struct {
	bad     []T   // each fails alone, while others do not
	unclear []T   // have not been found to be good or bad
	good    []T   // the last part that did not fail, if any
	err     error // of the last attempt that failed
	outage  bool  // it was given up
}

// bisect finds the items because of which a batch has failed with err. It tries the halves
// of what failed, level by level, until every bad item stands alone and has failed so twice.
// No item is bad unless something works right after it has failed: another part of the batch
// or, while none ever did, what works tries, which must have nothing to do with the batch.
// An error for which no item is to blame leaves the part unclear.
func bisect[T any](batch []T, err error, works func() bool, try func([]T) error) bisection[T] {
	found := bisection[T]{err: err}
	failures, sure := 0, 0 // in a row, and how many were bad before
	failing := func() bool {
		if found.good == nil && !works() || found.good != nil && try(found.good) != nil {
			return true
		}
		failures, sure = 0, len(found.bad)
		return false
	}
	if len(batch) == 1 && failing() {
		found.unclear = batch
		return found
	}
	for level := [][]T{batch}; len(level) > 0; {
		var next [][]T
		for _, part := range level {
			for _, half := range halves(part) {
				found.outage = found.outage || failures >= outageFrom && failing()
				if found.outage {
					found.unclear = append(found.unclear, half...)
					continue
				}
				err := try(half)
				if err == nil {
					failures, sure, found.good = 0, len(found.bad), half
					continue
				}
				found.err = err
				failures++
				switch {
				case !blames(err):
					found.unclear = append(found.unclear, half...)
				case len(part) == 1:
					found.bad = append(found.bad, part...)
				default:
					next = append(next, half)
				}
			}
		}
		if level = next; found.outage {
			found.unclear = slices.Concat(append(level, found.unclear)...)
			break
		}
	}
	found.outage = found.outage || sure < len(found.bad) && failing()
	if found.outage {
		found.bad, found.unclear = found.bad[:sure], append(found.unclear, found.bad[sure:]...)
	}
	return found
}

// halves splits a part; a single item is its own half.
func halves[T any](part []T) [][]T {
	if len(part) == 1 {
		return [][]T{part}
	}
	return [][]T{part[:len(part)/2], part[len(part)/2:]}
}

// blames reports an answer that may be due to one of the ids in the request, rather
// than to the state of Graph, of the network or of the sign-in. A creation that is refused
// because of somebody ends with 500; 400 is about the notification URL.
func blames(err error) bool {
	var e *Error
	switch {
	case !errors.As(err, &e) || e.Code == codeForeign || e.later():
		return false
	case e.subscribes():
		return e.Op == opSubscribe && e.Status == http.StatusInternalServerError
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusInternalServerError:
		return true
	}
	return false
}

// conflict reports the answer that there is a subscription already.
func conflict(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Status == http.StatusConflict && e.Code != codeForeign
}
