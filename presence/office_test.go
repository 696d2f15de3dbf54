package presence_test

import (
	"fmt"
	"time"

	"github.com/pbx365/connector/presence"
)

// author is who has put a value where it stands.
type author string

const (
	anna author = "anna"
	ours author = "the connector"
	both author = "both" // the same value twice: nobody can tell
)

// office is Microsoft Teams in miniature, with one person (Graph: presence, its sessions
// and how they are aggregated).
type office struct {
	*clock
	tell   func() // what is shown has changed
	ranOut func(what string, by author)

	client presence.Teams // what the person's own client says; zero while signed out
	call   presence.Teams // beside a call

	slot         presence.Teams // preferred presence
	slotBy       author
	slotUntil    time.Time
	kept         bool           // the connector was not let set another one
	session      presence.Teams // of the application
	sessionUntil time.Time
	refused      bool // the connector was not let end it

	lag     time.Duration // until a change shows
	clear   time.Time     // when the last change shows
	due     int           // changes that do not show yet
	shown   presence.Teams
	version int
	hers    int       // the last one that anna has brought about
	hersAt  time.Time // when her last change shows
}

// available is how Graph pairs the activities that the schedules use.
var available = map[string]string{
	"Available": "Available", "Inactive": "Available", "OutOfOffice": "Available", "Busy": "Busy",
	"InAMeeting": "Busy", "InACall": "Busy", "InAConferenceCall": "Busy", "Juggling": "Busy",
	"DoNotDisturb": "DoNotDisturb", "Presenting": "DoNotDisturb", "Focusing": "DoNotDisturb",
	"Away": "Away", "BeRightBack": "BeRightBack", "OffWork": "Offline", "Offline": "Offline",
}

func shows(activity string) presence.Teams {
	return presence.Teams{Availability: available[activity], Activity: activity}
}

func newOffice(c *clock) *office {
	return &office{clock: c, client: shows("Available"), shown: shows("Available")}
}

// aggregate is what others see: nothing without a session, the preferred presence before
// every session, and the strongest session otherwise.
func (o *office) aggregate() presence.Teams {
	own := o.client
	if !o.call.IsZero() {
		own = o.call
	}
	switch {
	case own.IsZero() && o.session.IsZero():
		return shows("Offline")
	case !o.slot.IsZero():
		return o.slot
	case strength(o.session) > strength(own):
		return o.session
	}
	return own
}

// changed has a change show, after those before it.
func (o *office) changed(by author) {
	now := o.aggregate()
	if o.lag == 0 && o.due == 0 {
		o.show(now, by)
		return
	}
	if at := o.now.Add(o.lag); at.After(o.clear) {
		o.clear = at
	}
	if by != ours {
		o.hersAt = o.clear
	}
	o.due++
	o.after(o.clear.Sub(o.now), func() {
		o.due--
		o.show(now, by)
	})
}

// show gives what is shown from now on a version of its own.
func (o *office) show(v presence.Teams, by author) {
	if v == o.shown {
		return
	}
	o.shown = v
	if o.version++; by != ours || v == o.slot && o.slotBy != ours {
		o.hers = o.version
	}
	o.tell()
}

// look is what a read begun now will tell, or a notification sent now.
func (o *office) look() (presence.TeamsSeen, int) {
	return presence.TeamsSeen{Value: o.shown, Sequence: fmt.Sprintf("A%09d", o.version), At: o.now}, o.version
}

func (o *office) prefer(v presence.Teams, lifetime time.Duration, by author) {
	if o.slot == v && !v.IsZero() && o.slotBy != by {
		by = both
	}
	until := o.now.Add(lifetime)
	o.slot, o.slotBy, o.slotUntil, o.kept = v, by, until, false
	if !v.IsZero() {
		o.after(lifetime, func() {
			if o.slotUntil.Equal(until) && !o.slot.IsZero() {
				o.slot = presence.Teams{}
				o.ranOut("the preferred presence", o.slotBy)
				o.changed(anna)
			}
		})
	}
	o.changed(by)
}

func (o *office) hold(v presence.Teams, lifetime time.Duration) {
	until := o.now.Add(lifetime)
	o.session, o.sessionUntil, o.refused = v, until, false
	o.after(lifetime, func() {
		if o.sessionUntil.Equal(until) && !o.session.IsZero() {
			o.session = presence.Teams{}
			o.ranOut("the session", anna)
			o.changed(anna)
		}
	})
	o.changed(ours)
}

// write carries out an action of the connector.
func (o *office) write(a presence.Action) {
	switch a := a.(type) {
	case presence.SetSession:
		o.hold(a.Value, a.Lifetime)
	case presence.RenewSession:
		o.hold(a.Value, a.Lifetime)
	case presence.ClearSession:
		o.session = presence.Teams{}
		o.changed(ours)
	case presence.SetPreferred:
		o.prefer(a.Value, a.Lifetime, ours)
	case presence.ClearPreferred:
		o.prefer(presence.Teams{}, 0, ours)
	}
}
