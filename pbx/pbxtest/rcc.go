package pbxtest

import (
	"context"
	"time"
)

// Pace of the UserInfo messages (SDK page RCC, Initialize).
const (
	rollTick  = 20 * time.Millisecond
	rollLimit = 50
)

// monitor is an Initialize of RCC.
type monitor struct {
	request message
	limit   int
	calls   bool
	done    bool // the roll call is over, calls are reported
}

// rccAPI serves RCC, watching only (SDK page RCC).
func (c *conn) rccAPI(m message) error {
	switch m.MT {
	case "Initialize":
		return c.initialize(m)
	case "UserInitialize":
		return c.userInitialize(m)
	case "UserEnd":
		return c.userEnd(m)
	}
	return c.unknown(m)
}

// initialize starts the roll call, whose end is the result.
func (c *conn) initialize(m message) error {
	var p struct {
		Limit int
		Calls bool
	}
	if err := m.decode(&p); err != nil {
		return err
	}
	if p.Limit <= 0 || p.Limit > rollLimit {
		p.Limit = rollLimit
	}
	c.monitor = &monitor{request: m, limit: p.Limit, calls: p.Calls}
	select {
	case c.roll <- struct{}{}:
	default:
	}
	return nil
}

// rollCalls does the roll calls of the connection.
func (c *conn) rollCalls(ctx context.Context) error {
	for {
		select {
		case <-c.roll:
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := c.rollCall(ctx); err != nil {
			return err
		}
	}
}

func (c *conn) rollCall(ctx context.Context) error {
	c.sys.mu.Lock()
	mon := c.monitor
	var names []*user
	for u := range c.sys.everybody() {
		if c.pbx.sees(u) {
			names = append(names, u)
		}
	}
	c.sys.mu.Unlock()
	for len(names) > 0 {
		n := min(mon.limit, len(names))
		if err := c.out.awaitRoom(ctx); err != nil {
			return err
		}
		if !c.sayUsers(mon, names[:n]) {
			return nil
		}
		if names = names[n:]; len(names) > 0 {
			if err := sleep(ctx, rollTick); err != nil {
				return err
			}
		}
	}
	if err := sleep(ctx, c.delay(mon.request)); err != nil {
		return err
	}
	c.endRollCall(mon)
	return nil
}

// sayUsers reports users and whether the monitor is still the current one.
func (c *conn) sayUsers(mon *monitor, users []*user) bool {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	if c.closed || c.monitor != mon {
		return false
	}
	for _, u := range users {
		if c.sys.users[u.GUID] == u {
			c.sayUser(u, "")
		}
	}
	return true
}

// endRollCall sends the result and the calls that are there already.
func (c *conn) endRollCall(mon *monitor) {
	c.sys.mu.Lock()
	defer c.sys.mu.Unlock()
	if c.closed || c.monitor != mon {
		return
	}
	c.resultIn(0, mon.request, nil)
	if c.closed {
		return
	}
	mon.done = true
	for u := range c.sys.everybody() {
		for _, call := range u.calls {
			if mon.calls && call.visible() && call.pbx == c.pbx {
				c.sayCallAdd(call)
			}
		}
	}
	c.sys.changed()
}

// regBody is a registration: all devices of a user are registered.
type regBody struct {
	HW string `json:"hw"`
}

func (c *conn) sayUser(u *user, update string) {
	regs := make([]regBody, len(u.Devices))
	for i, hw := range u.Devices {
		regs[i].HW = hw
	}
	c.indicate(apiRCC, "UserInfo", c.monitor.request.Src, encode(struct {
		Update string    `json:"update,omitempty"`
		GUID   string    `json:"guid"`
		CN     string    `json:"cn"`
		DN     string    `json:"dn"`
		H323   string    `json:"h323"`
		E164   string    `json:"e164"`
		Node   string    `json:"node"`
		PBX    string    `json:"pbx"`
		Regs   []regBody `json:"regs"`
	}{update, u.GUID, u.LongName, u.DisplayName, u.Name, u.Number, u.Node, u.Home, regs}))
}

// rosterChanged tells the monitors about a user that came, changed or went.
func (s *System) rosterChanged(now, before *user) {
	s.eachConn(func(c *conn) {
		if c.monitor == nil {
			return
		}
		switch {
		case now != nil && c.pbx.sees(now):
			c.sayUser(now, "update")
		case before != nil && c.pbx.sees(before):
			c.sayUser(before, "del")
		}
	})
}

func (s *System) eachConn(do func(*conn)) {
	for _, p := range s.pbxs {
		for c := range p.conns {
			do(c)
		}
	}
}
