package pbx

import (
	"errors"
	"time"
)

// licence is what is known of the licence of one user.
type licence struct {
	known   bool
	held    bool
	checked time.Time
	asked   *session // the connection whose answer is awaited
}

// renewLicence checks the licence of a user where the last check is too long ago.
func (h *hub) renewLicence(u *user) {
	if !u.licence.known || time.Since(u.licence.checked) >= h.opts.LicenceEvery {
		h.checkLicence(u)
	}
}

// checkLicence asks the master whether a user holds the licence (innovaphone SDK:
// PbxAdminApi, CheckAppLic). A refusal is no answer: what is known stays, and the check is
// due again.
func (h *hub) checkLicence(u *user) {
	switch {
	case h.master == nil:
		return
	case h.opts.LicenceOff || !h.master.has(apiAdmin):
		h.setLicence(u, true)
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
		switch {
		case errors.Is(err, ErrFrame):
			s.badFrame(err)
		case err == nil:
			h.setLicence(u, answer.OK)
		case !u.licence.known:
			h.copied.unchecked = err
			h.settled()
		}
	})
}

func (h *hub) setLicence(u *user, held bool) {
	first := !u.licence.known
	u.licence = licence{known: true, held: held, checked: time.Now()}
	h.announce(u, u.User)
	h.place(u)
	if first {
		h.unsettled--
		h.settled()
	}
}
