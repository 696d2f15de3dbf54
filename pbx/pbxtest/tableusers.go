package pbxtest

import (
	"maps"
	"slices"
	"strings"
)

// maxPseudo is the number of object types that made a real PBX crash.
const maxPseudo = 20

// EndOfCopy is a form of the ReplicateNextResult that ends the first copy. Services in the
// field test for each of them.
type EndOfCopy int

const (
	// EndWithoutColumns has no columns.
	EndWithoutColumns EndOfCopy = iota
	// EndEmptyColumns has columns without members.
	EndEmptyColumns
	// EndWithoutGUID has columns, yet no guid among them.
	EndWithoutGUID
)

// table is the replication on one connection.
type table struct {
	src     string          // of the last request
	columns map[string]bool // asked for
	users   bool            // whether pseudo asks for user objects
	rest    []*user         // of the first copy
}

// usersAPI serves PbxTableUsers, reading only (SDK pages Replication and PbxTableUsers).
func (c *conn) usersAPI(m message) error {
	switch m.MT {
	case "ReplicateStart":
		return c.replicateStart(m)
	case "ReplicateNext":
		return c.replicateNext(m)
	}
	return c.unknown(m)
}

func (c *conn) replicateStart(m message) error {
	var p struct {
		Columns map[string]struct{} `json:"columns"`
		Pseudo  []string            `json:"pseudo"`
	}
	if err := m.decode(&p); err != nil {
		return err
	}
	if len(p.Columns) == 0 {
		return refuse("no columns")
	}
	if len(p.Pseudo) > maxPseudo {
		c.sys.violated(c.pbx, "%s: %d pseudo types", m.name(), len(p.Pseudo))
		c.close()
		return nil
	}
	if _, ok := p.Columns["pwd"]; ok {
		c.sys.violated(c.pbx, "%s: column pwd", m.name())
	}
	t := &table{
		src:     m.Src,
		columns: make(map[string]bool),
		users:   len(p.Pseudo) == 0 || slices.Contains(p.Pseudo, ""),
	}
	offered := make(map[string]struct{})
	for column := range c.row(&user{}) {
		if _, ok := p.Columns[column]; ok {
			t.columns[column] = true
			offered[column] = struct{}{}
		}
	}
	for u := range c.sys.everybody() {
		if t.users && c.pbx.sees(u) {
			t.rest = append(t.rest, u)
		}
	}
	c.table = t
	c.result(m, encode(columnsBody{offered}))
	return nil
}

func (c *conn) replicateNext(m message) error {
	t := c.table
	if t == nil {
		c.sys.violated(c.pbx, "%s before ReplicateStart", m.name())
		return refuse("not started")
	}
	t.src = m.Src
	for len(t.rest) > 0 {
		u := t.rest[0]
		t.rest = t.rest[1:]
		if c.sys.users[u.GUID] == u && c.pbx.sees(u) {
			c.result(m, encode(columnsBody{c.filtered(u)}))
			return nil
		}
	}
	switch c.pbx.o.EndOfCopy {
	case EndWithoutColumns:
		c.result(m, nil)
	case EndEmptyColumns:
		c.result(m, encode(columnsBody{struct{}{}}))
	case EndWithoutGUID:
		c.result(m, encode(columnsBody{c.filtered(&user{})}))
	}
	return nil
}

type columnsBody struct {
	Columns any `json:"columns"`
}

// row is a user as its replicated columns. Empty strings are there, to list the columns.
func (c *conn) row(u *user) map[string]any {
	emails := make([]map[string]string, 0, len(u.Emails))
	for _, address := range u.Emails {
		emails = append(emails, map[string]string{"email": address})
	}
	devices := make([]deviceBody, len(u.Devices))
	for i, hw := range u.Devices {
		devices[i] = deviceBody{HW: hw, Text: hw}
	}
	return map[string]any{
		"guid": u.GUID, "h323": u.Name, "cn": u.LongName, "dn": u.DisplayName, "e164": u.Number,
		"node": u.Node, "loc": u.Home, "config": u.Config, "pseudo": "",
		"apps": strings.Join(u.Apps, ","), "apps-my": strings.Join(u.Apps, ","),
		"hide": false, "fax": false, "h323-email": u.NameIsEmail, "emails": emails,
		"allows": []allowBody{}, "t-allows": []allowBody{{
			Name: "@", Online: !u.Hidden, Presence: !u.Hidden, OTF: !u.Hidden && !u.HidesCalls,
			Note: !u.Hidden && !u.HidesNotes, Visible: !u.Hidden,
		}},
		"grps": groups(u.Groups), "devices": devices, "wakeups": []struct{}{},
	}
}

type groupBody struct {
	Name string `json:"name"`
}

func groups(names []string) []groupBody {
	list := make([]groupBody, len(names))
	for i, name := range names {
		list[i].Name = name
	}
	return list
}

// allowBody is an entry of Visibility: what watchers of that name see.
type allowBody struct {
	Name     string `json:"name"`
	Online   bool   `json:"online"`
	Presence bool   `json:"presence"`
	OTF      bool   `json:"otf"`
	Note     bool   `json:"note"`
	Visible  bool   `json:"visible"`
}

// deviceBody is a device as replicated; the switches are those of a device just added.
type deviceBody struct {
	HW       string `json:"hw"`
	Text     string `json:"text"`
	App      string `json:"app"`
	Admin    bool   `json:"admin"`
	NoFilter bool   `json:"no-filter"`
	TLS      bool   `json:"tls"`
	NoMob    bool   `json:"no-mob"`
	Trusted  bool   `json:"trusted"`
	SReg     bool   `json:"sreg"`
	MR       bool   `json:"mr"`
}

// filtered leaves of a row what was asked for and is not an empty string.
func (c *conn) filtered(u *user) map[string]any {
	row := c.row(u)
	maps.DeleteFunc(row, func(column string, value any) bool {
		return !c.table.columns[column] || value == ""
	})
	return row
}

func (s *System) replicateAdd(u *user) { s.replicate("ReplicateAdd", u, nil) }

func (s *System) replicateDel(u *user) { s.replicate("ReplicateDel", nil, u) }

func (s *System) replicateUpdate(old, u *user) { s.replicate("ReplicateUpdate", u, old) }

// replicate pushes a change to all replications. On a slave, a user who moves in or out
// is added or deleted.
func (s *System) replicate(mt string, now, before *user) {
	s.eachConn(func(c *conn) {
		if c.table == nil || !c.table.users {
			return
		}
		seen, sees := before != nil && c.pbx.sees(before), now != nil && c.pbx.sees(now)
		switch {
		case sees && !seen:
			c.push("ReplicateAdd", c.filtered(now))
		case sees:
			c.push(mt, c.filtered(now))
		case seen:
			c.push("ReplicateDel", map[string]any{"guid": before.GUID})
		}
	})
	s.rosterChanged(now, before)
}

func (c *conn) push(mt string, columns map[string]any) {
	c.indicate(apiUsers, mt, c.table.src, encode(columnsBody{columns}))
}
