package pbxtest

import "slices"

// subscription is a SubscribePresence that was answered with success.
type subscription struct {
	conn *conn
	api  string
	src  string
	user *user
	self bool // made as the user itself, whom Visibility does not bind
}

// presenceAPI serves PbxApi and its impersonations (SDK page PbxApi).
func (c *conn) presenceAPI(m message) error {
	actor, known := c.actors[m.API]
	if m.API != apiPresence && !known {
		c.sys.violated(c.pbx, "%s: no such API", m.name())
		return refuse("no such API")
	}
	switch m.MT {
	case "SubscribePresence":
		return c.subscribe(m, actor)
	case "UnsubscribePresence":
		return c.unsubscribe(m)
	case opSetPresence:
		return c.setPresence(m, actor)
	case opAddAlienCall:
		return c.addAlienCall(m, actor)
	case opDelAlienCall:
		return c.delAlienCall(m)
	}
	return c.unknown(m)
}

func (c *conn) subscribe(m message, actor *user) error {
	u, err := c.addressee(m, actor)
	if err != nil {
		return err
	}
	sub := &subscription{conn: c, api: m.API, src: m.Src, user: u, self: u == actor}
	u.subs = append(u.subs, sub)
	c.subs[sub] = struct{}{}
	c.result(m, nil)
	sub.start()
	c.sys.changed()
	return nil
}

func (c *conn) unsubscribe(m message) error {
	for sub := range c.subs {
		if sub.api == m.API && sub.src == m.Src {
			sub.remove()
			c.result(m, nil)
			return nil
		}
	}
	return refuse("no such subscription")
}

// remove takes the subscription away and tells nobody.
func (s *subscription) remove() {
	delete(s.conn.subs, s)
	s.user.subs = slices.DeleteFunc(s.user.subs, func(other *subscription) bool { return other == s })
	s.conn.sys.changed()
}

func (s *subscription) up() bool { return s.self || !s.user.Hidden }

// start tells whether the subscription is up and, if it is, the presence.
func (s *subscription) start() {
	s.sendState(s.up())
	if s.up() {
		s.conn.indicate(s.api, "PresenceUpdate", s.src, encode(presenceList{s.conn.sys.contacts(s.user)}))
	}
}

func (s *subscription) sendState(up bool) {
	u, email := s.user, ""
	if len(u.Emails) > 0 {
		email = u.Emails[0]
	}
	s.conn.indicate(s.api, "PresenceState", s.src, encode(struct {
		Up     bool   `json:"up"`
		SIP    string `json:"sip"`
		Number string `json:"num,omitempty"`
		DN     string `json:"dn,omitempty"`
		Email  string `json:"email,omitempty"`
	}{up, u.Name, u.Number, u.DisplayName, email}))
}

func (c *conn) setPresence(m message, actor *user) (err error) {
	var p struct{ Contact, Activity, Note string }
	if err := m.decode(&p); err != nil {
		return err
	}
	u, err := c.addressee(m, actor)
	defer func() {
		c.sys.record(Write{
			PBX: c.pbx.o.Name, Op: m.MT, Contact: p.Contact, Activity: p.Activity, Note: p.Note,
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

// addressee is the user a request names, or the one it is made as.
func (c *conn) addressee(m message, actor *user) (*user, error) {
	var id identity
	if err := m.decode(&id); err != nil {
		return nil, err
	}
	if actor != nil && id == (identity{}) {
		return actor, nil
	}
	return c.sys.find(id)
}
