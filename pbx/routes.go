package pbx

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// routes say which connection serves whom. The hub changes them, writes read them:
// a write must not wait for the hub, which may be telling the writer of an event.
type routes struct {
	mu       sync.RWMutex // protects following
	sessions map[sessionKey]*session
	master   *session
	homes    map[string]home // by GUID
}

// home is where a user lives, and under which name.
type home struct{ sip, pbx string }

func newRoutes() *routes {
	return &routes{sessions: map[sessionKey]*session{}, homes: map[string]home{}}
}

// put adds a connection, and returns the one it replaces or nil.
func (r *routes) put(s *session) *session {
	r.mu.Lock()
	defer r.mu.Unlock()
	replaced := r.sessions[s.key]
	r.sessions[s.key] = s
	return replaced
}

// remove takes a connection out. One that was replaced is out already.
func (r *routes) remove(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sessions[s.key] == s {
		delete(r.sessions, s.key)
	}
}

// all returns the connections, the oldest first.
func (r *routes) all() []*session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return slices.SortedFunc(maps.Values(r.sessions), func(a, b *session) int { return cmp.Compare(a.number, b.number) })
}

func (r *routes) setMaster(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.master = s
}

func (r *routes) setHome(guid string, h home) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.homes[guid] = h
}

func (r *routes) forget(guid string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.homes, guid)
}

// serving returns the connection that can tell and set presence of the users of a
// PBX: its own, or that of the master; nil where there is neither.
func (r *routes) serving(pbx string) *session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if s := r.session(pbx); s != nil {
		return s
	}
	if r.master != nil && r.master.has(apiPresence) {
		return r.master
	}
	return nil
}

// writer returns the connection for a write to a user. One that is not known may
// still be known to the master.
func (r *routes) writer(guid string) (*session, error) {
	r.mu.RLock()
	pbx, master := r.homes[guid].pbx, r.master
	r.mu.RUnlock()
	if s := r.serving(pbx); s != nil {
		return s, nil
	}
	if master != nil {
		return nil, &APIError{PBX: master.name(), API: apiPresence}
	}
	return nil, fmt.Errorf("%w: %q, nor is the master", ErrNotConnected, pbx)
}

// home returns the connection of the home PBX of a user, and the name of the user.
func (r *routes) home(guid string) (*session, string, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	h, ok := r.homes[guid]
	if !ok {
		return nil, "", ErrUnknownUser
	}
	if s := r.session(h.pbx); s != nil {
		return s, h.sip, nil
	}
	return nil, "", fmt.Errorf("%w: %q", ErrNotConnected, h.pbx)
}

// session returns the connection of the PBX of that name. Of several App objects
// the one that came last counts. r.mu is held.
func (r *routes) session(pbx string) *session {
	var last *session
	for _, s := range r.sessions {
		if s.name() == pbx && s.has(apiPresence) && (last == nil || s.number > last.number) {
			last = s
		}
	}
	return last
}
