package main

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/pbx/pbxtest"
)

// glance is what both sides show of a person.
type glance struct {
	teams    string // activity
	pbx      string // activity of the contact
	licensed bool
}

func (g glance) String() string {
	text := fmt.Sprintf("Teams %s, PBX %q", g.teams, g.pbx)
	if !g.licensed {
		text += ", no licence"
	}
	return text
}

// input is an act that has been done, with what was seen right before and after it.
type input struct {
	at            time.Time
	act           act
	before, after glance
}

// character is a person of the chaos, with everything that was done to them.
type character struct {
	actor
	call   *pbxtest.Call // on the PBX; nil without one
	inputs []input
}

// crowd are the people of the chaos. It keeps the record of what they did, which is what
// the connector is judged by.
type crowd struct {
	tenant *graphtest.Server
	system *pbxtest.System

	mu     sync.Mutex // protects following
	people []*character
	kills  []time.Time
	finale time.Time // since when everybody does one last thing
	ended  time.Time // when the connector was told to stop
}

func newCrowd(s *stage) *crowd {
	c := &crowd{tenant: s.tenant, system: s.system}
	for _, a := range s.cast.actors {
		c.people = append(c.people, &character{actor: a})
	}
	return c
}

func (c *crowd) glance(p *character) glance {
	u, _ := c.system.User(p.guid)
	return glance{c.tenant.Presence(p.id).Activity, c.system.Activity(p.guid), u.Licensed}
}

// do has a person act.
func (c *crowd) do(who int, a act) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.act(c.people[who], a)
}

// act has a person act. A call that there is already does not begin, and one that is over does
// not end: that is no act. The caller holds c.mu.
func (c *crowd) act(p *character, a act) error {
	if a.kind == rings && p.call != nil || a.kind == hangsUp && p.call == nil {
		return nil
	}
	in := input{at: time.Now(), act: a, before: c.glance(p)}
	var err error
	switch a.kind {
	case shows:
		c.tenant.Show(p.id, a.pair.Availability, a.pair.Activity)
	case chooses:
		c.tenant.Choose(p.id, a.pair.Availability, a.pair.Activity)
	case resets:
		c.tenant.Reset(p.id)
	case signsOut:
		c.tenant.SignOut(p.id)
	case signsIn:
		c.tenant.SignIn(p.id)
	case sets:
		err = c.system.SetPresence(p.guid, "", a.word, "")
	case rings:
		if p.call, err = c.system.StartCall(p.guid, pbxtest.CallOptions{Incoming: true, Remote: "0049703173009"}); err == nil {
			p.call.Connect()
		}
	case hangsUp:
		p.call.HangUp()
		p.call = nil
	case loses, regains:
		c.system.SetLicensed(p.guid, a.kind == regains)
	case moves:
		c.system.UpdateUser(p.guid, func(u *pbxtest.User) { u.Home = map[string]string{"master": "slave", "slave": "master"}[u.Home] })
	}
	in.after = c.glance(p)
	p.inputs = append(p.inputs, in)
	return err
}

func (c *crowd) killed() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kills = append(c.kills, time.Now())
}

// stopped notes that the connector has been told to take back what it holds.
func (c *crowd) stopped() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended.IsZero() {
		c.ended = time.Now()
	}
}

// over reports whether the connector has been stopped.
func (c *crowd) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.ended.IsZero()
}

// beginFinale says that everybody does one last thing from now on.
func (c *crowd) beginFinale() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.finale = time.Now()
}

// deaths counts the kills.
func (c *crowd) deaths() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.kills)
}

// acts counts what was done.
func (c *crowd) acts() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.people {
		n += len(p.inputs)
	}
	return n
}

// writes counts what the connector has written.
func (c *crowd) writes() int { return len(c.tenant.Writes()) + len(c.system.Writes()) }

// last is the latest thing that a person did, if any.
func (p *character) last() input {
	if len(p.inputs) == 0 {
		return input{}
	}
	return p.inputs[len(p.inputs)-1]
}

// inCall reports that the Teams client shows a call at a time, and none that is stronger than a session.
func (p *character) inCall(at time.Time) (is bool) {
	for _, in := range p.inputs {
		switch {
		case in.at.After(at):
			return is
		case in.act.kind == shows:
			is = isCall(in.act.pair.Activity) && in.act.pair.Availability == "Busy"
		case in.act.kind == signsOut, in.act.kind == signsIn:
			is = false
		}
	}
	return is
}

// setAt is when the person last set something at the phone.
func (p *character) setAt() time.Time {
	for _, in := range slices.Backward(p.inputs) {
		if in.act.kind == sets {
			return in.at
		}
	}
	return time.Time{}
}
