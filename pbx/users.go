package pbx

import (
	"cmp"
	"encoding/json"
	"reflect"
	"strings"
)

// user is a row of the master and what hangs on it.
type user struct {
	User      // as UserSeen told it, where it did
	announced bool
	copied    *replication // the last one that held the row
	licence   licence
	watch     *watch // nil while not watched

	told bool // PresenceSeen was sent, and no PresenceLost after it
	lost bool // PresenceLost was sent, and no PresenceSeen after it
	seen Seen // what PresenceSeen said
}

// columns are the members of a row that are asked for.
type columns struct {
	GUID      string `json:"guid"`
	H323      string `json:"h323"`
	CN        string `json:"cn"`
	DN        string `json:"dn"`
	E164      string `json:"e164"`
	Loc       string `json:"loc"`
	Pseudo    string `json:"pseudo"`
	H323Email bool   `json:"h323-email"`
	Emails    []struct {
		Email string `json:"email"`
	} `json:"emails"`
	Groups []json.RawMessage `json:"grps"`
}

// upsert takes a row in. Objects that are no users are none, also where they once were.
func (h *hub) upsert(c columns) {
	u := h.users[c.GUID]
	if c.Pseudo != "" {
		if u != nil {
			h.drop(u)
			h.settled()
		}
		return
	}
	if u == nil {
		u = &user{}
		h.users[c.GUID] = u
		h.tally(u.licence, 1)
	}
	before := u.User
	u.User = c.user(h.master)
	u.Licensed = before.Licensed
	u.copied = h.copied
	h.routes.setHome(u.GUID, home{sip: u.Name, pbx: u.Home})
	if before.Home != u.Home {
		h.evict(u.GUID)
		h.movedFrom(before.Home, u.GUID)
	}
	h.expect(u.Home)
	if u.licence.known {
		h.announce(u, before)
		h.place(u)
	}
	h.checkLicence(u)
}

func (h *hub) drop(u *user) {
	delete(h.users, u.GUID)
	h.routes.forget(u.GUID)
	h.evict(u.GUID)
	h.tally(u.licence, -1)
	h.unwatch(u)
	h.lose(u, ErrUnknownUser)
	if u.announced {
		h.emit(UserGone{GUID: u.GUID})
	}
}

// announce tells of a user whose licence is known, if there is news since before.
func (h *hub) announce(u *user, before User) {
	u.Licensed = u.licence.held
	if !u.announced || !reflect.DeepEqual(u.User, before) {
		u.announced = true
		h.emit(UserSeen{User: u.User})
	}
}

func (c columns) user(master *session) User {
	u := User{
		GUID:        c.GUID,
		Name:        c.H323,
		LongName:    c.CN,
		DisplayName: c.DN,
		Number:      c.E164,
		Home:        cmp.Or(c.Loc, master.name()),
	}
	domain := master.info.Domain
	seen := map[string]bool{}
	add := func(address string) {
		if !strings.Contains(address, "@") && domain != "" {
			address += "@" + domain
		}
		local, host, _ := strings.Cut(address, "@")
		if local != "" && host != "" && !seen[address] {
			seen[address] = true
			u.Emails = append(u.Emails, address)
		}
	}
	for _, e := range c.Emails {
		add(e.Email)
	}
	if c.H323Email {
		add(c.H323)
	}
	for _, group := range c.Groups {
		if name := groupName(group); name != "" {
			u.Groups = append(u.Groups, name)
		}
	}
	return u
}
