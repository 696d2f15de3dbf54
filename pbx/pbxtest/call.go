package pbxtest

import (
	"fmt"
	"slices"
)

// States of a call in RCC and the bits beside them (SDK page RCC, CallInfo).
const (
	stateSetup     = 1
	stateAlert     = 4
	stateConnected = 5
	stateDiscRecv  = 7
	stateParked    = 8
	stateMask      = 0x0f
	stateToPhone   = 128 // goes out from the PBX to the phone
	stateOnHold    = 256
	stateHeld      = 512 // by the other party
	stateWaiting   = 1024
)

// CallOptions describe a new call.
type CallOptions struct {
	Incoming bool   // somebody calls the user; otherwise the user calls
	Remote   string // number of the other party
	Waiting  bool   // incoming only: the user is told by a tone, being in another call
}

// Call is a call of one user, seen by RCC on the user's home PBX.
type Call struct {
	sys    *System
	user   *user
	pbx    *PBX // may be nil, where the home is no PBX of the system
	id     int
	remote string
	conf   string       // GUID of the conference, the same after a transfer
	owner  *presenceAPI // of an alien call: what it was added on and dies with

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
		if o.Waiting {
			call.state |= stateWaiting
		}
	}
	call.added()
	call.step(stateSetup, call.fromCaller("setup"))
	call.step(stateAlert, call.fromCallee("alert"))
	s.changed()
	return call, nil
}

// Connect has the call answered, or picked up again after a [Call.Park]. It does nothing on
// a call that is connected or over.
func (c *Call) Connect() {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	if c.ended || c.connected() {
		return
	}
	before := c.user.onThePhone()
	c.state &^= stateWaiting
	c.step(stateConnected, c.fromCallee("conn"))
	c.phoned(before)
}

// Hold says whether the user has the other party on hold, and the other party the user. A
// call on hold is connected. CallUpdate carries no state and does not tell of it; CallInfo
// and the CallAdd of a call that is there already do. It does nothing on a call that is not
// connected.
func (c *Call) Hold(remote, user bool) {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	if c.ended || !c.connected() {
		return
	}
	c.state &^= stateOnHold | stateHeld
	if remote {
		c.state |= stateOnHold
	}
	if user {
		c.state |= stateHeld
	}
	c.moved()
}

// Park puts a connected call down where others can pick it up, and the user is off the
// phone. It is told of as Hold is. It does nothing on a call that is not connected.
func (c *Call) Park() {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	if c.ended || !c.connected() {
		return
	}
	before := c.user.onThePhone()
	c.state = stateParked | c.state&stateToPhone
	c.moved()
	c.phoned(before)
}

// Transfer hands a connected call over to another user and returns the call that user then
// has, connected, of the same conference. The SDK does not tell how RCC reports it: here the
// new call comes before the old one ends.
func (c *Call) Transfer(guid string) (*Call, error) {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	to := c.sys.users[guid]
	switch {
	case to == nil:
		return nil, noUser(guid)
	case c.ended || !c.connected():
		return nil, fmt.Errorf("transfer a call of %s: it is not connected", c.user.Name)
	}
	before := to.onThePhone()
	call := c.sys.newCall(to, c.remote)
	call.conf = c.conf
	call.state = stateSetup | stateToPhone
	call.added()
	call.step(stateSetup, call.fromCaller("setup"))
	call.step(stateConnected, call.fromCallee("conn"))
	call.phoned(before)
	c.end()
	return call, nil
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
	call.conf = call.ref("conf")
	u.calls = append(u.calls, call)
	return call
}

// newAlien adds a connected call without a peer.
func (s *System) newAlien(u *user, owner *presenceAPI) *Call {
	before := u.onThePhone()
	call := s.newCall(u, "")
	call.owner, call.state = owner, stateConnected
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
	c.state = state | c.state&(stateToPhone|stateWaiting)
	c.updated(msg)
}

// moved tells of a state that comes without a signalling message.
func (c *Call) moved() {
	c.sys.changed()
	c.eachHandle(func(conn *conn, h *handle) { conn.sayCallInfo(h, c, "") })
}

func (c *Call) connected() bool { return c.state&stateMask == stateConnected }

func (c *Call) phoned(before bool) {
	c.sys.changed()
	if c.user.onThePhone() != before {
		c.sys.notify(c.user, func(r rights) bool { return r.otf })
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
