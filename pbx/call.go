package pbx

import "strings"

// CallSource says where calls are learnt from.
type CallSource string

const (
	// CallsOfPBX asks each PBX for all its calls. It takes the check mark RCC.
	CallsOfPBX CallSource = "pbx"
	// CallsOfUsers asks for the calls of each watched user alone, for App objects
	// that are not told all of them. It takes the check mark RCC as well.
	CallsOfUsers CallSource = "users"
	// CallsOff asks for no calls: a user is on the phone whose presence says so.
	CallsOff CallSource = "off"
)

// CallState is how far a call has got, as its user sees it.
type CallState string

// The states of a call.
const (
	CallDialling     CallState = "dialling" // the user calls, nobody has answered yet
	CallRinging      CallState = "ringing"  // somebody calls the user
	CallConnected    CallState = "connected"
	CallParked       CallState = "parked"
	CallDisconnected CallState = "disconnected" // one side has hung up, the end follows
)

// Call is one user's leg of a call (innovaphone SDK: RCC).
type Call struct {
	PBX string
	// Connection is the number of the connection that told of it first. With ID it
	// tells calls apart; it stays when the connection is replaced.
	Connection uint64
	ID         string
	User       string // GUID
	State      CallState
	Incoming   bool
	Held       bool  // by either side
	Peer       Party // the other end, as far as it was told
	// Alien says that this is the call which AddAlienCall has added for the user, or
	// is taken for it.
	Alien bool
}

// Party is one end of a call. Any of its members may be empty.
type Party struct {
	Number      string
	Name        string // user part of a SIP address
	DisplayName string
}

// callMessage is the body of CallAdd, CallUpdate, CallDel and CallInfo. A CallUpdate
// carries a msg in place of a state.
type callMessage struct {
	GUID   string  `json:"guid"`
	User   scalar  `json:"user"` // handle of UserInitialize
	Call   scalar  `json:"call"`
	State  *uint   `json:"state"`
	Msg    string  `json:"msg"`
	Del    bool    `json:"del"`
	Remote address `json:"remote"`
	Peer   address `json:"peer"`
}

type address struct {
	H323 string `json:"h323"`
	E164 string `json:"e164"`
	DN   string `json:"dn"`
}

// Call states (innovaphone SDK: RCC). The low bits are the phase of the call. Outbound
// is seen from the PBX, towards the phone: an incoming call for the user.
const (
	phaseMask      = 0x0f
	phaseConnected = 5
	phaseParked    = 8
	stateOutbound  = 128
	stateHolds     = 256
	stateHeld      = 512
)

// call is a Call that is followed.
type call struct {
	Call
	told     Call     // as CallSeen told it; zero once CallEnded was told, or before
	suspects []*alien // the alien calls that it may be; none for a real one
}

// ended reports whether a message is the last one of its call.
func (m callMessage) ended(name string) bool {
	return name == "CallDel" || name == "CallDelete" || m.Del || m.Msg == "del"
}

// follow takes a message in. A call with somebody at the other end, or that rings, is no alien one.
func (c *call) follow(m callMessage) {
	if m.State != nil {
		c.enter(*m.State)
	}
	if m.Msg != "" {
		c.signal(m.Msg)
	}
	for _, a := range []address{m.Remote, m.Peer} {
		if a != (address{}) {
			c.Peer = Party{Number: a.E164, Name: a.H323, DisplayName: a.DN}
		}
	}
	if c.Peer != (Party{}) || c.State == CallRinging {
		c.suspects = nil
	}
}

func (c *call) enter(state uint) {
	c.Incoming = state&stateOutbound != 0
	c.Held = state&(stateHolds|stateHeld) != 0
	switch phase := state & phaseMask; {
	case phase < phaseConnected && c.Incoming:
		c.State = CallRinging
	case phase < phaseConnected:
		c.State = CallDialling
	case phase == phaseConnected:
		c.State = CallConnected
	case phase == phaseParked:
		c.State = CallParked
	default:
		c.State = CallDisconnected
	}
}

// signal takes in the name of a signalling message, which x- marks as sent to the phone
// and r- as received from it.
func (c *call) signal(msg string) {
	way, name, _ := strings.Cut(msg, "-")
	switch name {
	case "setup":
		c.Incoming = way == "x"
		c.State = CallDialling
		if c.Incoming {
			c.State = CallRinging
		}
	case "conn":
		c.State = CallConnected
	case "disc", "rel":
		c.State = CallDisconnected
	}
}

// talks reports whether the call has its user on the phone.
func (c Call) talks(dialling bool) bool {
	return !c.Alien && (c.State == CallConnected || dialling && c.State == CallDialling)
}
