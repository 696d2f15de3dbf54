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

// asked is the write that a request asks for, and its user; ok is false where it is none.
func (c *conn) asked(m message) (w Write, u *user, ok bool) {
	switch m.MT {
	case opSetPresence, opAddAlienCall, opDelAlienCall:
	default:
		return Write{}, nil, false
	}
	var p struct {
		ID                      int
		Contact, Activity, Note string
	}
	_ = m.decode(&p) // what cannot be read stays empty
	if a := c.presence[m.API]; a != nil {
		u, _ = a.addressee(m)
	}
	w.Time, w.PBX, w.Op, w.Fault = time.Now(), c.pbx.o.Name, m.MT, m.fault
	w.ID, w.Contact, w.Activity, w.Note = p.ID, p.Contact, p.Activity, p.Note
	if u != nil {
		w.GUID = u.GUID
	}
	return w, u, true
}

// arrived tells of a write before it is served.
func (c *conn) arrived(m message) {
	c.sys.mu.Lock()
	w, _, ok := c.asked(m)
	c.sys.mu.Unlock()
	if ok {
		c.pbx.o.Arrived(w)
	}
}
