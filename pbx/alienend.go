package pbx

import (
	"context"
	"errors"
	"fmt"
)

func (s *session) delAlien(ctx context.Context, call *alien) error {
	outcome := make(chan error, 1)
	s.end(call, func(err error) { outcome <- err })
	select {
	case err := <-outcome:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// discard ends a call that nobody wants any more, without waiting. It is tried again until the
// call is gone.
func (s *session) discard(call *alien) {
	s.aliens.disown(call)
	s.end(call, func(error) {})
}

// evict ends the alien calls of a user, or of all where guid is empty, that are not on the connection
// on which they would be added now.
func (h *hub) evict(guid string) {
	for _, s := range h.routes.all() {
		for _, call := range s.aliens.of(guid) {
			if home, _, _ := h.routes.home(call.guid); home != s {
				s.discard(call)
			}
		}
	}
}

// end has a call ended, ahead of what waits. The outcome goes to done, on any goroutine; it matches
// ErrRefused only where the call is known not to be there.
func (s *session) end(call *alien, done func(error)) {
	q, ok := s.aliens.ending(call)
	if !ok {
		s.aliens.remove(call)
		done(nil)
		return
	}
	s.aliens.leave(call, 1)
	err := s.ask(q, func(m message, err error) {
		known := s.aliens.leave(call, -1)
		err = s.judge(q.name, m, err)
		switch {
		case errors.Is(err, ErrRefused) && !known: // what has its id or its API by now is not to end
			err = nil
		case err == nil && q.api == apiImpersonation:
			s.aliens.remove(call)
		case err == nil:
			s.ended(call)
		case errors.Is(err, ErrRefused) && s.aliens.refused(call, s.timeout):
			s.aliens.remove(call)
		case errors.Is(err, ErrRefused):
			if next, _ := s.aliens.ending(call); next.name != q.name {
				s.end(call, done)
				return
			}
			err = fmt.Errorf("it may still be there: %v", err)
		}
		done(err)
	})
	if err != nil {
		done(err)
	}
}

// ended forgets a call that is known not to be, and closes the API that was opened for it.
func (s *session) ended(call *alien) {
	if s.aliens.remove(call) {
		s.closeAPI(call.api)
	}
}
