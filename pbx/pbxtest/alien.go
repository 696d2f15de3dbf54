package pbxtest

// addAlienCall adds a virtual call at a user who is at home on this PBX.
func (a *presenceAPI) addAlienCall(m message) (err error) {
	c := a.conn
	var call *Call
	u, err := a.alienUser(m)
	defer func() {
		w := Write{PBX: c.pbx.o.Name, Op: m.MT, Fault: m.fault}
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
	call = c.sys.newAlien(u, a)
	c.result(m, encode(struct {
		ID int `json:"id"`
	}{call.id}))
	return nil
}

// delAlienCall ends an alien call that was added on the same API of this connection.
func (a *presenceAPI) delAlienCall(m message) (err error) {
	c := a.conn
	var p struct{ ID int }
	if err := m.decode(&p); err != nil {
		return err
	}
	var u *user
	call := a.aliens[p.ID]
	if call != nil {
		u = call.user
	}
	defer func() { c.sys.record(Write{PBX: c.pbx.o.Name, Op: m.MT, ID: p.ID, Fault: m.fault}, u, err) }()
	if call == nil {
		return refuse("no such call")
	}
	call.end()
	c.result(m, nil)
	return nil
}

// alienUser finds the user of AddAlienCall by the reading in force.
func (a *presenceAPI) alienUser(m message) (*user, error) {
	byActor := a.actor != nil
	switch a.conn.pbx.o.AlienCalls {
	case AlienCallsRefused:
		return nil, unsupported()
	case AlienCallsImpersonated:
		if a.actor == nil {
			return nil, refuse("no user is impersonated")
		}
	case AlienCallsIdentified:
		byActor = false
	}
	if byActor {
		return a.actor, nil
	}
	return a.conn.addressee(m)
}
