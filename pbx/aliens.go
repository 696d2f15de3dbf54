package pbx

import (
	"slices"
	"sync"
	"time"
)

// aliens are the alien calls of one connection (innovaphone SDK: PbxApi,
// PbxImpersonation). They end with it.
type aliens struct {
	gone func(*alien) // called with each that is removed, on any goroutine

	mu    sync.Mutex // protects following, and the state of each
	calls []*alien   // in the order they were asked for
}

// alien is an alien call, from when it is asked for until it is known not to be.
type alien struct {
	guid string
	sip  string
	api  string    // the API through which it was asked for
	src  string    // of the AddAlienCall, so that a late answer tells which it is about
	at   time.Time // when it was asked for, or answered

	there    bool // it has its id
	id       int64
	unwanted bool      // nobody knows of it any more but us, who are to end it
	resists  time.Time // since when it was not ended although it should; zero before
	leaving  int       // questions for its end that are not answered

	// over says that no call can be this one any more. The hub owns it.
	over bool
}

func (a *aliens) add(c *alien) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.calls = append(a.calls, c)
}

// remove forgets a call, and reports whether it was known until now.
func (a *aliens) remove(c *alien) bool {
	a.mu.Lock()
	i := slices.Index(a.calls, c)
	if i >= 0 {
		a.calls = slices.Delete(a.calls, i, i+1)
	}
	a.mu.Unlock()
	if i >= 0 {
		a.gone(c)
	}
	return i >= 0
}

// answered gives a call its id. Another one that had it is gone: ids are given again.
func (a *aliens) answered(c *alien, id int64) {
	other := a.first(func(o *alien) bool { return o.there && o.api == c.api && o.id == id })
	if other != nil {
		a.remove(other)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	c.there, c.id, c.at = true, id, time.Now()
}

func (a *aliens) disown(c *alien) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c.unwanted = true
}

// ending returns what to ask next for a call to end: that it is deleted or, where it has no id or that
// was refused, that the API is closed which was opened for it. It is false where nothing is left to ask.
func (a *aliens) ending(c *alien) (question, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch shared := c.api == apiPresence; {
	case c.there && (shared || c.resists.IsZero()):
		return question{api: c.api, name: "DelAlienCall", body: fields{"id": c.id, "guid": c.guid, "sip": c.sip}, urgent: true}, true
	case !shared:
		return closing(c.api), true
	}
	return question{}, false
}

// refused takes down that a call was not ended, and reports whether that says that it is gone: a refusal
// some time after the first one does.
func (a *aliens) refused(c *alien, later time.Duration) (gone bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if c.resists.IsZero() {
		c.resists = time.Now()
	}
	return time.Since(c.resists) >= later
}

// all returns the calls that exist, or may exist.
func (a *aliens) all() []*alien {
	return a.where(func(*alien) bool { return true })
}

// held returns those of a user.
func (a *aliens) held(guid string) []*alien {
	return a.where(func(c *alien) bool { return c.guid == guid })
}

// recent returns those of a user that the PBX may not have told of yet.
func (a *aliens) recent(guid string) []*alien {
	return a.where(func(c *alien) bool { return c.guid == guid && (!c.there || time.Since(c.at) < lingering) })
}

// find returns the call that was added with that id, or nil.
func (a *aliens) find(guid string, id int64) *alien {
	return a.first(func(c *alien) bool { return c.there && !c.unwanted && c.guid == guid && c.id == id })
}

// late returns the call that a late answer is about, or nil. An answer without src
// is that to the oldest question of its API.
func (a *aliens) late(m message) *alien {
	return a.first(func(c *alien) bool {
		return c.unwanted && !c.there && (c.src == string(m.Src) || m.Src == "" && c.api == m.API)
	})
}

func (a *aliens) first(is func(*alien) bool) *alien {
	a.mu.Lock()
	defer a.mu.Unlock()
	if i := slices.IndexFunc(a.calls, is); i >= 0 {
		return a.calls[i]
	}
	return nil
}

// of returns the calls that were added for a user, or for all where guid is empty, and are wanted.
func (a *aliens) of(guid string) []*alien {
	return a.where(func(c *alien) bool { return c.there && !c.unwanted && (guid == "" || c.guid == guid) })
}

// leave counts a question for the end of a call, or its outcome, and reports whether the call is known
// still.
func (a *aliens) leave(c *alien, n int) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	c.leaving += n
	return slices.Contains(a.calls, c)
}

// due returns the calls that are still to be ended, and not about to be. One without an id is where it was asked for before
// a time: by now none is to come.
func (a *aliens) due(before time.Time) []*alien {
	return a.where(func(c *alien) bool { return c.unwanted && c.leaving == 0 && (c.there || c.at.Before(before)) })
}

func (a *aliens) where(are func(*alien) bool) []*alien {
	a.mu.Lock()
	defer a.mu.Unlock()
	var calls []*alien
	for _, c := range a.calls {
		if are(c) {
			calls = append(calls, c)
		}
	}
	return calls
}
