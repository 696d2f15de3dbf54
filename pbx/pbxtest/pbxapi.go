package pbxtest

// presenceAPI is PbxApi on one connection, or an impersonation of it. What is made on it
// lives on it.
type presenceAPI struct {
	conn   *conn
	name   string
	actor  *user                      // whom it acts as; nil is the App object
	subs   map[string][]*subscription // by src
	aliens map[int]*Call
}

func (c *conn) addPresenceAPI(name string, actor *user) {
	a := &presenceAPI{
		conn: c, name: name, actor: actor,
		subs: make(map[string][]*subscription), aliens: make(map[int]*Call),
	}
	c.presence[name] = a
	if actor != nil {
		actor.apis = append(actor.apis, a)
	}
}

// close ends the subscriptions and alien calls of the API; sys.mu must be held.
func (a *presenceAPI) close() {
	delete(a.conn.presence, a.name)
	if a.actor != nil {
		a.actor.apis = without(a.actor.apis, a)
	}
	for src := range a.subs {
		for len(a.subs[src]) > 0 {
			a.subs[src][0].remove()
		}
	}
	for _, call := range a.aliens {
		call.end()
	}
}

// servePresence serves PbxApi and its impersonations (SDK page PbxApi).
func (c *conn) servePresence(m message) error {
	a := c.presence[m.API]
	if a == nil {
		c.sys.violated(c.pbx, "%s: no such API", m.name())
		return refuse("no such API")
	}
	switch m.MT {
	case "SubscribePresence":
		return a.subscribe(m)
	case "UnsubscribePresence":
		return a.unsubscribe(m)
	case opSetPresence:
		return a.setPresence(m)
	case opAddAlienCall:
		return a.addAlienCall(m)
	case opDelAlienCall:
		return a.delAlienCall(m)
	case "GetNodeInfo":
		return a.getNodeInfo(m)
	}
	return c.unknown(m)
}

func (a *presenceAPI) subscribe(m message) error {
	u, err := a.addressee(m)
	if err != nil {
		return err
	}
	sub := &subscription{api: a, src: m.Src, user: u}
	u.subs = append(u.subs, sub)
	a.subs[sub.src] = append(a.subs[sub.src], sub)
	a.conn.result(m, nil)
	sub.start()
	a.conn.sys.changed()
	return nil
}

// unsubscribe goes by src, the only name a subscription has.
func (a *presenceAPI) unsubscribe(m message) error {
	subs := a.subs[m.Src]
	if len(subs) == 0 {
		return refuse("no such subscription")
	}
	subs[0].remove()
	a.conn.result(m, nil)
	return nil
}

func (a *presenceAPI) setPresence(m message) (err error) {
	c := a.conn
	var p struct{ Contact, Activity, Note string }
	if err := m.decode(&p); err != nil {
		return err
	}
	u, err := a.addressee(m)
	defer func() {
		c.sys.record(Write{
			PBX: c.pbx.o.Name, Op: m.MT, Contact: p.Contact, Activity: p.Activity, Note: p.Note, Fault: m.fault,
		}, u, err)
	}()
	switch {
	case err != nil:
		return err
	case !settable(p.Activity):
		return refuse("activity cannot be set")
	}
	c.sys.set(u, p.Contact, p.Activity, p.Note)
	c.result(m, nil)
	return nil
}

// getNodeInfo tells the numbering node of the user, or of the App object. All nodes dial
// alike here.
func (a *presenceAPI) getNodeInfo(m message) error {
	node := "root"
	if a.actor != nil {
		node = a.actor.Node
	}
	a.conn.result(m, encode(struct {
		Name    string `json:"name"`
		Intl    string `json:"prefix_intl"`
		Ntl     string `json:"prefix_ntl"`
		Subs    string `json:"prefix_subs"`
		Country string `json:"country_code"`
	}{node, prefixIntl, prefixNtl, prefixSubs, countryCode}))
	return nil
}

// addressee is the user a request names, or the one the API acts as.
func (a *presenceAPI) addressee(m message) (*user, error) {
	var id identity
	if err := m.decode(&id); err != nil {
		return nil, err
	}
	if a.actor != nil && id == (identity{}) {
		return a.actor, nil
	}
	return a.conn.sys.find(id)
}
