package graph

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pbx365/connector/presence"
)

const (
	// pageTries is how often one page of a list of people is asked for.
	pageTries = 4
	// pagePause is the longest pause between two of them.
	pagePause = time.Minute
)

// page asks for one page of a list. A page that fails is asked for again by itself: a list
// of a hundred pages that began anew with each failure would hardly ever end. get makes its
// request anew each time.
func page[T any, L interface{ GetValue() []T }](ctx context.Context, c *Client, op string, get func() (L, error)) (got L, err error) {
	pause := newPause(pagePause)
	for try := 1; ; try++ {
		err = c.call(ctx, op, func() (err error) {
			got, err = get()
			if err == nil && (any(got) == nil || got.GetValue() == nil) {
				return errNoList
			}
			return err
		})
		if err == nil || try == pageTries || !passes(err) {
			return got, err
		}
		if err := sleep(ctx, pause.after(err), nil); err != nil {
			return got, fmt.Errorf("%s: %w", op, err)
		}
	}
}

// passes reports whether a page that has failed with err may well succeed within a minute.
func passes(err error) bool {
	var answer *Error
	var unsigned *SignInError
	switch {
	case errors.Is(err, presence.ErrRefused), errors.Is(err, errNoList), errors.As(err, &unsigned), forgotten(err):
		return false
	case errors.As(err, &answer):
		return answer.RetryAfter <= pagePause
	}
	return true
}
