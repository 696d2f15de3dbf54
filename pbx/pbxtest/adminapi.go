package pbxtest

// adminAPI serves the licence check and readings of single objects (SDK page PbxAdminApi).
func (c *conn) adminAPI(m message) error {
	switch m.MT {
	case "CheckAppLic":
		return c.checkAppLic(m)
	case "GetObject":
		return c.getObject(m)
	case "GetPbxConfig":
		return c.getPBXConfig(m)
	case "GetAppLogin":
		return c.getAppLogin(m)
	}
	return c.unknown(m)
}

// checkAppLic knows one licence, that of the app. A user without it gets no ok.
func (c *conn) checkAppLic(m message) error {
	var p struct{ Lic string }
	if err := m.decode(&p); err != nil {
		return err
	}
	u, err := c.addressee(m)
	if err != nil {
		return err
	}
	c.result(m, encode(struct {
		OK bool `json:"ok,omitempty"`
	}{u.Licensed && p.Lic == "App("+c.pbx.o.app()+")"}))
	return nil
}

func (c *conn) getObject(m message) error {
	u, err := c.addressee(m)
	if err != nil {
		return err
	}
	type item struct {
		C string `json:"c"`
		A string `json:"a"`
		N string `json:"n"`
	}
	presence := make([]item, 0, len(u.contacts))
	for _, entry := range c.sys.contacts(u, rights{true, true, true}) {
		presence = append(presence, item{entry.Contact, entry.Activity, entry.Note})
	}
	row := c.row(u)
	c.result(m, encode(struct {
		GUID     string `json:"guid"`
		CN       string `json:"cn"`
		DN       string `json:"dn"`
		H323     string `json:"h323"`
		E164     string `json:"e164"`
		Email    any    `json:"h323-email"`
		Emails   any    `json:"emails"`
		Loc      string `json:"loc"`
		Node     string `json:"node"`
		Presence []item `json:"presence"`
	}{
		u.GUID, u.LongName, u.DisplayName, u.Name, u.Number,
		row["h323-email"], row["emails"], u.Home, u.Node, presence,
	}))
	return nil
}

func (c *conn) getPBXConfig(m message) error {
	c.result(m, encode(struct {
		Loc string `json:"loc"`
	}{c.pbx.o.Name}))
	return nil
}

// getAppLogin gives what the service can check with AppCheckLogin, whatever the app.
func (c *conn) getAppLogin(m message) error {
	var p struct{ App, Challenge string }
	if err := m.decode(&p); err != nil {
		return err
	}
	c.result(m, encode(struct {
		App    string `json:"app"`
		Digest string `json:"digest"`
	}{p.App, c.pbx.appDigest(p.App, p.Challenge, c.pbx.o.Password)}))
	return nil
}

// addressee is the user a request names.
func (c *conn) addressee(m message) (*user, error) {
	var id identity
	if err := m.decode(&id); err != nil {
		return nil, err
	}
	return c.sys.find(id)
}
