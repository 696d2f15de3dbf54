package pbxtest

import "slices"

// subscription is a SubscribePresence that was answered with success.
type subscription struct {
	api  *presenceAPI
	src  string
	user *user
}

// rights are what Visibility shows a watcher (column allows of PbxTableUsers).
type rights struct {
	visible bool // anything at all
	otf     bool // on-the-phone
	note    bool
}

// rights of the watcher: users see all of themselves.
func (s *subscription) rights() rights {
	u := s.user
	if s.api.actor == u {
		return rights{true, true, true}
	}
	return rights{!u.Hidden, !u.HidesCalls, !u.HidesNotes}
}

// remove takes the subscription away and tells nobody.
func (s *subscription) remove() {
	if s.api.subs[s.src] = without(s.api.subs[s.src], s); len(s.api.subs[s.src]) == 0 {
		delete(s.api.subs, s.src)
	}
	s.user.subs = without(s.user.subs, s)
	s.api.conn.sys.changed()
}

// start tells whether the subscription is up and, if it is, the presence.
func (s *subscription) start() {
	up := s.rights().visible
	s.sendState(up)
	if up {
		s.sendUpdate()
	}
}

func (s *subscription) sendState(up bool) {
	u, email := s.user, ""
	if len(u.Emails) > 0 {
		email = u.Emails[0]
	}
	s.indicate("PresenceState", encode(struct {
		Up     bool   `json:"up"`
		SIP    string `json:"sip"`
		Number string `json:"num,omitempty"`
		DN     string `json:"dn,omitempty"`
		Email  string `json:"email,omitempty"`
	}{up, u.Name, u.Number, u.DisplayName, email}))
}

func (s *subscription) sendUpdate() {
	s.indicate("PresenceUpdate", encode(presenceList{s.api.conn.sys.contacts(s.user, s.rights())}))
}

func (s *subscription) indicate(mt string, body []byte) {
	s.api.conn.indicate(s.api.name, mt, s.src, body)
}

// without returns the list without an item that is in it once at most.
func without[T comparable](list []T, item T) []T {
	if i := slices.Index(list, item); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
