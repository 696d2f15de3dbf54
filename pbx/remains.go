package pbx

import (
	"slices"
	"time"
)

// lingering is the time in which a PBX tells of an alien call that it has added, and of the end of one
// that it has deleted.
const lingering = 5 * time.Second

// remains are what a connection leaves that has ended, until its PBX should have noticed: alien
// calls that may still be there, and which calls were real.
type remains struct {
	aliens []*alien
	real   map[string]string // users, by the id of the call
}

// of returns the alien calls of a user.
func (r *remains) of(user string) []*alien {
	return slices.DeleteFunc(slices.Clone(r.aliens), func(a *alien) bool { return a.guid != user })
}

// leave takes down what a connection that has ended leaves.
func (h *hub) leave(s *session) {
	pbx, left := s.name(), &remains{aliens: s.aliens.all(), real: map[string]string{}}
	for id, call := range s.calls.told() {
		if !call.Alien {
			left.real[id] = call.User
		}
	}
	h.left[pbx] = append(h.left[pbx], left)
	h.fade(pbx, left.aliens, h.opts.ReconnectWithin)
	time.AfterFunc(h.opts.ReconnectWithin, func() {
		h.post(func() {
			h.left[pbx] = slices.DeleteFunc(h.left[pbx], func(r *remains) bool { return r == left })
		})
	})
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

// suspects returns the alien calls that a call may be which a PBX tells of for the first time: while it
// lists what is there each of them, unless the call was real on a connection before, and afterwards
// those that are new.
func (h *hub) suspects(teller *session, c *call) []*alien {
	if h.opts.AlienCallsUnseen {
		return nil
	}
	list := teller.calls.reading
	if h.opts.Calls == CallsOfUsers {
		list = h.readingOf(h.users[c.User])
	}
	of := (*aliens).held
	if list.known() {
		of = (*aliens).recent
	}
	var may []*alien
	for _, s := range h.routes.all() {
		if s.name() == c.PBX {
			may = append(may, of(&s.aliens, c.User)...)
		}
	}
	if list.known() {
		return may
	}
	for _, r := range h.left[c.PBX] {
		if r.real[c.ID] == c.User {
			return nil
		}
		may = append(may, r.of(c.User)...)
	}
	return may
}
