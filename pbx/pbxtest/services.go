package pbxtest

import (
	"encoding/json"
	"slices"
)

// Service is another App Service of the system, as the Services API lists it.
type Service struct {
	Name     string // of the app: the last component of its URL
	Title    string
	URL      string
	APIs     []string // ids of what it offers, such as com.innovaphone.calendar
	Password string   // of its App object; not listed
}

// String is the name; it keeps the password out of logs.
func (s Service) String() string { return s.Name }

// SetServices says which App Services there are and tells all who subscribed.
func (s *System) SetServices(services ...Service) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.services = slices.Clone(services)
	s.eachConn(func(c *conn) { c.sayServices() })
	s.changed()
}

// servicesAPI serves Services (SDK page Services).
func (c *conn) servicesAPI(m message) error {
	switch m.MT {
	case "SubscribeServices":
		c.services = &m.Src
		c.result(m, nil)
		c.sayServices()
		return nil
	case "GetServiceLogin":
		return c.getServiceLogin(m)
	}
	return c.unknown(m)
}

// sayServices lists the services if that was asked for.
func (c *conn) sayServices() {
	if c.services == nil {
		return
	}
	type service struct {
		Name  string              `json:"name"`
		Title string              `json:"title"`
		URL   string              `json:"url"`
		Info  map[string]struct{} `json:"info"`
	}
	list := make([]service, len(c.sys.services))
	for i, s := range c.sys.services {
		list[i] = service{s.Name, s.Title, s.URL, make(map[string]struct{})}
		for _, id := range s.APIs {
			list[i].Info[id] = struct{}{}
		}
	}
	c.indicate(apiServices, "ServicesInfo", *c.services, encode(struct {
		Services []service `json:"services"`
	}{list}))
}

// getServiceLogin gives the App object's login to another service, and the session key of it
// in a form only this connection can read.
func (c *conn) getServiceLogin(m message) error {
	var p struct{ App, Challenge string }
	if err := m.decode(&p); err != nil {
		return err
	}
	i := slices.IndexFunc(c.sys.services, func(s Service) bool { return s.Name == p.App })
	if i < 0 {
		return refuse("no such service")
	}
	login := c.pbx.credentials()
	login.app, login.password = p.App, c.sys.services[i].Password
	salt := newGUID("salt", string(c.key), p.Challenge)
	c.result(m, encode(struct {
		Domain string          `json:"domain"`
		SIP    string          `json:"sip"`
		GUID   string          `json:"guid"`
		DN     string          `json:"dn"`
		PbxObj string          `json:"pbxObj"`
		App    string          `json:"app"`
		Info   json.RawMessage `json:"info"`
		Digest string          `json:"digest"`
		Key    string          `json:"key"`
		Salt   string          `json:"salt"`
	}{
		login.domain, login.sip, login.guid, login.dn, c.pbx.o.AppObject, login.app, login.info,
		login.digest(p.Challenge),
		c.key.encrypt(salt, string(newSessionKey(p.Challenge, login.password))), salt,
	}))
	return nil
}
