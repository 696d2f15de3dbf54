package main

import "fmt"

// leftovers names what is of the connector on either side, for anybody. A clean stop keeps
// the subscriptions and what it has carried over; a release keeps nothing.
func (c *crowd) leftovers(released bool) (all []string) {
	l := c.ledger()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.everybody() {
		h := c.holding(p, l)
		if !released {
			h.preferred, h.activity = "", ""
		}
		if h != (held{}) {
			all = append(all, fmt.Sprintf("%s: %+v", p.name, h))
		}
	}
	if !released {
		return all
	}
	for _, sub := range c.tenant.Subscriptions() {
		all = append(all, "a subscription of "+sub.Resource)
	}
	return all
}

// everybody are the people who act, and all others on either side.
func (c *crowd) everybody() []*character {
	all := append([]*character{}, c.people...)
	known := map[string]bool{}
	for _, p := range all {
		known[p.id], known[p.guid] = true, true
	}
	for _, u := range c.tenant.Users() {
		if !known[u.ID] {
			all = append(all, &character{actor: actor{name: u.UPN, id: u.ID}})
		}
	}
	for _, u := range c.system.Users() {
		if !known[u.GUID] {
			all = append(all, &character{actor: actor{name: u.Name, guid: u.GUID}})
		}
	}
	return all
}
