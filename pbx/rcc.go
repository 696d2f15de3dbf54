package pbx

import (
	"fmt"
	"log/slog"
	"time"
)

// followCalls has the calls of a PBX told by the connection that counts, and by that one
// alone. It goes on with what the one before has told; the calls of single users go on with
// the watch of each.
func (h *hub) followCalls(pbx string) {
	now, before := h.routes.of(pbx, apiCalls), h.callers[pbx]
	if now == before {
		return
	}
	if before != nil && !before.gone {
		h.interrupt(before)
		if h.opts.Calls != CallsOfUsers {
			h.leaveCalls(before, "")
			before.calls = newCalls()
		}
	}
	if now == nil {
		delete(h.callers, pbx)
		h.endLeft(pbx, "", true)
		return
	}
	h.callers[pbx] = now
	h.startCalls(now)
}

// startCalls asks a PBX for its calls (innovaphone SDK: RCC, Initialize). They come
// before and after the answer, for which a large PBX, listing its users first, may need
// longer than a request is given.
func (h *hub) startCalls(s *session) {
	switch {
	case h.opts.Calls == CallsOff || !s.has(apiCalls):
		h.heard(s.name())
		h.endLeft(s.name(), "", true)
		return
	case h.opts.Calls == CallsOfUsers:
		h.heard(s.name())
		h.endLeftInTime(s)
		return
	}
	c := s.calls
	c.ask()
	initialize := question{api: apiCalls, name: "Initialize", body: fields{"limit": 50, "calls": true}}
	h.ask(s, initialize, func(_ message, err error) {
		if s.calls == c {
			h.callsRead(s, err)
		}
	})
}

// callsRead handles the answer to the question for the calls of a PBX, in time or late.
func (h *hub) callsRead(s *session, err error) {
	c := s.calls
	wanted := func() bool { return s.calls == c }
	h.read(s, &c.reading, err, wanted, func() { h.callsKnown(s) }, func() {
		h.startCalls(s)
		h.light(s.name())
	})
}

// afterwards has f called by the hub, if the connection is still there by then.
func (h *hub) afterwards(s *session, wait time.Duration, f func()) {
	time.AfterFunc(wait, func() {
		h.post(func() {
			if !s.gone {
				f()
			}
		})
	})
}

// callsKnown tells what everybody shows on a PBX whose calls have become known, or
// unknown.
func (h *hub) callsKnown(s *session) {
	err := s.calls.err
	h.endLeft(s.name(), "", err != nil)
	h.light(s.name())
	if err != nil {
		s.calls.log(h.opts.Logger, slog.String("pbx", s.name()))
	} else {
		h.endSilence(s.name())
	}
	for _, u := range h.users {
		if u.Home == s.name() {
			h.review(u)
		}
	}
}

// call handles CallAdd, CallUpdate, CallDel and CallInfo.
func (h *hub) call(s *session, m message) error {
	var body callMessage
	if err := m.into(&body); err != nil {
		return err
	}
	if body.Call == "" {
		return fmt.Errorf("%w: %s without call", ErrFrame, m.Name)
	}
	id, user := string(body.Call), body.GUID
	if m.Name == "CallInfo" { // whose ids count for each user anew
		user = s.calls.handles[string(body.User)]
		id = user + "/" + id
	}
	if h.opts.Calls == CallsOff || h.callers[s.name()] != s && m.Name != "CallInfo" || m.Name == "CallInfo" && user == "" {
		return nil // another connection tells them, or the handle was given back meanwhile
	}
	known := s.calls.byID[id]
	switch {
	case known == nil && (m.Name == "CallUpdate" || body.ended(m.Name)):
		return nil
	case body.ended(m.Name):
		h.endCall(s.calls.take(id), false)
		h.tellCalls(s, known.User)
		h.recountUser(known.User)
		return nil
	case m.Name == "CallAdd" || known == nil:
		known = h.begin(s, id, user)
	}
	known.follow(body)
	h.tellCalls(s, known.User)
	h.recountUser(known.User)
	return nil
}

// tellCalls tells what is new about the calls of a user.
func (h *hub) tellCalls(s *session, user string) {
	s.calls.judge(user)
	for _, call := range s.calls.byUser[user] {
		if call.told != call.Call {
			call.told = call.Call
			h.emit(CallSeen{Call: call.Call})
		}
	}
}

// endCall tells that a call has ended or, where lost, the sight of it.
func (h *hub) endCall(c *call, lost bool) {
	if c.told != (Call{}) {
		c.State, c.told = CallDisconnected, Call{}
		h.emit(CallEnded{Call: c.Call, Lost: lost})
	}
}

func (h *hub) recountUser(guid string) {
	if u := h.users[guid]; u != nil && u.watch != nil {
		h.recount(u)
	}
}

// recount tells what a watched user shows, if the calls make a difference now, or an alien one would
// be added elsewhere.
func (h *hub) recount(u *user) {
	onCall, counted, ok := h.phone(u)
	if !ok || u.told && onCall == u.seen.OnPhone && counted == u.seen.Counted && h.routes.number(u.GUID) == u.seen.Connection {
		return
	}
	u.watch.at = time.Now()
	h.show(u)
}

// phone reports whether a watched user is on the phone, and whether that comes from the calls.
// One call is enough, whichever PBX tells it; where the home PBX tells none, the word has to do. In
// doubt it is what was told last, and where nothing was, ok is false.
func (h *hub) phone(u *user) (onCall, counted, ok bool) {
	counted = h.readingOf(u).counts()
	switch {
	case h.talks(u.GUID):
		return true, true, true
	case !counted && u.watch.phone:
		return true, false, true
	case h.doubts(u):
		return u.seen.OnPhone, u.seen.Counted, u.told
	}
	return false, counted, true
}

// talks reports whether a call was told that has a user on the phone, and is not over.
func (h *hub) talks(user string) bool {
	for _, left := range h.left {
		if left.talking(user, h.opts.CountDialling) {
			return true
		}
	}
	return h.routes.any(func(s *session) bool { return s.calls.talking(user, h.opts.CountDialling) })
}
