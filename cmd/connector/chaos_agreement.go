package main

import (
	"cmp"
	"fmt"

	"github.com/pbx365/connector/graph/graphtest"
)

// held is what the connector holds of a person, by the records of the simulators.
type held struct {
	session, alien      bool
	preferred, activity string // written by the connector, and still there
}

// holding tells what the connector holds of a person, on the sides where there is an account.
func (c *crowd) holding(p *character, l ledger) (h held) {
	if p.id != "" {
		for _, s := range c.tenant.Sessions(p.id) {
			h.session = h.session || s.ID != graphtest.ClientSession
		}
		if chosen, ok := c.tenant.Preferred(p.id); ok && chosen.Set.Equal(l.preferred[p.id].written.at) {
			h.preferred = chosen.Activity
		}
	}
	if p.guid != "" {
		h.alien = c.system.AlienCalls(p.guid) > 0
		if l.activity[p.guid].written.at.After(p.setAt()) {
			h.activity = c.system.Activity(p.guid)
		}
	}
	return h
}

// lost is a person of whom the sides do not agree.
type lost struct {
	*character
	why string
}

// apart are all of whom the sides do not agree. Only in the finale it matters what somebody
// did last: before that, what they did on the other side may be seen after it.
func (c *crowd) apart() (all []lost) {
	l := c.ledger()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.people {
		now, h := c.glance(p), c.holding(p, l)
		preferred := ""
		if chosen, ok := c.tenant.Preferred(p.id); ok {
			preferred = chosen.Activity
		}
		in := p.last()
		if c.finale.IsZero() || in.at.Before(c.finale) {
			in = input{}
		}
		if why := p.disagreement(in, now, h, preferred, p.refusals(l)); why != "" {
			all = append(all, lost{p, fmt.Sprintf("%s; %v, preferred %q, the connector holds %+v", why, now, preferred, h)})
		}
	}
	return all
}

// disagreement says why the sides do not agree, or "". A zero input may be any.
func (p *character) disagreement(in input, now glance, h held, preferred string, r refusals) string {
	switch onPBX := p.call != nil; {
	case !now.licensed && h != (held{}):
		return "something is held for a person without a licence"
	case !now.licensed:
		return ""
	case h.session != onPBX:
		return fmt.Sprintf("a call on the PBX is %t, its session in Teams %t", onPBX, h.session)
	case onPBX && now.teams == "InACall" && h.alien:
		return "an alien call stands beside the call on the PBX whose session it mirrors"
	case onPBX && now.teams == "InACall": // its own session, and perhaps a call of the client beneath
		return p.overridden(in, now)
	case r.alien && !h.alien && isCall(now.teams):
		return cmp.Or(p.stoodIn(now, h, r), p.overridden(in, now))
	case h.alien != isCall(now.teams):
		return fmt.Sprintf("a call in Teams is %t, its alien call %t", isCall(now.teams), h.alien)
	case onPBX || isCall(now.teams):
		return p.overridden(in, now)
	}
	if why := p.overridden(in, now); why != "" {
		return why
	}
	if r.activity && in.before.pbx == in.after.pbx {
		now.pbx, h.activity = r.word, r.word // as it would be
	}
	return p.mismatch(in, now, h, preferred)
}

// overridden says that what somebody did last no longer shows on the side where they did it.
func (p *character) overridden(in input, now glance) string {
	switch {
	case in.before.pbx != in.after.pbx && now.pbx != in.after.pbx:
		return "the PBX does not show any more what was set there last"
	case in.before.teams == in.after.teams || isCall(in.before.teams) || isCall(in.after.teams) || p.call != nil:
		return ""
	case now.teams != in.after.teams:
		return "Teams does not show any more what was set there last"
	}
	return ""
}

// mismatch says that values do not map onto each other, and no rule lets that be.
func (p *character) mismatch(in input, now glance, h held, preferred string) string {
	byPerson := h.activity == "" && !p.setAt().IsZero() // what the PBX shows was set there
	switch changed := in.before.teams != in.after.teams; {
	case in.before.pbx != in.after.pbx && preferred != chosenFor(now.pbx):
		return "what was set on the PBX last is not the preferred presence in Teams"
	case in.before.pbx != in.after.pbx:
		return "" // hidden at most by the person's own state
	case now.pbx == wordOf(now.teams), chosenFor(now.pbx) == now.teams:
		return ""
	case changed && !nobodyAt(in.after.teams) && !nobodyAt(in.before.teams) && !isCall(in.before.teams):
		return "what Teams was changed to last is not on the PBX"
	case nobodyAt(now.teams) && byPerson:
		return ""
	case now.teams == "Available" && byPerson: // came back to Teams, or to the licence
		return ""
	case now.pbx == "" && byPerson && h.preferred == "": // cleared there on purpose
		return ""
	}
	return "the values do not map onto each other"
}
