package pbx

import (
	"fmt"
	"log/slog"
)

// startUserCalls asks the home PBX of a watched user for the calls of the user alone
// (innovaphone SDK: RCC, UserInitialize).
func (h *hub) startUserCalls(u *user) {
	w := u.watch
	s := w.on
	asked := (w.calls.asking || w.calls.counts()) && w.cn == u.LongName
	if h.opts.Calls != CallsOfUsers || !s.has(apiCalls) || s.name() != u.Home || asked {
		return
	}
	w.calls.ask()
	first, cn := h.endUserCalls(w), u.LongName
	w.cn = cn
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
		u.watch.calls.log(h.opts.Logger, slog.String("guid", u.GUID))
	}
	h.endLeft(s.name(), u.GUID, err != nil)
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
	h.leaveCalls(s, guid)
	h.endLeft(s.name(), guid, true)
	return &question{api: apiCalls, name: "UserEnd", src: guid, body: fields{"user": w.handle.echo()}}
}
