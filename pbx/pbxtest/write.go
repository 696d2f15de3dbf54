package pbxtest

import (
	"fmt"
	"slices"
	"time"
)

// Write is one attempt of the service to change something.
type Write struct {
	Time     time.Time
	PBX      string // whose connection it came on
	GUID     string // of the user; "" if the request named none that exists
	Op       string // SetPresence, AddAlienCall or DelAlienCall
	Contact  string // SetPresence only, as are the next two
	Activity string
	Note     string // personal; never logged
	ID       int    // of the alien call
	Err      string // what the PBX answered; "" is success
	Fault    Fault  // what went wrong with the request
}

// String leaves out the note.
func (w Write) String() string {
	text := fmt.Sprintf("%s on %s for %s", w.Op, w.PBX, w.GUID)
	if w.Op == opSetPresence {
		text += fmt.Sprintf(": %s %q", w.Contact, w.Activity)
	} else {
		text += fmt.Sprintf(": call %d", w.ID)
	}
	if w.Err != "" {
		text += ": " + w.Err
	}
	return text
}

const (
	opSetPresence  = "SetPresence"
	opAddAlienCall = "AddAlienCall"
	opDelAlienCall = "DelAlienCall"
)

// Writes lists what the service wrote through the API, oldest first, refused attempts
// included. At least the newest 65536 are kept.
func (s *System) Writes() []Write {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.writes)
}

// record completes a write with its outcome and keeps it.
func (s *System) record(w Write, u *user, err error) {
	w.Time = time.Now()
	if u != nil {
		w.GUID = u.GUID
	}
	if err != nil {
		w.Err = err.Error()
	}
	s.writes = appendBounded(s.writes, w)
	s.changed()
}

// recordFault keeps a write that a fault prevents.
func (c *conn) recordFault(m message, err error) {
	var p struct {
		ID                      int
		Contact, Activity, Note string
	}
	switch m.MT {
	case opSetPresence, opAddAlienCall, opDelAlienCall:
	default:
		return
	}
	if bad := m.decode(&p); bad != nil {
		err = bad
	}
	var u *user
	if a := c.presence[m.API]; a != nil {
		u, _ = a.addressee(m)
	}
	c.sys.record(Write{
		PBX: c.pbx.o.Name, Op: m.MT, ID: p.ID, Contact: p.Contact, Activity: p.Activity, Note: p.Note, Fault: m.fault,
	}, u, err)
}
