package presence_test

import (
	"time"

	"github.com/pbx365/connector/presence"
)

// exchange is an innovaphone PBX in miniature, with one person, and the connection to it.
type exchange struct {
	*clock
	tell func() // what is shown has changed

	activity string
	by       author
	refused  bool // the connector was not let set another one
	ignored  bool // the connector believes that it has set another one
	calls    int  // real ones
	counted  bool // calls can be seen
	noAlien  bool // alien calls are refused

	lag   time.Duration // until a change shows; what it answers does not wait for that
	shown string        // in place of activity
	due   int           // changes that do not show yet

	covers bool   // a call hides what is set
	seen   string // what was shown before it

	aliens map[int64]bool
	lastID int64

	home       string
	connection uint64 // zero while there is none
	began      time.Time
	lastNumber uint64
	delay      time.Duration // of everything that the connection brings
	clear      time.Time     // when the last of what is under way will have arrived
}

func newExchange(c *clock) *exchange {
	return &exchange{clock: c, counted: true, home: "master", connection: 1, lastNumber: 1, delay: latency, aliens: map[int64]bool{}}
}

func (x *exchange) look() presence.PBXSeen {
	if !x.covered() {
		x.seen = x.shown
	}
	return presence.PBXSeen{
		Value: presence.PBX{Activity: x.seen}, Covered: x.covered(), OnPhone: x.calls > 0 || len(x.aliens) > 0 && !x.counted, Counted: x.counted,
		Home: x.home, Connection: x.connection, Began: x.began,
	}
}

// set puts an activity where it stands. Over a connection that begins meanwhile it shows at once.
func (x *exchange) set(activity string, by author) {
	if activity == x.activity && by != x.by && activity != "" {
		by = both
	}
	x.refused = x.refused && by == ours && activity == "" // what that was for goes on
	x.activity, x.by, x.ignored = activity, by, false
	show := func() {
		x.shown = activity
		x.tell()
	}
	if x.lag == 0 {
		show()
		return
	}
	connection := x.connection
	x.due++
	x.after(x.lag, func() {
		if x.due--; x.connection == connection {
			show()
		}
	})
}

// covered reports that a call hides what is set.
func (x *exchange) covered() bool { return x.covers && (x.calls > 0 || len(x.aliens) > 0) }

// disconnect ends the connection, and the alien calls with it.
func (x *exchange) disconnect() {
	x.connection = 0
	clear(x.aliens)
}

func (x *exchange) connect() {
	x.lastNumber++
	if x.connection = x.lastNumber; x.ignored {
		x.by = both
	}
	x.began, x.clear, x.shown = x.now, x.now, x.activity
	x.tell()
}

// bring delivers something over the connection of now, in the order of the wire.
func (x *exchange) bring(deliver func(arrives bool)) {
	connection := x.connection
	at := x.now.Add(x.delay)
	if at.Before(x.clear) {
		at = x.clear
	}
	x.clear = at
	x.after(at.Sub(x.now), func() { deliver(x.connection == connection && connection != 0) })
}

// write carries out an action of the connector.
func (x *exchange) write(a presence.Action) presence.Outcome {
	switch a := a.(type) {
	case presence.SetActivity:
		x.set(a.Activity, ours)
	case presence.AddCall:
		if x.noAlien {
			return presence.Outcome{Err: presence.ErrRefused, Connection: x.connection}
		}
		x.lastID++
		x.aliens[x.lastID] = true
		x.tell()
		return presence.Outcome{CallID: x.lastID, Connection: x.connection}
	case presence.DelCall:
		if !x.aliens[a.ID] {
			return presence.Outcome{Err: presence.ErrRefused}
		}
		delete(x.aliens, a.ID)
		x.tell()
	}
	return presence.Outcome{}
}

// withdraw deletes an alien call of which nobody has learnt, once its answer comes after all.
func (x *exchange) withdraw(id int64) {
	x.after(time.Second, func() {
		if x.aliens[id] {
			delete(x.aliens, id)
			x.tell()
		}
	})
}
