package pbxtest

import (
	"fmt"
	"slices"
)

const (
	telContact   = "tel:"
	imContact    = "im:"
	appContact   = "app:"
	statusOpen   = "open"
	statusClosed = "closed"
	onThePhone   = "on-the-phone"
)

// Contact is the presence of one contact of a user, such as "tel:".
type Contact struct {
	Contact  string `json:"contact"`
	Status   string `json:"status"`   // "open" or "closed", see System.SetStatus
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

// SetStatus opens or closes a contact: "tel:" is open while a phone is registered, "im:"
// while a chat client is online. It says nothing of what the person is doing, and the entry
// moves to the head all the same.
func (s *System) SetStatus(guid, contact string, open bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[guid]
	if u == nil {
		return noUser(guid)
	}
	entry := u.entry(contact)
	entry.Status = statusClosed
	if open {
		entry.Status = statusOpen
	}
	s.replaceEntry(u, entry)
	return nil
}

// SetBadge has an app count something for its user, such as missed calls: a note at the
// contact "app:", which is no presence and yet at the head of the list.
func (s *System) SetBadge(guid string, count int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[guid]
	if u == nil {
		return noUser(guid)
	}
	s.replaceEntry(u, Contact{Contact: appContact, Status: statusOpen, Note: fmt.Sprintf("#badge:%d", count)})
	return nil
}

// Presence lists the contacts of a user, newest first, on-the-phone included, as a
// watcher with all rights sees them; nil for an unknown user.
func (s *System) Presence(guid string) []Contact {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[guid]; u != nil {
		return s.contacts(u, rights{true, true, true})
	}
	return nil
}

// Activity is the activity set at the contact "tel:", whatever calls there are.
func (s *System) Activity(guid string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[guid]; u != nil {
		return u.entry(telContact).Activity
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

// set changes what a contact says.
func (s *System) set(u *user, contact, activity, note string) {
	if contact == "" {
		contact = telContact
	}
	entry := u.entry(contact)
	entry.Activity, entry.Note = activity, note
	s.replaceEntry(u, entry)
}

// entry is that of one contact, an empty one if there is none.
func (u *user) entry(contact string) Contact {
	for _, c := range u.contacts {
		if c.Contact == contact {
			return c
		}
	}
	return Contact{Contact: contact, Status: statusOpen}
}

// replaceEntry replaces the entry of a contact, moves it to the head and tells everybody.
func (s *System) replaceEntry(u *user, entry Contact) {
	u.contacts = slices.DeleteFunc(u.contacts, func(c Contact) bool { return c.Contact == entry.Contact })
	u.contacts = slices.Insert(u.contacts, 0, entry)
	s.notify(u, func(rights) bool { return true })
}

// contacts is the list a watcher gets.
func (s *System) contacts(u *user, r rights) []Contact {
	list := slices.Clone(u.contacts)
	if !r.note {
		for i := range list {
			list[i].Note = ""
		}
	}
	if !r.otf || !u.onThePhone() {
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

// notify sends the presence of a user to the subscribers who see what changed.
func (s *System) notify(u *user, seen func(rights) bool) {
	s.changed()
	for _, sub := range u.subs {
		if r := sub.rights(); r.visible && seen(r) {
			sub.sendUpdate()
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
