package pbxtest

import (
	"container/list"
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
)

// logLimit is how many writes and violations are kept, the newest ones.
const logLimit = 1 << 16

// System is one telephone system: users, presence and calls, shared by its PBXs.
// It must be made with [NewSystem].
type System struct {
	domain string

	mu         sync.Mutex // protects following, and the state of PBXs and connections
	pbxs       []*PBX
	order      *list.List // of *user, as they were added
	users      map[string]*user
	byName     map[string]*user
	byNumber   map[string]*user
	byLongName map[string]*user
	lastCall   int
	services   []Service
	writes     []Write
	failures   []Failure
	losses     []Loss
	violations []string
	watch      chan struct{} // closed at the next change; nil while nobody waits
}

// NewSystem returns a system without users and PBXs. The domain is its System Name.
func NewSystem(domain string) *System {
	return &System{
		domain:     domain,
		order:      list.New(),
		users:      make(map[string]*user),
		byName:     make(map[string]*user),
		byNumber:   make(map[string]*user),
		byLongName: make(map[string]*user),
	}
}

// AddPBX adds a PBX to the system. It stays away from the service until [PBX.Run].
func (s *System) AddPBX(o Options) *PBX {
	s.mu.Lock()
	defer s.mu.Unlock()
	hasMaster := slices.ContainsFunc(s.pbxs, func(p *PBX) bool { return !p.o.Slave })
	o.Slave = o.Slave || hasMaster
	p := &PBX{
		sys:   s,
		o:     o.withDefaults(s.domain),
		again: make(chan struct{}, 1),
		conns: make(map[*conn]struct{}),
	}
	s.pbxs = append(s.pbxs, p)
	for u := range s.everybody() {
		if u.Home == "" {
			u.Home = s.master()
		}
	}
	return p
}

// Await returns nil as soon as cond holds, or the error of ctx. cond is called now and
// after each change of the system, never twice at a time, and may use all its methods.
func (s *System) Await(ctx context.Context, cond func() bool) error {
	for {
		s.mu.Lock()
		if s.watch == nil {
			s.watch = make(chan struct{})
		}
		changed := s.watch
		s.mu.Unlock()
		if cond() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("await a state of the telephone system: %w", ctx.Err())
		}
	}
}

// Violations lists what the service did against the protocol, oldest first: unknown
// messages, APIs that are not enabled, requests before the login, frames that are
// binary, too long or no JSON. No note or password is in them.
func (s *System) Violations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.violations)
}

// changed wakes those who await a state. s.mu must be held, as for all that follow.
func (s *System) changed() {
	if s.watch != nil {
		close(s.watch)
		s.watch = nil
	}
}

// everybody yields the users as they were added.
func (s *System) everybody() iter.Seq[*user] {
	return func(yield func(*user) bool) {
		for place := s.order.Front(); place != nil; place = place.Next() {
			if !yield(place.Value.(*user)) {
				return
			}
		}
	}
}

func (s *System) violated(p *PBX, format string, args ...any) {
	s.violations = appendBounded(s.violations, p.o.Name+": "+fmt.Sprintf(format, args...))
	s.changed()
}

// pbx returns the PBX of that name, or nil.
func (s *System) pbx(name string) *PBX {
	for _, p := range s.pbxs {
		if p.o.Name == name {
			return p
		}
	}
	return nil
}

// master returns the name of the master, "" if there is none.
func (s *System) master() string {
	for _, p := range s.pbxs {
		if !p.o.Slave {
			return p.o.Name
		}
	}
	return ""
}

func appendBounded[T any](list []T, item T) []T {
	if len(list) >= 2*logLimit {
		list = slices.Clone(list[logLimit:])
	}
	return append(list, item)
}
