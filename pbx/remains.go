package pbx

import (
	"cmp"
	"slices"
	"time"
)

// lingering is the time in which a PBX tells of an alien call that it has added, and of the end of one
// that it has deleted.
const lingering = 5 * time.Second

// remains are what the connections of a PBX leave to the next one, until that has told which calls are
// there: those that were told, and alien calls that may be among the others.
type remains struct {
	callSet
	aliens []*alien
}

// leftOn returns the remains of a PBX.
func (h *hub) leftOn(pbx string) *remains {
	if h.left[pbx] == nil {
		h.left[pbx] = &remains{callSet: newCallSet()}
	}
	return h.left[pbx]
}

// leaveAliens takes down which alien calls a connection leaves that has ended.
func (h *hub) leaveAliens(s *session) {
	left, aliens := h.leftOn(s.name()), s.aliens.all()
	left.aliens = append(slices.DeleteFunc(left.aliens, func(a *alien) bool { return a.over }), aliens...)
	h.fade(s.name(), aliens, h.opts.ReconnectWithin)
}

// leaveCalls has the calls of a user, or of all, go on with whoever tells them next.
func (h *hub) leaveCalls(s *session, user string) {
	left := h.leftOn(s.name())
	for _, call := range s.calls.of(user) {
		left.add(s.calls.take(call.ID))
	}
}

// begin takes in a call that a connection tells of, as that which it goes on with, if there is one. So
// what was told stays, and the other end, which only changes tell, and which alien calls it may be. One
// that has passed from another user is none.
func (h *hub) begin(s *session, id, user string) *call {
	now := &call{Call: Call{PBX: s.name(), Connection: s.number, ID: id, User: user}}
	before := cmp.Or(s.calls.take(id), h.leftOn(s.name()).take(id))
	switch {
	case before == nil:
		now.suspects = h.suspects(s, user)
	case before.User == user:
		now.suspects, now.Peer = before.suspects, before.told.Peer
	default:
		h.tellCalls(s, before.User)
		h.recountUser(before.User)
	}
	if before != nil {
		now.told, now.Connection = before.told, cmp.Or(before.told.Connection, s.number)
	}
	s.calls.add(now)
	return now
}

// suspects returns the alien calls of a user of which a new call may be one: while a PBX lists what is
// there all of them, and afterwards those that are new.
func (h *hub) suspects(s *session, user string) []*alien {
	if h.opts.AlienCallsUnseen {
		return nil
	}
	list := s.calls.reading
	if h.opts.Calls == CallsOfUsers {
		list = h.readingOf(h.users[user])
	}
	of := (*aliens).recent
	if !list.known() {
		of = (*aliens).held
	}
	var may []*alien
	for _, other := range h.routes.all() {
		if other.name() == s.name() {
			may = append(may, of(&other.aliens, user)...)
		}
	}
	if !list.known() {
		may = append(may, h.leftOn(s.name()).held(user)...)
	}
	return may
}

// held returns the alien calls of a user.
func (r *remains) held(user string) []*alien {
	return slices.DeleteFunc(slices.Clone(r.aliens), func(a *alien) bool { return a.guid != user })
}

// endLeft ends the remains of a PBX, of one user or of all: what is there is known by now. Where lost,
// nobody tells that for now, and only the sight of them ends.
func (h *hub) endLeft(pbx, user string, lost bool) {
	left := h.leftOn(pbx)
	for _, call := range left.of(user) {
		if !lost {
			left.take(call.ID)
		}
		h.endCall(call, lost)
		h.recountUser(call.User)
	}
	if !lost {
		left.aliens = slices.DeleteFunc(left.aliens, func(a *alien) bool { return user == "" || a.guid == user })
	}
}

// endLeftInTime ends the remains of a PBX that nobody has taken up once the watches of single users, on
// any connection, have had their time for it.
func (h *hub) endLeftInTime(caller *session) {
	h.afterwards(caller, h.opts.RequestTimeout+h.opts.CallsSettle, func() { h.endLeft(caller.name(), "", true) })
}

// fade has alien calls that have ended be over after a while. What is still taken for one by then
// is a real call. It may be called on any goroutine.
func (h *hub) fade(pbx string, ended []*alien, wait time.Duration) {
	time.AfterFunc(wait, func() {
		h.post(func() {
			for _, a := range ended {
				a.over = true
				h.retell(pbx, a.guid)
			}
		})
	})
}

// retell tells what the calls of a user on a PBX are taken for by now.
func (h *hub) retell(pbx, user string) {
	for _, s := range h.routes.all() {
		if s.name() == pbx {
			h.tellCalls(s, user)
		}
	}
	h.recountUser(user)
}
