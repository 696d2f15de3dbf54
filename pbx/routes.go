package pbx

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// routes say which connection serves whom. The hub changes them, writes read them:
// a write must not wait for the hub, which may be telling the writer of an event. Only an
// alien call, which waits for what the hub learns, does.
type routes struct {
	onMaster bool // the master serves everybody

	mu       sync.RWMutex // protects following
	sessions map[sessionKey]*session
	master   *session
	homes    map[string]home // by GUID
}

// home is where a user lives, and under which name.
type home struct{ sip, pbx string }

func newRoutes(onMaster bool) *routes {
	return &routes{onMaster: onMaster, sessions: map[sessionKey]*session{}, homes: map[string]home{}}
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

// any reports whether one of the connections is such.
func (r *routes) any(such func(*session) bool) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, s := range r.sessions {
		if such(s) {
			return true
		}
	}
	return false
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
	home := r.newest(pbx, apiPresence)
	if (home == nil || r.onMaster) && r.master != nil && r.master.has(apiPresence) {
		return r.master
	}
	return home
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
	if s := r.newest(h.pbx, apiPresence); s != nil {
		return s, h.sip, nil
	}
	if r.newest(h.pbx, "") != nil {
		return nil, "", &APIError{PBX: h.pbx, API: apiPresence}
	}
	return nil, "", fmt.Errorf("%w: %q", ErrNotConnected, h.pbx)
}

// number returns the number of the connection of the home PBX of a user, zero where there is none.
func (r *routes) number(guid string) uint64 {
	if s, _, err := r.home(guid); err == nil {
		return s.number
	}
	return 0
}

// alien returns an alien call and the connection that holds it, or nil.
func (r *routes) alien(guid string, id int64) (*session, *alien) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, s := range r.sessions {
		if call := s.aliens.find(guid, id); call != nil {
			return s, call
		}
	}
	return nil, nil
}

// of returns the connection of a PBX that counts, the newest that has an API before
// the newest that has not, or nil.
func (r *routes) of(pbx, api string) *session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return cmp.Or(r.newest(pbx, api), r.newest(pbx, ""))
}

// newest returns the newest connection of a PBX, of all its App objects or of those
// with an API enabled, or nil. r.mu is held.
func (r *routes) newest(pbx, api string) *session {
	var newest *session
	for _, s := range r.sessions {
		if s.name() == pbx && (api == "" || s.has(api)) && (newest == nil || s.number > newest.number) {
			newest = s
		}
	}
	return newest
}
