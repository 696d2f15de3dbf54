package pbx

import (
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// onThePhone is the activity that a PBX shows of a user with a call. Nobody can set it.
const onThePhone = "on-the-phone"

// watch is the subscription of the presence of a user on one connection (innovaphone
// SDK: PbxApi). Its src is the GUID of the user.
type watch struct {
	on      *session
	sip     string    // the user was subscribed under that name
	api     string    // PbxApi, or one in the name of the user; empty while that is being opened
	since   time.Time // the subscription was answered; zero before
	failed  error     // refused or left unanswered, to be tried again
	known   bool      // the contacts have come and hold
	value   Presence
	covered bool // by on-the-phone, so that value is what was there before
	phone   bool // some contact says on-the-phone
	at      time.Time
	hidden  bool // the PBX does not show it

	calls  reading // of the user alone, see CallsOfUsers
	handle scalar
	cn     string // the calls were asked for under that name
}

// contact is an entry of a PresenceUpdate, which lists the newest first.
type contact struct {
	Contact  string `json:"contact"`
	Activity string `json:"activity"`
	Note     string `json:"note"`
}

type presenceUpdate struct {
	Presence []contact `json:"presence"`
}

// placeAll places every user, after a PBX has come or gone.
func (h *hub) placeAll() {
	for _, u := range h.users {
		h.place(u)
	}
}

// place moves the watch of a user to the connection where it belongs now, if any. What
// was seen stays seen meanwhile. On the same connection, a user may have come home.
func (h *hub) place(u *user) {
	var target *session
	if u.licence.held {
		target = h.routes.serving(u.Home)
	}
	if w := u.watch; w != nil && w.on == target && w.sip == u.Name {
		h.startUserCalls(u)
		h.review(u)
		return
	}
	h.unwatch(u)
	switch {
	case target != nil:
		h.watch(u, target)
	case u.licence.held:
		h.lose(u, fmt.Errorf("%w: %q, nor is the master", ErrNotConnected, u.Home))
	default:
		h.lose(u, ErrUnlicensed)
	}
}

func (h *hub) watch(u *user, s *session) {
	u.watch = &watch{on: s, sip: u.Name, api: apiPresence}
	h.startUserCalls(u)
	h.subscribe(u)
}

func (h *hub) subscribe(u *user) {
	w := u.watch
	subscribe := question{api: w.api, name: "SubscribePresence", src: u.GUID, body: fields{"sip": w.sip}}
	h.ask(w.on, subscribe, func(_ message, err error) {
		if u.watch != w || w.api != subscribe.api {
			return
		}
		w.since = time.Now()
		if err != nil {
			h.opts.Logger.Debug("presence not subscribed", slog.String("guid", u.GUID), slog.Any("error", err))
			w.failed, w.known = err, false
			h.lose(u, err)
		}
		h.hide(w, !w.known)
	})
}

// unsubscription ends what subscribe has begun. An API in the name of the user takes its
// subscription along.
func (w *watch) unsubscription(u *user) question {
	if w.api != apiPresence {
		return closing(w.api)
	}
	return question{api: w.api, name: "UnsubscribePresence", src: u.GUID, body: fields{"sip": w.sip}}
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
	u.watch = nil
	if w == nil || w.on.gone {
		return
	}
	h.hide(w, false)
	end := w.unsubscription(u)
	end.first = h.endUserCalls(w)
	if w.api == "" { // closed as soon as it is open
		if end.first != nil {
			w.on.tell(*end.first)
		}
		return
	}
	h.ask(w.on, end, func(message, error) {})
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
	u := h.watched(s, m)
	switch {
	case u == nil || state.Up:
	case u.watch.since.IsZero(): // the last word of a subscription before this one
	case h.watchAs(u):
	default:
		u.watch.known = false
		h.lose(u, &HiddenError{PBX: s.name(), User: u.Name})
		h.hide(u.watch, true)
	}
	return nil
}

func (h *hub) presenceUpdate(s *session, m message) error {
	var update presenceUpdate
	if err := m.into(&update); err != nil {
		return err
	}
	if u := h.watched(s, m); u != nil {
		u.watch.read(update.Presence, h.opts)
		h.hide(u.watch, false)
		h.show(u)
	}
	return nil
}

// read takes the contacts in, which prove that the subscription stands. Where
// on-the-phone stands in the contact that is read, what it held before is still what a
// person has put there.
func (w *watch) read(contacts []contact, o Options) {
	w.known, w.failed, w.at, w.phone = true, nil, time.Now(), false
	var value Presence
	var found, covered bool
	for _, c := range contacts {
		phone := strings.EqualFold(c.Activity, onThePhone)
		w.phone = w.phone || phone && (o.PhoneContact == "" || o.PhoneContact == c.Contact)
		switch {
		case c.Contact != o.Contact || found:
		case phone:
			covered = true
		default:
			found, value = true, Presence{Activity: c.Activity, Note: c.Note}
		}
	}
	if w.covered = covered && !found; !w.covered {
		w.value = value
	}
}

// reviewAll reviews every user, after more or less has become known of the calls.
func (h *hub) reviewAll() {
	for _, u := range h.users {
		h.review(u)
	}
}

// review tells what a user shows, if that is known by now and was not told.
func (h *hub) review(u *user) {
	switch {
	case u.watch == nil:
	case u.told:
		h.recount(u)
	default:
		h.show(u)
	}
}

// show tells what a user shows, once enough is known: one call says that the user is
// on the phone, only all of them say the contrary.
func (h *hub) show(u *user) {
	w := u.watch
	onCall, counted, ok := h.phone(u)
	if !w.known || !ok {
		return
	}
	seen := Seen{
		Value:      w.value,
		Covered:    w.covered,
		OnPhone:    onCall,
		Counted:    counted,
		Home:       w.on.name(),
		Connection: h.routes.number(u.GUID),
		Began:      w.since,
		At:         w.at,
	}
	last := u.seen
	if last.At = seen.At; u.told && last == seen {
		return
	}
	u.told, u.lost, u.seen = true, false, seen
	h.emit(PresenceSeen{GUID: u.GUID, Seen: seen})
}

// lose tells that a user cannot be seen because of err, once. Of a user that was not
// seen before only a connection can tell so.
func (h *hub) lose(u *user, err error) {
	if !u.lost && (u.told || u.watch != nil) {
		u.told, u.lost = false, true
		h.emit(PresenceLost{GUID: u.GUID, Err: err})
	}
}

// overdue reports whether a user has to be taken for one that cannot be seen: the
// subscription was accepted, and nothing has come of it.
func (u *user) overdue(after time.Duration) bool {
	w := u.watch
	return w != nil && !w.known && !u.lost && !w.since.IsZero() && time.Since(w.since) > after
}
