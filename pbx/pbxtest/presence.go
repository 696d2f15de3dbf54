package pbxtest

import (
	"fmt"
	"slices"
)

const (
	telContact = "tel:"
	imContact  = "im:"
	statusOpen = "open"
	onThePhone = "on-the-phone"
)

// Contact is the presence of one contact of a user, such as "tel:".
type Contact struct {
	Contact  string `json:"contact"`
	Status   string `json:"status"`   // always "open" here: some phone is registered
	Activity string `json:"activity"` // "" is available
	Note     string `json:"note"`     // personal; never logged
}

// String leaves out the note.
func (c Contact) String() string { return fmt.Sprintf("%s %s %q", c.Contact, c.Status, c.Activity) }

// SetPresence sets a contact as its person would at the phone or in myApps. An empty
// contact is "tel:". The activity must be one a PBX knows and that can be set.
func (s *System) SetPresence(guid, contact, activity, note string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[guid]
	if u == nil {
		return noUser(guid)
	}
	if !settable(activity) {
		return fmt.Errorf("set presence of %s: activity %q cannot be set", u.Name, activity)
	}
	s.set(u, contact, activity, note)
	return nil
}

// Presence lists the contacts of a user, newest first, on-the-phone included, as a
// watcher with all rights sees them; nil for an unknown user.
func (s *System) Presence(guid string) []Contact {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[guid]; u != nil {
		return s.contacts(u)
	}
	return nil
}

// Activity is the activity set at the contact "tel:", whatever calls there are.
func (s *System) Activity(guid string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[guid]; u != nil {
		for _, c := range u.contacts {
			if c.Contact == telContact {
				return c.Activity
			}
		}
	}
	return ""
}

// OnThePhone reports whether a user has a connected call or an alien call.
func (s *System) OnThePhone(guid string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[guid]
	return u != nil && u.onThePhone()
}

// Subscriptions is the number of live presence subscriptions to a user, over all PBXs.
func (s *System) Subscriptions(guid string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[guid]; u != nil {
		return len(u.subs)
	}
	return 0
}

// set replaces the entry of one contact, moves it to the head and tells everybody.
func (s *System) set(u *user, contact, activity, note string) {
	if contact == "" {
		contact = telContact
	}
	u.contacts = slices.DeleteFunc(u.contacts, func(c Contact) bool { return c.Contact == contact })
	u.contacts = slices.Insert(u.contacts, 0,
		Contact{Contact: contact, Status: statusOpen, Activity: activity, Note: note})
	s.notify(u)
}

// contacts is the list a watcher gets.
func (s *System) contacts(u *user) []Contact {
	list := slices.Clone(u.contacts)
	if !u.onThePhone() {
		return list
	}
	contact, hides := telContact, false
	if home := s.pbx(u.Home); home != nil {
		contact, hides = home.o.OnThePhoneContact, home.o.OnThePhoneHides
	}
	if hides {
		list = slices.DeleteFunc(list, func(c Contact) bool { return c.Contact == contact })
	}
	return slices.Insert(list, 0, Contact{Contact: contact, Status: statusOpen, Activity: onThePhone})
}

func (u *user) onThePhone() bool { return slices.ContainsFunc(u.calls, (*Call).connected) }

// notify sends the presence of a user to all subscribers.
func (s *System) notify(u *user) {
	s.changed()
	if len(u.subs) == 0 {
		return
	}
	list := encode(presenceList{s.contacts(u)})
	for _, sub := range u.subs {
		if sub.up() {
			sub.conn.indicate(sub.api, "PresenceUpdate", sub.src, list)
		}
	}
}

type presenceList struct {
	Presence []Contact `json:"presence"`
}

// settable reports whether a presence may have that activity without a call.
func settable(activity string) bool {
	switch activity {
	case "", "appointment", "away", "breakfast", "busy", "dinner", "dnd", "holiday", "in-transit",
		"looking-for-work", "lunch", "meal", "meeting", "other", "performance", "permanent-absence",
		"playing", "presentation", "shopping", "sleeping", "spectator", "steering", "travel", "tv",
		"unknown", "vacation", "working", "worship":
		return true
	}
	return false
}
