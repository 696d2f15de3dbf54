package pbxtest

// addAlienCall adds a virtual call at a user who is at home on this PBX.
func (c *conn) addAlienCall(m message, actor *user) (err error) {
	var call *Call
	u, err := c.alienUser(m, actor)
	defer func() {
		w := Write{PBX: c.pbx.o.Name, Op: m.MT}
		if call != nil {
			w.ID = call.id
		}
		c.sys.record(w, u, err)
	}()
	if err != nil {
		return err
	}
	if u.Home != c.pbx.o.Name {
		return refuse("user is not at home on this PBX")
	}
	call = c.sys.newAlien(u, c, m.API)
	c.result(m, encode(struct {
		ID int `json:"id"`
	}{call.id}))
	return nil
}

// delAlienCall ends an alien call that was added on the same API of this connection.
func (c *conn) delAlienCall(m message) (err error) {
	var p struct{ ID int }
	if err := m.decode(&p); err != nil {
		return err
	}
	call := c.aliens[p.ID]
	if call != nil && call.api != m.API {
		call = nil
	}
	var u *user
	if call != nil {
		u = call.user
	}
	defer func() { c.sys.record(Write{PBX: c.pbx.o.Name, Op: m.MT, ID: p.ID}, u, err) }()
	if call == nil {
		return refuse("no such call")
	}
	call.end()
	c.result(m, nil)
	return nil
}

// alienUser finds the user of AddAlienCall by the reading in force.
func (c *conn) alienUser(m message, actor *user) (*user, error) {
	byActor := actor != nil
	switch c.pbx.o.AlienCalls {
	case AlienCallsRefused:
		return nil, unsupported()
	case AlienCallsImpersonated:
		if actor == nil {
			return nil, refuse("no user is impersonated")
		}
	case AlienCallsIdentified:
		byActor = false
	}
	if byActor {
		return actor, nil
	}
	return c.addressee(m, nil)
}
