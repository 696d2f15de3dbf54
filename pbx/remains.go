package pbx

import (
	"maps"
	"time"
)

// remains are what a connection that has ended may have left behind of a user: an alien
// call. A nil one is nothing.
type remains struct {
	till time.Time       // the PBX should have noticed by then
	real map[string]bool // ids of calls that were told to be real ones
}

// doubt returns until when a call may be the one that was left behind; zero is never.
func (r *remains) doubt(id string) time.Time {
	if r == nil || r.real[id] {
		return time.Time{}
	}
	return r.till
}

// leave takes down what a connection that has ended may have left behind.
func (h *hub) leave(s *session) {
	left := h.left[s.name()]
	if left == nil {
		left = map[string]*remains{}
		h.left[s.name()] = left
	}
	for user := range s.aliens.users() {
		if left[user] == nil {
			left[user] = &remains{real: map[string]bool{}}
		}
		left[user].till = time.Now().Add(h.opts.ReconnectWithin)
	}
	for id, call := range s.calls.told() {
		if r := left[call.User]; r != nil && !call.Alien {
			r.real[id] = true
		}
	}
}

// forgetRemains forgets what every PBX should have noticed by now.
func (h *hub) forgetRemains(now time.Time) {
	for _, left := range h.left {
		maps.DeleteFunc(left, func(_ string, r *remains) bool { return !now.Before(r.till) })
	}
}
