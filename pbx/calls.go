package pbx

import (
	"maps"
	"slices"
)

// calls are what one connection has told of calls.
type calls struct {
	reading // of the whole PBX
	callSet
	handles map[string]string // of single users, to their GUIDs
}

func newCalls() *calls { return &calls{callSet: newCallSet(), handles: map[string]string{}} }

// callSet is a number of calls of one PBX.
type callSet struct {
	byID   map[string]*call
	byUser map[string][]*call
}

func newCallSet() callSet { return callSet{map[string]*call{}, map[string][]*call{}} }

// add takes a call in, in place of the one with its id.
func (c *callSet) add(call *call) {
	c.take(call.ID)
	c.byID[call.ID] = call
	c.byUser[call.User] = append(c.byUser[call.User], call)
}

// take takes out and returns the call with that id, or nil.
func (c *callSet) take(id string) *call {
	known := c.byID[id]
	if known == nil {
		return nil
	}
	delete(c.byID, id)
	rest := slices.DeleteFunc(c.byUser[known.User], func(other *call) bool { return other == known })
	if c.byUser[known.User] = rest; len(rest) == 0 {
		delete(c.byUser, known.User)
	}
	return known
}

// of returns the calls of one user, or of all where user is empty.
func (c *callSet) of(user string) []*call {
	if user == "" {
		return slices.Collect(maps.Values(c.byID))
	}
	return slices.Clone(c.byUser[user])
}

// judge decides which calls of a user are alien ones: as many as there may be, those first that came
// first. It is as good as its suspects: with several, one that ends says that another was meant.
func (c *callSet) judge(user string) {
	var taken []*alien
	for _, call := range c.byUser[user] {
		i := slices.IndexFunc(call.suspects, func(a *alien) bool { return !a.over && !slices.Contains(taken, a) })
		if call.Alien = i >= 0; call.Alien {
			taken = append(taken, call.suspects[i])
		}
	}
}

// talking reports whether a user is on the phone.
func (c *callSet) talking(user string, dialling bool) bool {
	return slices.ContainsFunc(c.byUser[user], func(call *call) bool { return call.talks(dialling) })
}
