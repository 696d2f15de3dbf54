package graphtest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

// User is a person in the directory.
type User struct {
	// ID is the object id, a GUID. Defaults to one made of the UPN.
	ID          string
	DisplayName string
	UPN         string
	Mail        string
	// Addresses are the proxyAddresses, with their prefix ("smtp:…").
	Addresses []string
	// Password signs the person in where it is not empty.
	Password string
	// Teams says that a Teams plan is assigned. Without one presence is PresenceUnknown.
	Teams bool
	// PlanStatus is the capabilityStatus of the Teams plan. Defaults to Enabled.
	PlanStatus string
	// Disabled is accountEnabled false.
	Disabled bool
	// Guest is userType Guest.
	Guest bool
}

// String leaves the password out.
func (u User) String() string { return "user " + cmp.Or(u.UPN, u.ID) }

// person is a user with all that the tenant knows about them.
type person struct {
	User
	index    int
	revision int
	removed  string // reason of the removal, as delta words it; empty: exists

	sessions  []Session // in the order they were set
	preferred *Preferred
	message   *statusMessage
	shown     Pair
	sequence  string
	due       time.Time // when something of it runs out next; zero: never
	rendered  []byte    // as others read it; nil: to be rendered
}

// AddUser puts a person into the directory and returns the object id. It panics where the
// id, made of the UPN if there is none, or the UPN is taken.
func (s *Server) AddUser(u User) string {
	now := s.begin()
	defer s.mu.Unlock()
	if u.ID == "" {
		u.ID = uuid.NewSHA1(uuid.NameSpaceOID, []byte(strings.ToLower(u.UPN))).String()
	}
	if s.find(u.ID) != nil {
		panic(fmt.Sprintf("graphtest: user %s exists", u.ID))
	}
	p := &person{User: cloneUser(u), index: len(s.people)}
	p.shown = p.shows(now)
	p.sequence = s.nextSequence(now)
	s.index(p)
	s.people = append(s.people, p)
	s.byID[strings.ToLower(p.ID)] = p
	s.directoryChanged(p, "updated")
	return u.ID
}

// UpdateUser changes a person by change, which must leave the ID alone and must not call the server.
func (s *Server) UpdateUser(user string, change func(*User)) {
	now := s.begin()
	defer s.mu.Unlock()
	p := s.must(user)
	u := cloneUser(p.User)
	change(&u)
	u.ID = p.ID
	delete(s.byUPN, strings.ToLower(p.UPN))
	p.User = u
	s.index(p)
	s.refresh(p, now)
	s.directoryChanged(p, "updated")
}

// RemoveUser deletes a person so that an administrator could restore them: reads no longer find
// them, delta says @removed, presence ends.
func (s *Server) RemoveUser(user string) { s.remove(user, "changed", "updated") }

// PurgeUser deletes a person for good.
func (s *Server) PurgeUser(user string) { s.remove(user, "deleted", "deleted") }

func (s *Server) remove(user, reason, changeType string) {
	s.begin()
	defer s.mu.Unlock()
	p := s.must(user)
	p.removed = reason
	delete(s.byID, strings.ToLower(p.ID))
	delete(s.byUPN, strings.ToLower(p.UPN))
	p.sessions, p.preferred, p.message = nil, nil, nil
	s.directoryChanged(p, changeType)
}

// Users returns the people in the directory, in the order they were added.
func (s *Server) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	var users []User
	for _, p := range s.people {
		if p.removed == "" {
			users = append(users, cloneUser(p.User))
		}
	}
	return users
}

// directoryChanged enters a change of p in the delta log and notifies it. Called with mu held.
func (s *Server) directoryChanged(p *person, changeType string) {
	s.revision++
	p.revision = s.revision
	s.notifyDirectory(p, changeType)
	s.announce()
}

// index has p found by UPN, which is nobody else's. Called with mu held.
func (s *Server) index(p *person) {
	upn := strings.ToLower(p.UPN)
	switch {
	case upn == "":
	case s.byUPN[upn] != nil:
		panic(fmt.Sprintf("graphtest: user %s exists", p.UPN))
	default:
		s.byUPN[upn] = p
	}
}

// find returns the person with an object id or UPN, or nil. Called with mu held.
func (s *Server) find(user string) *person {
	user = strings.ToLower(user)
	if p := s.byID[user]; p != nil {
		return p
	}
	return s.byUPN[user]
}

// must is find for callers that cannot be wrong. Called with mu held.
func (s *Server) must(user string) *person {
	p := s.find(user)
	if p == nil {
		panic(fmt.Sprintf("graphtest: no user %q", user))
	}
	return p
}

func cloneUser(u User) User {
	u.Addresses = slices.Clone(u.Addresses)
	return u
}
