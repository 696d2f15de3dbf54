package pbx

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
)

// maxBadRows is how many rows of a copy may be malformed before it is given up.
const maxBadRows = 100

// replication is the copying of the users of the master (innovaphone SDK:
// Replication, PbxTableUsers).
type replication struct {
	number   uint64 // counts the copies begun
	complete bool   // every row has come
	synced   bool   // and was told, with UsersSynced after it
	failed   bool   // to be begun again
	bad      int    // malformed rows
}

// user is a row of the master and what hangs on it.
type user struct {
	User      // as UserSeen told it, where it did
	announced bool
	copied    uint64 // the last copy that held the row
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
}

// row is the body of every message that carries a row.
type row struct {
	Columns columns `json:"columns"`
}

// replicate begins a copy on a connection of the master. What is known stays.
func (h *hub) replicate(s *session) {
	h.copied = replication{number: h.copied.number + 1}
	if !s.has(apiUsers) {
		return
	}
	wanted := fields{}
	for _, name := range []string{"guid", "h323", "cn", "dn", "e164", "loc", "pseudo", "h323-email", "emails"} {
		wanted[name] = fields{}
	}
	start := question{api: apiUsers, name: "ReplicateStart", body: fields{
		"add": false, "del": false, "columns": wanted, "pseudo": []string{""},
	}}
	number := h.copied.number
	h.ask(s, start, func(_ message, err error) {
		switch {
		case number != h.copied.number:
		case err != nil:
			h.copyFailed(err)
		default:
			h.nextRow(s)
		}
	})
}

// nextRow asks for one row after the other, until one comes that is none.
func (h *hub) nextRow(s *session) {
	number := h.copied.number
	h.ask(s, question{api: apiUsers, name: "ReplicateNext"}, func(m message, err error) {
		if number != h.copied.number {
			return
		}
		var r row
		if err == nil {
			err = m.into(&r)
		}
		switch {
		case errors.Is(err, ErrFrame):
			s.badFrame(err)
			if h.copied.bad++; h.copied.bad > maxBadRows {
				h.copyFailed(err)
				return
			}
			h.nextRow(s)
		case err != nil:
			h.copyFailed(err)
		case r.Columns.GUID == "":
			h.copyComplete()
		default:
			h.upsert(r.Columns)
			h.nextRow(s)
		}
	})
}

func (h *hub) copyFailed(err error) {
	err = fmt.Errorf("read users: %w", err)
	h.copied.failed = true
	h.lights.master.Fail(err)
	h.opts.Logger.Warn("replication failed", slog.Any("error", err))
}

// copyComplete drops the users that the copy did not hold, unless they may be among
// the rows that could not be read.
func (h *hub) copyComplete() {
	h.copied.complete = true
	for _, u := range h.users {
		if u.copied != h.copied.number && h.copied.bad == 0 {
			h.drop(u)
		}
	}
	h.settled()
}

// settled tells that the copy is there, once the licence of everyone is known.
func (h *hub) settled() {
	if h.master == nil || !h.copied.complete {
		return
	}
	h.lights.users(h.master, len(h.users), h.unsettled, !h.opts.LicenceOff && !h.master.has(apiAdmin))
	if h.unsettled == 0 && !h.copied.synced {
		h.copied.synced = true
		h.emit(UsersSynced{})
	}
}

// replicated handles ReplicateAdd and ReplicateUpdate, which carry whole rows and
// may come before the copy is complete.
func (h *hub) replicated(s *session, m message) error {
	var r row
	if err := m.into(&r); err != nil {
		return err
	}
	switch {
	case r.Columns.GUID == "":
		return fmt.Errorf("%w: %s without guid", ErrFrame, m.Name)
	case s == h.master:
		h.upsert(r.Columns)
	}
	return nil
}

func (h *hub) deleted(s *session, m message) error {
	var r row
	if err := m.into(&r); err != nil {
		return err
	}
	if u := h.users[r.Columns.GUID]; u != nil && s == h.master {
		h.drop(u)
		h.settled()
	}
	return nil
}

// upsert takes a row in. Objects that are no users are none, also where they once were.
func (h *hub) upsert(c columns) {
	u := h.users[c.GUID]
	if c.Pseudo != "" {
		if u != nil {
			h.drop(u)
		}
		return
	}
	if u == nil {
		u = &user{}
		h.users[c.GUID] = u
		h.unsettled++
	}
	before := u.User
	u.User = c.user(h.master)
	u.Licensed = before.Licensed
	u.copied = h.copied.number
	h.routes.setHome(u.GUID, home{sip: u.Name, pbx: u.Home})
	if before.Home != u.Home {
		h.evict(u.GUID, u.Home)
	}
	if u.licence.known {
		h.announce(u, before)
		h.place(u)
	}
	h.checkLicence(u)
}

func (h *hub) drop(u *user) {
	delete(h.users, u.GUID)
	h.routes.forget(u.GUID)
	h.evict(u.GUID, "")
	if !u.licence.known {
		h.unsettled--
	}
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
	return u
}
