package pbx

import (
	"fmt"
	"log/slog"
	"slices"
	"time"
)

// followCalls has the calls of a PBX told by the connection that counts, and by that one
// alone. It goes on with what the one before has told.
func (h *hub) followCalls(pbx string) {
	now, before := h.routes.of(pbx, apiCalls), h.callers[pbx]
	if now == before {
		return
	}
	if before != nil {
		h.interrupt(before)
	}
	if now == nil {
		delete(h.callers, pbx)
		h.loseCalls(before)
		return
	}
	h.callers[pbx] = now
	if before != nil && (before.gone || h.opts.Calls != CallsOfUsers) {
		now.calls.before = before.calls.told()
		before.calls = newCalls()
	}
	h.startCalls(now)
}

// startCalls asks a PBX for its calls (innovaphone SDK: RCC, Initialize). They come
// before and after the answer, for which a large PBX, listing its users first, may need
// longer than a request is given.
func (h *hub) startCalls(s *session) {
	switch {
	case h.opts.Calls == CallsOff || !s.has(apiCalls):
		h.heard(s.name())
		h.endBefore(s, "", true)
		return
	case h.opts.Calls == CallsOfUsers:
		h.heard(s.name())
		h.afterwards(s, h.opts.RequestTimeout+h.opts.CallsSettle, func() { h.endBefore(s, "", true) })
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
	h.endBefore(s, "", err != nil)
	h.light(s.name())
	if err != nil {
		h.opts.Logger.Warn("calls not read", slog.String("pbx", s.name()), slog.Any("error", err))
	} else {
		h.endSilence(s.name())
	}
	for _, u := range h.users {
		if u.Home == s.name() {
			h.review(u)
		}
	}
}

// startUserCalls asks the home PBX of a watched user for the calls of the user alone
// (innovaphone SDK: RCC, UserInitialize).
func (h *hub) startUserCalls(u *user) {
	w := u.watch
	s := w.on
	asked := (w.calls.asking || w.calls.counts()) && w.cn == u.LongName
	if h.opts.Calls != CallsOfUsers || !s.has(apiCalls) || s.name() != u.Home || asked {
		return
	}
	first, cn := h.endUserCalls(w), u.LongName
	w.cn = cn
	w.calls.ask()
	initialize := question{api: apiCalls, name: "UserInitialize", src: u.GUID, body: fields{"cn": cn}, first: first}
	h.ask(s, initialize, func(m message, err error) {
		var handle scalar
		if err == nil {
			handle, err = openedHandle(m)
		}
		if u.watch != w || w.cn != cn {
			h.closeHandle(s, handle)
			return
		}
		w.handle = handle
		if err == nil {
			s.calls.handles[string(handle)] = u.GUID
		}
		wanted := func() bool { return u.watch == w && w.cn == cn && w.handle == handle }
		h.read(s, &w.calls, err, wanted, func() { h.userCallsKnown(u) }, func() { h.startUserCalls(u) })
	})
}

// userCallsKnown tells what a watched user shows whose own calls have become known, or unknown.
func (h *hub) userCallsKnown(u *user) {
	s, err := u.watch.on, u.watch.calls.err
	if err != nil {
		h.opts.Logger.Warn("calls not read", slog.String("guid", u.GUID), slog.Any("error", err))
	}
	h.endBefore(s, u.GUID, err != nil)
	h.show(u)
}

func openedHandle(m message) (scalar, error) {
	var opened struct {
		User scalar `json:"user"`
	}
	err := m.into(&opened)
	if err == nil && opened.User == "" {
		err = fmt.Errorf("%w: %s without user", ErrFrame, m.Name)
	}
	return opened.User, err
}

// closeHandle gives back a handle that nobody needs, such as that of a late answer.
func (h *hub) closeHandle(s *session, handle scalar) {
	if handle != "" && s.calls.handles[string(handle)] == "" {
		s.tell(question{api: apiCalls, name: "UserEnd", body: fields{"user": handle.echo()}})
	}
}

// endUserCalls ends what was told of the calls of a user, and returns the message that
// gives the handle back, to go out with the next question; nil where there is none.
func (h *hub) endUserCalls(w *watch) *question {
	s, guid := w.on, w.on.calls.handles[string(w.handle)]
	if s.gone || guid == "" {
		return nil
	}
	delete(s.calls.handles, string(w.handle))
	for _, call := range slices.Clone(s.calls.byUser[guid]) {
		h.endCall(s, call, true)
	}
	return &question{api: apiCalls, name: "UserEnd", src: guid, body: fields{"user": w.handle.echo()}}
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
		h.endCall(s, known, false)
		h.tellCalls(s, known.User)
		h.recountUser(known.User)
		return nil
	case m.Name == "CallAdd" || known == nil:
		now := s.calls.add(s, id, user)
		switch {
		case known != nil && known.User == user:
			now.suspects = known.suspects
		case now.told == (Call{}) || now.Alien:
			now.suspects = h.suspects(s, now)
		}
		if known != nil && known.User != user {
			h.tellCalls(s, known.User)
			h.recountUser(known.User)
		}
		known = now
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
			h.recountUser(call.User)
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

func (h *hub) recountUser(guid string) {
	if u := h.users[guid]; u != nil && u.watch != nil {
		h.recount(u)
	}
}

// recount tells what a watched user shows, if the calls make a difference now.
func (h *hub) recount(u *user) {
	onCall, counted, ok := h.phone(u)
	if !ok || u.told && onCall == u.seen.OnPhone && counted == u.seen.Counted {
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
	case h.routes.any(func(s *session) bool { return s.calls.talking(u.GUID, h.opts.CountDialling) }):
		return true, true, true
	case !counted && u.watch.phone:
		return true, false, true
	case h.doubts(u):
		return u.seen.OnPhone, u.seen.Counted, u.told
	}
	return false, counted, true
}
