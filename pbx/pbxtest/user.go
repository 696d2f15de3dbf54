package pbxtest

import (
	"container/list"
	"fmt"
	"slices"
)

// User is a user object of the system.
type User struct {
	GUID        string // 32 hex digits; given by the system if empty
	Name        string // h323: SIP user part
	LongName    string // cn
	DisplayName string // dn
	Number      string // e164
	Node        string
	Home        string   // loc: name of the PBX the user is at home; the master if empty
	Emails      []string // an address without @ belongs to the domain of the system
	NameIsEmail bool     // h323-email: Name@domain is an address too
	Config      string   // name of the config template
	Apps        []string // apps, apps-my: names of other apps the user may use
	Groups      []string // grps: names of the groups the user is an active member of
	Devices     []string // hw: the phones and apps that may register as the user
	Licensed    bool     // holds the licence of the app
	Hidden      bool     // Visibility shows the App object nothing: subscriptions stay down
	HidesCalls  bool     // Visibility without otf: on-the-phone is not shown
	HidesNotes  bool     // Visibility without note: notes are shown as empty
}

// user is a User with all that hangs on it.
type user struct {
	User
	place    *list.Element // in System.order
	contacts []Contact     // newest first
	calls    []*Call
	subs     []*subscription
	apis     []*presenceAPI // that act as the user
}

// AddUser adds a user and returns it with its GUID and Home filled in. A user that has
// the GUID already is replaced, keeping presence and calls.
func (s *System) AddUser(data User) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	if data.GUID == "" {
		data.GUID = newGUID(s.domain, data.Name, data.LongName)
	}
	if data.Home == "" {
		data.Home = s.master()
	}
	u := s.users[data.GUID]
	if u == nil {
		u = &user{contacts: []Contact{
			{Contact: telContact, Status: statusOpen},
			{Contact: imContact, Status: statusOpen},
		}}
		s.users[data.GUID] = u
		u.place = s.order.PushBack(u)
		s.put(u, data)
		s.replicateAdd(u)
	} else {
		s.replace(u, data)
	}
	return u.public()
}

// UpdateUser lets edit change a user and reports whether there is such a user. The GUID
// stays. edit must not call back into the system.
func (s *System) UpdateUser(guid string, edit func(*User)) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[guid]
	if u == nil {
		return false
	}
	data := u.public()
	edit(&data)
	data.GUID = guid
	s.replace(u, data)
	return true
}

// SetLicensed gives a user the licence of the app or takes it away. Nothing tells the
// service so; it has to ask.
func (s *System) SetLicensed(guid string, licensed bool) bool {
	return s.UpdateUser(guid, func(u *User) { u.Licensed = licensed })
}

// RemoveUser deletes a user, with its calls and subscriptions.
func (s *System) RemoveUser(guid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	u := s.users[guid]
	if u == nil {
		return
	}
	for _, call := range slices.Clone(u.calls) {
		call.end()
	}
	for _, sub := range slices.Clone(u.subs) {
		sub.remove()
		sub.sendState(false)
	}
	for _, api := range slices.Clone(u.apis) {
		api.close()
	}
	s.unlink(u)
	delete(s.users, guid)
	s.order.Remove(u.place)
	s.replicateDel(u)
	s.changed()
}

// User returns the user with that GUID.
func (s *System) User(guid string) (User, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.users[guid]; u != nil {
		return u.public(), true
	}
	return User{}, false
}

// UserByName returns the user with that Name.
func (s *System) UserByName(name string) (User, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if u := s.byName[name]; u != nil {
		return u.public(), true
	}
	return User{}, false
}

// Users returns all users in the order they were added.
func (s *System) Users() []User {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]User, 0, s.order.Len())
	for u := range s.everybody() {
		all = append(all, u.public())
	}
	return all
}

func (u *user) public() User { return u.User.clone() }

func (data User) clone() User {
	data.Emails = slices.Clone(data.Emails)
	data.Groups = slices.Clone(data.Groups)
	data.Devices = slices.Clone(data.Devices)
	data.Apps = slices.Clone(data.Apps)
	return data
}

// replace changes a user and tells replicators and subscribers.
func (s *System) replace(u *user, data User) {
	old := *u
	s.unlink(u)
	s.put(u, data)
	s.replicateUpdate(&old, u)
	for _, sub := range u.subs {
		switch {
		case old.Hidden != u.Hidden:
			sub.start()
		case (old.HidesCalls != u.HidesCalls || old.HidesNotes != u.HidesNotes) && sub.rights().visible:
			sub.sendUpdate()
		}
	}
}

func (s *System) put(u *user, data User) {
	u.User = data.clone()
	s.byName[u.Name] = u
	s.byNumber[u.Number] = u
	s.byLongName[u.LongName] = u
	s.changed()
}

func (s *System) unlink(u *user) {
	for index, key := range map[*map[string]*user]string{
		&s.byName: u.Name, &s.byNumber: u.Number, &s.byLongName: u.LongName,
	} {
		if (*index)[key] == u {
			delete(*index, key)
		}
	}
}

// identity is how a request names a user; the first member that is not empty counts.
type identity struct {
	GUID     string `json:"guid"`
	Name     string `json:"h323"`
	SIP      string `json:"sip"`
	Number   string `json:"num"`
	LongName string `json:"cn"`
}

func (s *System) find(id identity) (*user, error) {
	var u *user
	switch {
	case id.GUID != "":
		u = s.users[id.GUID]
	case id.Name != "":
		u = s.byName[id.Name]
	case id.SIP != "":
		u = s.byName[id.SIP]
	case id.Number != "":
		u = s.byNumber[id.Number]
	case id.LongName != "":
		u = s.byLongName[id.LongName]
	default:
		return nil, refuse("no user given")
	}
	if u == nil {
		return nil, refuse("no such user")
	}
	return u, nil
}

func noUser(guid string) error { return fmt.Errorf("no user with guid %q", guid) }
