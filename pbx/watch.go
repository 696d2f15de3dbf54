package pbx

import (
	"log/slog"
	"strings"
	"time"

	"github.com/pbx365/connector/presence"
)

// onThePhone is the activity that a PBX shows of a user with a call. Nobody can set it.
const onThePhone = "on-the-phone"

// watch is the subscription of the presence of a user on one connection (innovaphone
// SDK: PbxApi). Its src is the GUID of the user.
type watch struct {
	on     *session
	sip    string // the user was subscribed under that name
	failed bool   // refused or left unanswered, to be tried again
	known  bool   // the contacts have come and hold
	value  presence.PBX
	phone  bool // some contact says on-the-phone
	at     time.Time
	told   bool // PresenceSeen was sent, and no PresenceLost after it
	hidden bool // the PBX does not show it

	onCall  bool // what PresenceSeen said
	counted bool // and whether that came from the calls
}

// contact is an entry of a PresenceUpdate, which lists the newest first.
type contact struct {
	Contact  string `json:"contact"`
	Activity string `json:"activity"`
	Note     string `json:"note"`
}

// placeAll places every user, after a PBX has come or gone.
func (h *hub) placeAll() {
	for _, u := range h.users {
		h.place(u)
	}
}

// place moves the watch of a user to the connection where it belongs now, if any.
// On the same one, a user may have come home.
func (h *hub) place(u *user) {
	var target *session
	if u.licence.held {
		target = h.routes.serving(u.Home)
	}
	if w := u.watch; w != nil {
		if w.on == target && w.sip == u.Name {
			if w.told {
				h.recount(u)
			}
			return
		}
		h.unwatch(u)
	}
	if target != nil {
		h.watch(u, target)
	}
}

func (h *hub) watch(u *user, s *session) {
	w := &watch{on: s, sip: u.Name}
	u.watch = w
	h.ask(s, apiPresence, "SubscribePresence", fields{"src": u.GUID, "sip": w.sip}, func(_ message, err error) {
		if u.watch != w {
			return
		}
		if err != nil {
			h.opts.Logger.Debug("presence not subscribed", slog.String("guid", u.GUID), slog.Any("error", err))
			w.failed, w.known = true, false
			h.lose(u)
		}
		h.hide(w, !w.known)
	})
}

// hide takes down whether a PBX keeps the presence of a user from us.
func (h *hub) hide(w *watch, hidden bool) {
	if w.hidden == hidden {
		return
	}
	w.hidden = hidden
	if hidden {
		w.on.hidden++
	} else {
		w.on.hidden--
	}
	h.light(w.on.name())
}

// unwatch ends the watch of a user, if there is one.
func (h *hub) unwatch(u *user) {
	w := u.watch
	if w == nil {
		return
	}
	h.lose(u)
	u.watch = nil
	if !w.on.gone {
		h.hide(w, false)
		h.ask(w.on, apiPresence, "UnsubscribePresence", fields{"src": u.GUID, "sip": w.sip}, func(message, error) {})
	}
}

// watched returns the user an indication is about, or nil if it comes too late.
func (h *hub) watched(s *session, m message) *user {
	u := h.users[string(m.Src)]
	if u == nil || u.watch == nil || u.watch.on != s {
		return nil
	}
	return u
}

func (h *hub) presenceState(s *session, m message) error {
	var state struct {
		Up bool `json:"up"`
	}
	if err := m.into(&state); err != nil {
		return err
	}
	if u := h.watched(s, m); u != nil && !state.Up {
		u.watch.known = false
		h.lose(u)
		h.hide(u.watch, true)
	}
	return nil
}

func (h *hub) presenceUpdate(s *session, m message) error {
	var update struct {
		Presence []contact `json:"presence"`
	}
	if err := m.into(&update); err != nil {
		return err
	}
	if u := h.watched(s, m); u != nil {
		u.watch.read(update.Presence, h.opts.Contact)
		h.hide(u.watch, false)
		h.show(u)
	}
	return nil
}

// read takes the contacts in, which prove that the subscription stands. Where on-the-phone stands in the contact that is
// watched, what it held before is still what a person has put there.
func (w *watch) read(contacts []contact, watched string) {
	w.known, w.failed, w.at, w.phone = true, false, time.Now(), false
	var value presence.PBX
	var found, covered bool
	for _, c := range contacts {
		phone := strings.EqualFold(c.Activity, onThePhone)
		w.phone = w.phone || phone
		switch {
		case c.Contact != watched || found:
		case phone:
			covered = true
		default:
			found, value = true, presence.PBX{Activity: c.Activity, Note: c.Note}
		}
	}
	if found || !covered {
		w.value = value
	}
}

// show tells what a user shows, once enough is known: one call says that the user is
// on the phone, only all of them say the contrary.
func (h *hub) show(u *user) {
	w := u.watch
	onCall, counted := u.phone()
	if !w.known || counted && !onCall && !w.on.calls.known {
		return
	}
	w.told, w.onCall, w.counted = true, onCall, counted
	h.emit(PresenceSeen{GUID: u.GUID, Seen: presence.PBXSeen{
		Value:      w.value,
		OnPhone:    onCall,
		Counted:    counted,
		Home:       w.on.name(),
		Connection: w.on.number,
		At:         w.at,
	}})
}

// lose tells that a user cannot be seen, if it was seen before.
func (h *hub) lose(u *user) {
	if u.watch.told {
		u.watch.told = false
		h.emit(PresenceLost{GUID: u.GUID})
	}
}
