package pbxtest

import (
	"fmt"
	"slices"
)

// States of a call in RCC, and the bit of calls that go out from the PBX to the phone.
const (
	stateSetup     = 1
	stateAlert     = 4
	stateConnected = 5
	stateDiscRecv  = 7
	stateMask      = 0x0f
	stateToPhone   = 128
)

// CallOptions describe a new call.
type CallOptions struct {
	Incoming bool   // somebody calls the user; otherwise the user calls
	Remote   string // number of the other party
}

// Call is a call of one user, seen by RCC on the user's home PBX.
type Call struct {
	sys    *System
	user   *user
	pbx    *PBX // may be nil, where the home is no PBX of the system
	id     int
	remote string
	owner  *conn // of an alien call: the connection it lives and dies with
	api    string

	state int // protected by sys.mu
	ended bool
}

// StartCall starts a call, which then rings. It is no presence before [Call.Connect].
func (s *System) StartCall(guid string, o CallOptions) (*Call, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[guid]
	if u == nil {
		return nil, noUser(guid)
	}
	call := s.newCall(u, o.Remote)
	call.state = stateSetup
	if o.Incoming {
		call.state |= stateToPhone
	}
	call.added()
	call.step(stateSetup, call.fromCaller("setup"))
	call.step(stateAlert, call.fromCallee("alert"))
	s.changed()
	return call, nil
}

// Connect has the call answered. It does nothing on a call that is connected or over.
func (c *Call) Connect() {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	if c.ended || c.connected() {
		return
	}
	before := c.user.onThePhone()
	c.step(stateConnected, c.fromCallee("conn"))
	c.phoned(before)
}

// HangUp ends the call, answered or not. It does nothing on a call that is over.
func (c *Call) HangUp() {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	c.end()
}

// AlienCalls is the number of alien calls at a user.
func (s *System) AlienCalls(guid string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	if u := s.users[guid]; u != nil {
		for _, call := range u.calls {
			if call.owner != nil {
				n++
			}
		}
	}
	return n
}

func (s *System) newCall(u *user, remote string) *Call {
	s.lastCall++
	call := &Call{sys: s, user: u, pbx: s.pbx(u.Home), id: s.lastCall, remote: remote}
	u.calls = append(u.calls, call)
	return call
}

// newAlien adds a connected call without a peer, owned by a connection.
func (s *System) newAlien(u *user, owner *conn, api string) *Call {
	before := u.onThePhone()
	call := s.newCall(u, "")
	call.owner, call.api, call.state = owner, api, stateConnected
	owner.aliens[call.id] = call
	call.added()
	call.phoned(before)
	return call
}

// end takes the call away and tells so. Those who call it hold sys.mu, as for all below.
func (c *Call) end() {
	if c.ended {
		return
	}
	before := c.user.onThePhone()
	c.step(stateDiscRecv, "r-disc")
	c.step(stateDiscRecv, "x-rel")
	c.ended = true
	c.user.calls = slices.DeleteFunc(c.user.calls, func(other *Call) bool { return other == c })
	if c.owner != nil {
		delete(c.owner.aliens, c.id)
	}
	c.removed()
	c.phoned(before)
}

func (c *Call) step(state int, msg string) {
	c.state = state | c.state&stateToPhone
	c.updated(msg)
}

func (c *Call) connected() bool { return c.state&stateMask == stateConnected }

func (c *Call) phoned(before bool) {
	c.sys.changed()
	if c.user.onThePhone() != before {
		c.sys.notify(c.user)
	}
}

// fromCaller names a signalling message of the calling side as the PBX sends or gets it
// on the leg to the phone of the user.
func (c *Call) fromCaller(name string) string {
	if c.state&stateToPhone != 0 {
		return "x-" + name
	}
	return "r-" + name
}

func (c *Call) fromCallee(name string) string {
	if c.state&stateToPhone != 0 {
		return "r-" + name
	}
	return "x-" + name
}

// ref is the call or conference id on the wire.
func (c *Call) ref(kind string) string {
	return newGUID(c.sys.domain, kind, fmt.Sprint(c.id))
}
