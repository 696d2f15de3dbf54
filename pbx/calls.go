package pbx

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// calls are the calls of one PBX (innovaphone SDK: RCC, Initialize with calls). The
// zero value is that of a PBX which does not tell them.
type calls struct {
	asked bool
	err   error // to be asked again; until then on-the-phone has to do
	known bool  // the calls that were there have come

	dialling bool // count outgoing calls that are not answered yet
	byID     map[scalar]*call
}

// call is one user's leg of a call.
type call struct {
	user      string // GUID
	incoming  bool
	connected bool
	calling   bool // between the first digit and the answer
	peer      bool // the other side has a number or a name
	alien     bool // taken for one of our own
}

// callMessage is the body of CallAdd, CallUpdate and CallDel. A CallUpdate carries
// a msg in place of a state.
type callMessage struct {
	GUID   string  `json:"guid"`
	Call   scalar  `json:"call"`
	State  *uint   `json:"state"`
	Msg    string  `json:"msg"`
	Remote address `json:"remote"`
	Peer   address `json:"peer"`
}

type address struct {
	H323 string `json:"h323"`
	E164 string `json:"e164"`
}

// Call states (innovaphone SDK: RCC). The low bits are the phase of the call, 128 is
// a call from the PBX to the phone: an incoming one for the user.
const (
	phaseMask      = 0x0f
	phaseSetup     = 1
	phaseAlert     = 4
	phaseConnected = 5
	stateIncoming  = 128
)

func (c *calls) enabled() bool { return c.asked && c.err == nil }

// counted reports whether a user is in a call. While we hold an alien call for the
// user, a call to nobody is taken for that one, and keeps being taken for it.
func (c *calls) counted(user string, alienHeld bool) bool {
	on := false
	for _, call := range c.byID {
		if call.user != user {
			continue
		}
		call.alien = !call.peer && (call.alien || alienHeld)
		on = on || !call.alien && (call.connected || call.calling && c.dialling)
	}
	return on
}

// handle takes a message in and returns the GUIDs of the users whose calls it is
// about: two where the call had another user before.
func (c *calls) handle(name string, m callMessage) (users []string) {
	known := c.byID[m.Call]
	if known != nil {
		users = append(users, known.user)
	}
	switch name {
	case "CallAdd":
		known = &call{user: m.GUID}
		c.byID[m.Call] = known
		users = append(users, m.GUID)
	case "CallDel", "CallDelete":
		delete(c.byID, m.Call)
	}
	if known != nil {
		known.follow(m)
	}
	return users
}

func (c *call) follow(m callMessage) {
	if m.State != nil {
		phase := *m.State & phaseMask
		c.incoming = *m.State&stateIncoming != 0
		c.connected = phase == phaseConnected
		c.calling = !c.incoming && phase >= phaseSetup && phase <= phaseAlert
	}
	switch _, signal, _ := strings.Cut(m.Msg, "-"); {
	case signal == "conn":
		c.connected, c.calling = true, false
	case signal == "rel" || signal == "disc" || m.Msg == "del":
		c.connected, c.calling = false, false
	}
	c.peer = c.peer || m.Remote != address{} || m.Peer != address{}
}

// startCalls asks a PBX for its calls. They come before and after the answer, for
// which a large PBX, listing its users first, may need longer than a request is given.
func (h *hub) startCalls(s *session) {
	if !s.has(apiCalls) {
		return
	}
	s.calls = &calls{asked: true, dialling: h.opts.CountDialling, byID: map[scalar]*call{}}
	h.ask(s, apiCalls, "Initialize", fields{"limit": 50, "calls": true}, func(_ message, err error) {
		h.callsRead(s, err)
	})
}

// callsRead handles the answer to the question for the calls, in time or late. Most
// of the calls that are there come right after it.
func (h *hub) callsRead(s *session, err error) {
	c := s.calls
	c.err = err
	if err != nil {
		h.opts.Logger.Warn("calls not read", slog.String("pbx", s.name()), slog.Any("error", err))
		h.callsKnown(s)
		return
	}
	time.AfterFunc(h.opts.CallsSettle, func() {
		h.post(func() {
			if !s.gone && s.calls == c {
				c.known = true
				h.callsKnown(s)
			}
		})
	})
}

// callsKnown tells what everybody shows on a PBX whose calls have become known, or
// unknown.
func (h *hub) callsKnown(s *session) {
	h.light(s.name())
	for _, u := range h.users {
		if u.watch != nil && u.watch.on == s {
			h.show(u)
		}
	}
}

func (h *hub) call(s *session, m message) error {
	var body callMessage
	if err := m.into(&body); err != nil {
		return err
	}
	if body.Call == "" {
		return fmt.Errorf("%w: %s without call", ErrFrame, m.Name)
	}
	if s.calls.asked {
		for _, guid := range s.calls.handle(m.Name, body) {
			if u := h.users[guid]; u != nil && u.watch != nil && u.watch.on == s {
				h.recount(u)
			}
		}
	}
	return nil
}

// recount tells what a watched user shows, if the calls make a difference now.
func (h *hub) recount(u *user) {
	w := u.watch
	if onCall, counted := u.phone(); w.told && onCall == w.onCall && counted == w.counted {
		return
	}
	w.at = time.Now()
	h.show(u)
}

// phone reports whether a watched user is on the phone, and whether that comes from
// the calls.
func (u *user) phone() (onCall, counted bool) {
	w := u.watch
	if w.on.name() != u.Home || !w.on.calls.enabled() {
		return w.phone, false
	}
	return w.on.calls.counted(u.GUID, w.on.aliens.held(u.GUID)), true
}
