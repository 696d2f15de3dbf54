package pbx

import (
	"maps"
	"slices"
	"time"
)

// calls are the calls that one connection has told of.
type calls struct {
	reading // of the whole PBX
	byID    map[string]*call
	byUser  map[string][]*call
	handles map[string]string // of single users, to their GUIDs

	// before are the calls of the connection that this one has taken over from. They go
	// on until it is known whether they do.
	before map[string]Call
}

// reading is how far calls have been asked for. The zero value is that of a PBX which
// does not tell them.
type reading struct {
	asked  bool
	asking bool  // the answer has not come
	known  bool  // those that were there have come
	err    error // of the last answer; to be asked again
}

// ask begins a question. What is known of the calls stays unknown until the answer.
func (r *reading) ask() { *r = reading{asked: true, asking: true, err: r.err} }

// counts reports whether calls say who is on the phone. Otherwise the word has to do.
func (r reading) counts() bool { return r.asked && r.err == nil }

func newCalls() *calls {
	return &calls{byID: map[string]*call{}, byUser: map[string][]*call{}, handles: map[string]string{}}
}

// add returns the call with that id as a new one, of a user. Where it goes on, what was
// told of it stays, and so does the other end, which only changes of a call tell.
func (c *calls) add(s *session, id, user string) *call {
	now := &call{Call: Call{PBX: s.name(), Connection: s.number, ID: id, User: user}}
	if known := c.byID[id]; known != nil {
		c.unlink(known)
		now.continues(known.told)
	} else if before, ok := c.before[id]; ok {
		delete(c.before, id)
		now.continues(before)
	}
	c.byID[id] = now
	c.byUser[user] = append(c.byUser[user], now)
	return now
}

func (c *calls) remove(known *call) {
	delete(c.byID, known.ID)
	c.unlink(known)
}

func (c *calls) unlink(known *call) {
	rest := slices.DeleteFunc(c.byUser[known.User], func(other *call) bool { return other == known })
	if c.byUser[known.User] = rest; len(rest) == 0 {
		delete(c.byUser, known.User)
	}
}

// judge decides which calls of a user are alien ones: while one is held, or may have been
// left behind, a new call with nobody at the other end is taken for it, and keeps being
// taken for it.
func (c *calls) judge(user string, held bool) {
	for _, call := range c.byUser[user] {
		nobody := call.Peer == Party{}
		fresh := call.told == Call{} && (held || time.Now().Before(call.doubt))
		call.Alien = nobody && (call.Alien || fresh)
	}
}

// talking reports whether a user is on the phone.
func (c *calls) talking(user string, dialling bool) bool {
	for _, call := range c.before {
		if call.User == user && call.talks(dialling) {
			return true
		}
	}
	return slices.ContainsFunc(c.byUser[user], func(call *call) bool { return call.talks(dialling) })
}

// told returns the calls that were seen and have not ended.
func (c *calls) told() map[string]Call {
	all := map[string]Call{}
	maps.Copy(all, c.before)
	for id, call := range c.byID {
		if call.told != (Call{}) {
			all[id] = call.told
		}
	}
	return all
}

// trust takes calls for real by now that were taken for ones that were left behind, and
// returns the users concerned.
func (c *calls) trust(now time.Time) []string {
	var users []string
	for _, call := range c.byID {
		if !call.doubt.IsZero() && !now.Before(call.doubt) {
			call.doubt, call.Alien = time.Time{}, false
			users = append(users, call.User)
		}
	}
	return users
}
