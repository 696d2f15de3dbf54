package presence_test

import (
	"errors"
	"reflect"
	"strings"
	"time"

	"github.com/pbx365/connector/presence"
)

// point is a place in a step at which the connector can be killed.
type point string

const (
	beforeStore point = "before the store"
	beforeWrite point = "between store and write"
	beforeReply point = "between write and answer"
	beforeDone  point = "between answer and store"
)

var errUnanswered = errors.New("no answer")

// connector is the engine around the decision: what it knows of one person, what it has
// stored, and its rule: store, act, Done, store.
type connector struct {
	*model
	rules presence.Rules
	up    bool
	run   int // of the process; what an earlier one has begun is dropped

	licensed, linked, stopping bool
	memory, stored             presence.Memory
	started                    time.Time
	teams                      *presence.TeamsSeen
	pbx                        *presence.PBXSeen
	newest                     string
	newestAt                   time.Time
	teamsSince, pbxSince       time.Time
	pbxLost                    bool

	doing                         presence.Action // waits for its answer
	dirty                         bool
	timer                         int
	teamsHeld, pbxHeld, looksHeld hold
	steps                         int // in a row without anything from outside
}

// hold keeps back the writes of a side after one has failed.
type hold struct {
	until time.Time
	tries int
}

func (h *hold) fail(now time.Time) {
	h.until = now.Add(min(time.Second<<h.tries, time.Minute))
	h.tries++
}

func (h *hold) at(now time.Time) bool { return now.Before(h.until) }

func (c *connector) start() {
	c.up, c.stopping, c.started = true, false, c.now
	c.memory = c.stored.Clone()
	c.linked = c.linked || c.licensed
	c.note("the connector starts")
	c.exchange.connect()
	c.read(c.reads)
	c.wake()
}

// end is that of the process, whatever it was doing.
func (c *connector) end() {
	if !c.up {
		return
	}
	if c.doing != nil {
		c.blame(c.doing)
	}
	c.up, c.doing, c.dirty = false, nil, false
	c.run++
	c.timer++
	c.teams, c.pbx, c.newest, c.pbxLost = nil, nil, "", false
	c.teamsHeld, c.pbxHeld, c.looksHeld = hold{}, hold{}, hold{}
	c.exchange.disconnect()
}

func (c *connector) stop() {
	c.wake()
	c.stopping = true
	c.dirty = true
	if c.doing == nil {
		c.work()
	}
}

func (c *connector) license(on bool) {
	c.licensed = on
	if c.up && on && !c.linked {
		c.linked = true
		c.teamsHeld, c.pbxHeld, c.looksHeld = hold{}, hold{}, hold{}
		c.read(c.reads)
	}
	c.wake()
}

func (c *connector) goal() presence.Goal {
	switch {
	case !c.licensed:
		return presence.TakeBack
	case c.stopping:
		return presence.Pause
	}
	return presence.Sync
}

// read begins a read of Teams of which the connector learns after a while.
func (c *connector) read(takes time.Duration) {
	run := c.run
	if c.cause(look); c.now.Before(c.blind) {
		return
	}
	look, version := c.office.look()
	c.after(takes, func() {
		if c.run == run && c.up {
			c.sawTeams(look, version)
		}
	})
}

// sawTeams drops a look that is older than the latest, as the bridge does.
func (c *connector) sawTeams(look presence.TeamsSeen, version int) bool {
	if !c.up || !c.linked {
		return false
	}
	if look.Sequence != "" {
		if look.Sequence < c.newest && (look.Notified || look.At.Before(c.newestAt.Add(10*time.Second))) {
			return false
		}
		c.newest, c.newestAt = look.Sequence, look.At
	}
	c.heard(version)
	switch {
	case c.teams == nil:
		c.teamsSince = c.started
	case !strings.EqualFold(c.teams.Value.Activity, look.Value.Activity):
		c.teamsSince = look.At
	}
	c.note("hears that Teams shows %v", look.Value)
	c.teams, c.steps = &look, 0
	c.wake()
	return true
}

func (c *connector) sawPBX(look presence.PBXSeen) {
	if !c.up {
		return
	}
	switch {
	case c.pbx == nil:
		c.pbxSince = c.started
	case c.pbx.Value != look.Value:
		c.pbxSince = look.At
	}
	if c.pbx == nil || c.pbxLost || c.pbx.Connection != look.Connection {
		c.pbxHeld = hold{}
	}
	c.note("hears that the PBX shows %v, on the phone %v, connection %d", look.Value, look.OnPhone, look.Connection)
	c.pbx, c.pbxLost, c.steps = &look, false, 0
	c.wake()
}

func (c *connector) view() presence.View {
	v := presence.View{
		Now: c.now, Goal: c.goal(), Teams: c.teams, TeamsSince: c.teamsSince,
		TeamsHeld: c.teamsHeld.at(c.now), PBXHeld: c.pbxHeld.at(c.now), LooksHeld: c.looksHeld.at(c.now),
	}
	if c.pbx != nil && !c.pbxLost {
		v.PBX, v.PBXSince = c.pbx, c.pbxSince
	}
	return v
}

// waits reports a change on the PBX that is heard of and not carried yet.
func (c *connector) waits() bool {
	_, inTable := c.rules.Tables.ToTeams(c.pbx.Value.Activity)
	return inTable && c.memory.Agreed.PBX != c.pbx.Value.Activity
}

func (c *connector) wake() {
	c.dirty = true
	if c.doing == nil && c.up && c.linked && !c.stopping {
		c.work()
	}
}

// work decides and acts until there is nothing to do, or an answer to wait for.
func (c *connector) work() {
	for c.dirty && c.doing == nil && c.up && c.linked {
		c.dirty = false
		c.timer++
		v := c.view()
		d := c.decide(v)
		if d.Action != nil && c.killed(beforeStore) {
			return
		}
		doubted := c.memory.ToTeams != nil && c.memory.ToTeams.Stage == presence.Doubted && d.Memory.ToTeams == nil
		if o := c.office; doubted && o.slotBy == ours && !o.shown.Shows(o.slot) {
			o.slotBy = both // nobody can tell while she is signed out, and hers from now on
		}
		c.memory, c.stored = d.Memory, d.Memory
		if x := c.exchange; c.memory.ToPBX == nil && x.by == ours && c.putsBack(x.activity) {
			x.by = both
		}
		switch {
		case d.Action != nil:
			c.act(d.Action)
		case v.Goal == presence.TakeBack && !c.memory.Owns():
			c.note("the link is gone")
			c.linked, c.memory, c.stored, c.teams, c.newest = false, presence.Memory{}, presence.Memory{}, nil, ""
		default:
			c.sleep(d.Wake)
		}
	}
	if c.stopping && c.doing == nil {
		c.end()
	}
}

func (c *connector) decide(v presence.View) presence.Decision {
	d := c.rules.Merge(c.memory, v)
	c.reasons = append(c.reasons, reason{d.Rules, d.Action})
	if d.Action != nil {
		if again := c.rules.Merge(c.memory, v); !reflect.DeepEqual(d, again) {
			c.failf("a decision is no function of its arguments: %v and %v", d, again)
		}
		if _, renewal := d.Action.(presence.RenewSession); !renewal {
			c.note("decides: %v, because %q", d.Action, d.Rules)
		}
		if len(d.Rules) == 0 {
			c.failf("%v is decided and no rule says why", d.Action)
		}
		if c.steps++; c.steps > 12 {
			c.failf("a loop: nothing was seen since 12 writes, and now %v", d.Action)
		}
	} else if len(d.Rules) > 0 {
		c.note("decides nothing, because %q", d.Rules)
	}
	return d
}

func (c *connector) sleep(until time.Time) {
	c.steps = 0
	for _, h := range []hold{c.teamsHeld, c.pbxHeld, c.looksHeld} {
		if h.until.After(c.now) && (until.IsZero() || h.until.Before(until)) {
			until = h.until
		}
	}
	if until.IsZero() {
		return
	}
	timer := c.timer
	c.after(until.Sub(c.now), func() {
		if c.timer == timer {
			c.wake()
		}
	})
}

// killed ends the process where a schedule wants that at this point.
func (c *connector) killed(at point) bool {
	if c.killAt != at {
		return false
	}
	c.killAt = ""
	c.note("killed %s", at)
	c.kill(3 * time.Second)
	return true
}

// act sends a, which takes half the time there and half the time back.
func (c *connector) act(a presence.Action) {
	if c.killed(beforeWrite) {
		return
	}
	c.doing = a
	c.spend(a)
	run, connection, fault, crosses := c.run, c.exchange.connection, c.faultOf(a), c.crosses()
	c.after(c.answers/2, func() {
		if c.run != run {
			return // it went with its connection
		}
		look, version := c.office.look()
		look.At = look.At.Add(-c.answers / 2)
		out := c.arrive(a, fault, connection, crosses)
		reply := func(arrives bool) {
			if c.run != run || c.killed(beforeDone) {
				return
			}
			if !arrives {
				if c.blame(a); accountOf(a) == activity { // what is looked at then may count as hers
					c.exchange.by = both
					c.cause(preferred)
				}
				out.Err = errUnanswered
			}
			if a == presence.Action(presence.Look{}) && out.Err == nil && !c.sawTeams(look, version) {
				out.Err = errUnanswered
			}
			c.answered(a, out)
		}
		switch {
		case c.killed(beforeReply):
		case a.Side() == presence.SidePBX:
			c.exchange.bring(reply)
		default:
			c.after(c.answers/2, func() { reply(true) })
		}
	})
}

// crossed reports a change on the PBX of which the connector has not heard, or has heard since it
// decided what it writes there.
func (c *connector) crossed() bool {
	w := c.memory.ToPBX
	x := c.exchange
	return c.pbx == nil || c.pbx.Value.Activity != x.activity || x.due > 0 || x.lag > 0 && w != nil && w.Old != c.pbx.Value.Activity
}

// unreachable reports that Teams cannot be read, or takes no writes.
func (c *connector) unreachable(a presence.Action) bool {
	if a == presence.Action(presence.Look{}) {
		return c.now.Before(c.blind)
	}
	return c.now.Before(c.deaf)
}

// hears reports what Teams shows as far as the connector has heard.
func (c *connector) hears(v presence.Teams) bool { return c.teams != nil && c.teams.Value.Shows(v) }

// crosses reports a change in Teams that does not show yet, or of which the connector has not heard.
func (c *connector) crosses() bool { return c.office.due > 0 || c.heardUpTo < c.office.hers }

// arrive carries a out on its side, or what a fault leaves of it.
func (c *connector) arrive(a presence.Action, f fault, connection uint64, crosses bool) (out presence.Outcome) {
	gone := a.Side() == presence.SidePBX && (connection == 0 || c.exchange.connection != connection)
	ignores := f == ignored && !gone && (accountOf(a) == activity || accountOf(a) == preferred && !c.unreachable(a))
	switch {
	case ignores, f == refused && c.mayRefuse(a):
		if !ignores {
			out.Err = presence.ErrRefused
		} else if c.touched(); accountOf(a) == preferred {
			c.office.slotBy = both // what is there is not what the connector was told
			c.cause(activity)
		} else { // once its connection is lost, what shows counts as hers
			c.exchange.ignored = true
			c.cause(preferred)
		}
		switch {
		case accountOf(a) == activity:
			same := a == presence.Action(presence.SetActivity{Activity: c.exchange.activity})
			if c.exchange.refused = true; same || !c.licensed && c.exchange.by == ours {
				c.exchange.by = both // nobody can tell, or it is given up
			}
		case accountOf(a) == session:
			c.office.refused = true
			c.mirrored()
			c.mirrored()
		case accountOf(a) == preferred && c.office.slotBy == ours:
			if c.office.kept = true; c.memory.ToTeams.Stage == presence.Leaving {
				c.office.slotBy = both // given up
			}
			c.cause(activity)
		}
	case f == lost, f == refused, gone, a.Side() == presence.SideTeams && c.unreachable(a):
		c.blame(a)
		out.Err = errUnanswered
	case a.Side() == presence.SidePBX:
		if v, ok := a.(presence.SetActivity); ok && c.phoneOnly && c.exchange.by == anna && v.Activity != c.exchange.activity {
			c.failf("anna has set %q on the phone and done nothing since, and %v takes it away", c.exchange.activity, a)
		}
		crossed := accountOf(a) == activity && c.crossed()
		if out = c.exchange.write(a); crossed { // it may be taken for another change of hers
			c.exchange.by = both
			c.cause(preferred, preferred, alien, alien)
		}
	default:
		if crosses || c.crosses() { // each may be taken for the later one
			c.cause(activity, activity, alien, alien)
		}
		c.office.write(a)
	}
	if f == unanswered {
		c.blame(a)
		c.exchange.withdraw(out.CallID)
		out = presence.Outcome{Err: errUnanswered}
	}
	if _, renewal := a.(presence.RenewSession); !renewal || out.Err != nil {
		c.note("%v arrives: %v", a, out.Err)
	}
	return out
}

// putsBack reports that an activity is what a preferred presence that is held has come from.
func (c *connector) putsBack(activity string) bool {
	manual, _ := rules.Tables.ToTeams(activity)
	w := c.memory.ToTeams
	return w != nil && !w.Value.IsZero() && w.Stage != presence.Doubted && w.Value == manual.Value
}

// mayRefuse reports whether a side can refuse a: a PBX refuses to delete only what is gone.
func (c *connector) mayRefuse(a presence.Action) bool {
	_, deletes := a.(presence.DelCall)
	return !deletes
}

func (c *connector) answered(a presence.Action, out presence.Outcome) {
	out.At = c.now
	h := &c.teamsHeld
	switch {
	case a == presence.Action(presence.Look{}):
		h = &c.looksHeld
	case a.Side() == presence.SidePBX:
		h = &c.pbxHeld
	}
	if out.Err == nil {
		*h = hold{}
	} else if !errors.Is(out.Err, presence.ErrRefused) {
		h.fail(c.now)
	}
	c.memory = c.rules.Done(c.memory, a, out)
	c.stored = c.memory
	c.doing, c.dirty = nil, true
	c.work()
}
