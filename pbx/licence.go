package pbx

import (
	"errors"
	"log/slog"
	"time"
)

// licenceTries is how often the first check of the licence of a user may come to nothing, while one
// of somebody else is answered, before everybody else goes on without it.
const licenceTries = 3

// licence is what is known of the licence of one user.
type licence struct {
	known   bool // also where it could not be checked, and counts as not held
	held    bool
	checked time.Time // zero where it could not be
	missed  int       // checks that came to nothing
	asked   *session  // the connection whose answer is awaited
}

// renewLicence checks the licence of a user where the last check is too long ago.
func (h *hub) renewLicence(u *user) {
	if !u.licence.known || time.Since(u.licence.checked) >= h.opts.LicenceEvery {
		h.checkLicence(u)
	}
}

// checkLicence asks the master whether a user holds the licence (innovaphone SDK:
// PbxAdminApi, CheckAppLic). A refusal is no answer, nor is what cannot be read: what is
// known stays, and the check is due again.
func (h *hub) checkLicence(u *user) {
	switch {
	case h.master == nil:
		return
	case h.opts.LicenceOff || !h.master.has(apiAdmin):
		h.setLicence(u, true, time.Now())
		return
	case u.licence.asked == h.master:
		return
	}
	s := h.master
	u.licence.asked = s
	check := question{api: apiAdmin, name: "CheckAppLic", body: fields{"guid": u.GUID, "lic": h.opts.Licence}}
	h.ask(s, check, func(m message, err error) {
		if h.users[u.GUID] != u || u.licence.asked != s {
			return
		}
		u.licence.asked = nil
		var answer struct {
			OK bool `json:"ok"`
		}
		if err == nil {
			err = m.into(&answer)
		}
		if errors.Is(err, ErrFrame) {
			s.badFrame(err)
		}
		switch {
		case err == nil:
			h.copied.checks = true
			h.setLicence(u, answer.OK, time.Now())
		case !u.licence.known:
			h.missLicence(u, err)
		}
	})
}

// askControl begins a round of checks. Where licences are not known yet, one that is known is asked
// for first, which shows whether the master answers at all.
func (h *hub) askControl() {
	h.copied.checks = false
	if h.unsettled == 0 {
		return
	}
	for _, u := range h.users {
		if !u.licence.checked.IsZero() {
			h.checkLicence(u)
			return
		}
	}
}

// missLicence takes that the first check of a licence has come to nothing because of err. While the
// master answers for nobody, nobody is given up.
func (h *hub) missLicence(u *user, err error) {
	h.copied.unchecked = err
	if h.copied.checks {
		u.licence.missed++
	}
	if u.licence.missed < licenceTries {
		h.settled()
		return
	}
	h.opts.Logger.Warn("licence cannot be checked, and counts as not held", slog.String("guid", u.GUID), slog.Any("error", err))
	h.setLicence(u, false, time.Time{})
}

func (h *hub) setLicence(u *user, held bool, checked time.Time) {
	before := u.licence
	h.tally(before, -1)
	u.licence = licence{known: true, held: held, checked: checked}
	h.tally(u.licence, 1)
	h.announce(u, u.User)
	h.place(u)
	if before.checked.IsZero() {
		h.settled()
	}
}

// tally counts n licences more of what is known of one.
func (h *hub) tally(l licence, n int) {
	switch {
	case !l.known:
		h.unsettled += n
	case l.checked.IsZero():
		h.unproven += n
	}
}
