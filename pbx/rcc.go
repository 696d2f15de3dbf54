package pbx

import (
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// readingOf is how far the calls of a watched user have been asked for.
func (h *hub) readingOf(w *watch) *reading {
	if h.opts.Calls == CallsOfUsers {
		return &w.calls
	}
	return &w.on.calls.reading
}

// startCalls asks a PBX for its calls (innovaphone SDK: RCC, Initialize). They come
// before and after the answer, for which a large PBX, listing its users first, may need
// longer than a request is given.
func (h *hub) startCalls(s *session) {
	switch {
	case h.opts.Calls == CallsOff || !s.has(apiCalls):
		h.endBefore(s, "", true)
		return
	case h.opts.Calls == CallsOfUsers:
		h.afterwards(s, h.opts.RequestTimeout+h.opts.CallsSettle, func() { h.endBefore(s, "", true) })
		return
	}
	s.calls.reading = reading{asked: true}
	initialize := question{api: apiCalls, name: "Initialize", body: fields{"limit": 50, "calls": true}}
	h.ask(s, initialize, func(_ message, err error) { h.callsRead(s, err) })
}

// callsRead handles the answer to the question for the calls of a PBX, in time or late.
// Most of the calls that are there come right after it.
func (h *hub) callsRead(s *session, err error) {
	s.calls.err = err
	if err != nil {
		h.opts.Logger.Warn("calls not read", slog.String("pbx", s.name()), slog.Any("error", err))
		h.callsKnown(s)
		return
	}
	h.afterwards(s, h.opts.CallsSettle, func() {
		s.calls.known = true
		h.callsKnown(s)
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
	h.endBefore(s, "", s.calls.err != nil)
	h.light(s.name())
	for _, u := range h.users {
		if u.watch != nil && u.watch.on == s {
			h.show(u)
		}
	}
}

// startUserCalls asks the home PBX of a watched user for the calls of the user alone
// (innovaphone SDK: RCC, UserInitialize).
func (h *hub) startUserCalls(u *user) {
	w := u.watch
	s := w.on
	if h.opts.Calls != CallsOfUsers || !s.has(apiCalls) || s.name() != u.Home || w.calls.counts() && w.cn == u.LongName {
		return
	}
	h.endUserCalls(w)
	w.calls, w.cn = reading{asked: true}, u.LongName
	initialize := question{api: apiCalls, name: "UserInitialize", src: u.GUID, body: fields{"cn": u.LongName}}
	h.ask(s, initialize, func(m message, err error) {
		var answer struct {
			User scalar `json:"user"`
		}
		if err == nil {
			err = m.into(&answer)
		}
		if err == nil {
			w.handle = answer.User
			s.calls.handles[string(w.handle)] = u.GUID
		}
		if u.watch != w {
			h.endUserCalls(w)
			return
		}
		if w.calls.err = err; err != nil {
			h.opts.Logger.Warn("calls not read", slog.String("guid", u.GUID), slog.Any("error", err))
			h.endBefore(s, u.GUID, true)
			h.show(u)
			return
		}
		h.afterwards(s, h.opts.CallsSettle, func() {
			if u.watch == w {
				w.calls.known = true
				h.endBefore(s, u.GUID, false)
				h.show(u)
			}
		})
	})
}

// endUserCalls gives the handle of a user back, if there is one.
func (h *hub) endUserCalls(w *watch) {
	s, guid := w.on, w.on.calls.handles[string(w.handle)]
	if s.gone || guid == "" {
		return
	}
	s.tell(question{api: apiCalls, name: "UserEnd", src: guid, body: fields{"user": w.handle.echo()}})
	delete(s.calls.handles, string(w.handle))
	for _, call := range slices.Clone(s.calls.byUser[guid]) {
		h.endCall(s, call, true)
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
	if m.Name == "CallInfo" {
		id = string(body.User) + "/" + id
		if user = s.calls.handles[string(body.User)]; user == "" {
			return nil // given back meanwhile
		}
	}
	known := s.calls.byID[id]
	switch {
	case known == nil && (m.Name == "CallUpdate" || body.ended(m.Name)):
		return nil
	case body.ended(m.Name):
		h.endCall(s, known, false)
		h.recountUser(s, known.User)
		return nil
	case m.Name == "CallAdd" || known == nil:
		now := s.calls.add(s, id, user)
		if known != nil && known.User != user {
			h.recountUser(s, known.User)
		}
		known = now
	}
	known.follow(body)
	h.tellCalls(s, known.User)
	h.recountUser(s, known.User)
	return nil
}

// tellCalls tells what is new about the calls of a user.
func (h *hub) tellCalls(s *session, user string) {
	s.calls.judge(user, !h.opts.AlienCallsUnseen && s.aliens.held(user))
	for _, call := range s.calls.byUser[user] {
		if call.told != call.Call {
			call.told = call.Call
			h.emit(CallSeen{Call: call.Call})
		}
	}
}

func (h *hub) endCall(s *session, known *call, lost bool) {
	s.calls.remove(known)
	if known.told != (Call{}) {
		known.State = CallDisconnected
		h.emit(CallEnded{Call: known.Call, Lost: lost})
	}
}

// endBefore ends the calls of the connection before, of one user or of all, that this
// one does not go on with: they have ended meanwhile, or it does not tell.
func (h *hub) endBefore(s *session, user string, lost bool) {
	for id, call := range s.calls.before {
		if user == "" || call.User == user {
			delete(s.calls.before, id)
			call.State = CallDisconnected
			h.emit(CallEnded{Call: call, Lost: lost})
		}
	}
}

// loseCalls ends what a connection has told of calls, which nobody sees any more.
func (h *hub) loseCalls(s *session) {
	for _, call := range s.calls.told() {
		call.State = CallDisconnected
		h.emit(CallEnded{Call: call, Lost: true})
	}
}

func (h *hub) recountUser(s *session, guid string) {
	if u := h.users[guid]; u != nil && u.watch != nil && u.watch.on == s {
		h.recount(u)
	}
}

// recount tells what a watched user shows, if the calls make a difference now.
func (h *hub) recount(u *user) {
	if onCall, counted := h.phone(u); u.told && onCall == u.seen.OnPhone && counted == u.seen.Counted {
		return
	}
	u.watch.at = time.Now()
	h.show(u)
}

// phone reports whether a watched user is on the phone, and whether that comes from
// the calls.
func (h *hub) phone(u *user) (onCall, counted bool) {
	w := u.watch
	if w.on.name() != u.Home || !h.readingOf(w).counts() {
		return w.phone, false
	}
	return w.on.calls.talking(u.GUID, h.opts.CountDialling), true
}
