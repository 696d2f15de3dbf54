package pbx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pbx365/connector/presence"
)

// retryCallsAfter is the time after which a PBX that has not told calls is asked again, the first time.
const retryCallsAfter = 15 * time.Second

// nobody is a Long Name that nobody has. If somebody has it, that is of no consequence.
const nobody = "(nobody)"

// callsWithin is the time that a PBX has to tell its calls, from the first question for them, before an
// alien call is added without knowing them. One that is refused or left unanswered is asked again
// meanwhile.
const callsWithin = 30 * time.Second

// reading is how far calls have been asked for. The zero value is that of a PBX which
// does not tell them.
type reading struct {
	since   time.Time     // of the first question
	asking  bool          // the answer has not come
	fenced  bool          // it has, and those that were there are to be ahead of a fence
	err     error         // of the last answer; to be asked again
	retries int           // how often they were asked for again after a wait
	logged  string        // the last error that was logged
	done    chan struct{} // closed once those that were there have come; nil before the first question
}

// ask begins a question. What is known of the calls stays unknown until the answer.
func (r *reading) ask() {
	if !r.asked() || r.known() {
		*r = reading{since: time.Now(), done: make(chan struct{})}
	}
	r.asking, r.fenced = true, false
}

func (r reading) asked() bool { return r.done != nil }

// known reports whether those that were there have come.
func (r reading) known() bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// counts reports whether calls say who is on the phone. Otherwise the word has to do.
func (r reading) counts() bool { return r.asked() && r.err == nil }

// patience is the time after which to ask again: it doubles each time.
func (r reading) patience() time.Duration {
	return min(retryCallsAfter<<min(r.retries, 8), retryEvery)
}

// log logs that the calls of whom were not read, at Warn where that is news.
func (r *reading) log(to *slog.Logger, whom slog.Attr) {
	level, text := slog.LevelWarn, r.err.Error()
	if r.logged == text {
		level = slog.LevelDebug
	}
	r.logged = text
	to.LogAttrs(context.Background(), level, "calls not read", whom, slog.Any("error", r.err))
}

// readingOf is how far the calls of a user have been asked for.
func (h *hub) readingOf(u *user) reading {
	switch {
	case u == nil:
	case h.opts.Calls != CallsOfUsers:
		if s := h.callers[u.Home]; s != nil {
			return s.calls.reading
		}
	case u.watch != nil:
		return u.watch.calls
	}
	return reading{}
}

// read takes in how the question of r was answered on a connection: those calls that are there have
// come after a while, and ahead of the answer to a question behind it. One that has failed is asked
// again. Of several, the first that is answered makes the calls known, whatever becomes of the rest.
//
// tell tells what has become known, or unknown, and again asks once more; wanted reports whether the
// answer still counts.
func (h *hub) read(s *session, r *reading, err error, wanted func() bool, tell, again func()) {
	r.asking = false
	if r.known() || r.fenced {
		return
	}
	if r.err = err; err != nil {
		tell()
		retries := r.retries
		h.afterwards(s, r.patience(), func() {
			if wanted() && r.err != nil && !r.asking && r.retries == retries {
				r.retries++
				again()
			}
		})
		return
	}
	r.fenced = true
	h.afterwards(s, h.opts.CallsSettle, func() {
		h.fence(s, func(err error) {
			switch {
			case !wanted() || r.err != nil || r.known():
			case err != nil:
				r.fenced = false
				h.read(s, r, err, wanted, tell, again)
			default:
				close(r.done)
				tell()
			}
		})
	})
}

// fence has done called once what a PBX has sent until now was taken in: ahead of the answer to a
// question for the calls of nobody (innovaphone SDK: RCC, UserInitialize), whatever that is. The error
// is that of a question left unanswered.
func (h *hub) fence(s *session, done func(error)) {
	behind := question{api: apiCalls, name: "UserInitialize", body: fields{"cn": nobody}, urgent: true}
	h.ask(s, behind, func(m message, err error) {
		handle, _ := openedHandle(m)
		h.closeHandle(s, handle)
		if errors.Is(err, ErrRefused) {
			err = nil
		}
		done(err)
	})
}

// awaitCalls waits until the calls of a user are known or overdue, if an alien call could be taken for
// one of them, and reports whether that took a wait. It ends with the connection s at the latest, and at
// times before: what is to be known may by then be asked of somebody else.
func (h *hub) awaitCalls(ctx context.Context, s *session, guid string) (waited bool, err error) {
	if h.opts.AlienCallsUnseen {
		return false, nil
	}
	answer := make(chan reading, 1)
	h.post(func() { answer <- h.readingOf(h.users[guid]) })
	var known <-chan struct{}
	var again <-chan time.Time
	for {
		select {
		case r := <-answer:
			left := time.Until(r.since.Add(callsWithin))
			if !r.asked() || r.known() || left <= 0 {
				return false, unwanted(ctx)
			}
			known, again = r.done, time.After(min(left, time.Second))
		case <-known:
			return true, nil
		case <-again:
			return true, nil
		case <-s.stopped:
			return false, fmt.Errorf("%w any more: %w", ErrNotConnected, s.cause)
		case <-presence.Wanted(ctx).Done():
			return false, unwanted(ctx)
		case <-ctx.Done():
			return false, unwanted(ctx)
		}
	}
}

// unwanted returns why what is done with ctx is not wanted any more, nil where it is.
func unwanted(ctx context.Context) error {
	if presence.Wanted(ctx).Err() != nil {
		return presence.ErrWithdrawn
	}
	return context.Cause(ctx)
}
