package pbx

import (
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
)

// maxBadRows is how many rows of a copy may be malformed before it is given up.
const maxBadRows = 100

// replication is one copying of the users of the master (innovaphone SDK:
// Replication, PbxTableUsers). The hub owns it, except for the last two.
type replication struct {
	complete bool // every row has come
	synced   bool // and was told, with UsersSynced after it
	failed   bool // to be begun again

	checks    bool  // a licence was told in this round
	unchecked error // why one was not, of the last check

	over atomic.Bool // another one has begun
	bad  int         // malformed rows, until complete of the one who asks for the next
}

// row is the body of every message that carries a row.
type row struct {
	Columns columns `json:"columns"`
}

// replicate begins a copy on a connection of the master. What is known stays.
func (h *hub) replicate(s *session) {
	h.copied.over.Store(true)
	c := &replication{}
	h.copied = c
	if !s.has(apiUsers) {
		return
	}
	wanted := fields{}
	for _, name := range []string{"guid", "h323", "cn", "dn", "e164", "loc", "pseudo", "h323-email", "emails", "grps"} {
		wanted[name] = fields{}
	}
	start := question{api: apiUsers, name: "ReplicateStart", body: fields{
		"add": false, "del": false, "columns": wanted, "pseudo": []string{""},
	}}
	h.ask(s, start, func(_ message, err error) {
		switch {
		case h.copied != c:
		case err != nil:
			h.copyFailed(err)
		default:
			h.nextRow(s, c)
		}
	})
}

// nextRow asks for one row after the other, until one comes that is none. The question
// for the next row goes out before the hub has taken this one in: who copies waits for
// the wire, not for the work.
func (h *hub) nextRow(s *session, c *replication) {
	next := question{api: apiUsers, name: "ReplicateNext"}
	_ = s.ask(next, func(m message, err error) {
		var r row
		if err = s.judge(next.name, m, err); err == nil {
			err = m.into(&r)
		}
		skip := errors.Is(err, ErrFrame)
		if skip {
			s.badFrame(err)
			c.bad++
			skip = c.bad <= maxBadRows
		}
		if (skip || err == nil && r.Columns.GUID != "") && !c.over.Load() {
			h.nextRow(s, c)
		}
		if !skip {
			h.post(func() { h.copyRow(s, c, r.Columns, err) })
		}
	})
}

func (h *hub) copyRow(s *session, c *replication, row columns, err error) {
	switch {
	case s.gone || h.copied != c || errors.Is(err, ErrNotConnected):
	case err != nil:
		h.copyFailed(err)
	case row.GUID == "":
		h.copyComplete()
	default:
		h.upsert(row)
	}
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
	h.endSilence("") // every home has its name
	for _, u := range h.users {
		if u.copied != h.copied && h.copied.bad == 0 {
			h.drop(u)
		}
	}
	h.settled()
}

// settled tells that the copy is there, once the licence of everyone is known, or given up.
func (h *hub) settled() {
	if h.master == nil || !h.copied.complete {
		return
	}
	h.lights.users(h.master, len(h.users), h.unsettled, h.unproven, h.copied.unchecked, !h.opts.LicenceOff && !h.master.has(apiAdmin))
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
