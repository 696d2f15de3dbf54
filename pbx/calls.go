package pbx

import (
	"maps"
	"slices"
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

// judge decides which calls of a user are alien ones: as many as there may be, those first that came
// first. It is as good as its suspects: with several, one that ends says that another was meant.
func (c *calls) judge(user string) {
	var taken []*alien
	for _, call := range c.byUser[user] {
		i := slices.IndexFunc(call.suspects, func(a *alien) bool { return !a.over && !slices.Contains(taken, a) })
		if call.Alien = i >= 0; call.Alien {
			taken = append(taken, call.suspects[i])
		}
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
