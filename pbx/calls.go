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

	// before are the calls of the connection that this one has replaced. They go on
	// until it is known whether they do.
	before map[string]Call

	// left are the users whose alien calls the connection before may have left behind
	// on the PBX, which needs until then to notice.
	left map[string]bool
	till time.Time
}

// reading is how far calls have been asked for. The zero value is that of a PBX which
// does not tell them.
type reading struct {
	asked bool
	known bool  // those that were there have come
	err   error // to be asked again
}

// counts reports whether calls say who is on the phone. Otherwise the word has to do.
func (r reading) counts() bool { return r.asked && r.err == nil }

func newCalls() *calls {
	return &calls{byID: map[string]*call{}, byUser: map[string][]*call{}, handles: map[string]string{}}
}

// add returns the call with that id as a new one, of a user. What was told of it stays.
func (c *calls) add(s *session, id, user string) *call {
	now := &call{Call: Call{PBX: s.name(), Connection: s.number, ID: id, User: user}, doubt: c.left[user]}
	if known := c.byID[id]; known != nil {
		now.told = known.told
		c.unlink(known)
	}
	if before, ok := c.before[id]; ok {
		now.told = before
		delete(c.before, id)
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

// judge decides which calls of a user are alien ones: while one is held, or was held
// before the connection was lost, a call with nobody at the other end is taken for it,
// and keeps being taken for it.
func (c *calls) judge(user string, held bool) {
	for _, call := range c.byUser[user] {
		call.Alien = call.Peer == Party{} && (call.Alien || held || call.doubt)
	}
}

// talking reports whether a user is on the phone.
func (c *calls) talking(user string, dialling bool) bool {
	return slices.ContainsFunc(c.byUser[user], func(call *call) bool { return call.talks(dialling) })
}

// inherit goes on with what the connection that is replaced has told.
func (c *calls) inherit(from *calls) {
	c.before = from.told()
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

// forget drops the doubts about calls that were left behind once they are groundless,
// and returns the users concerned.
func (c *calls) forget(now time.Time) []string {
	if c.left == nil || now.Before(c.till) {
		return nil
	}
	c.left = nil
	var users []string
	for _, call := range c.byID {
		if call.doubt {
			call.doubt, call.Alien = false, false
			users = append(users, call.User)
		}
	}
	return users
}
