package storetest

import (
	"context"
	"time"

	"github.com/pbx365/connector/store"
)

// kind is one kind of record, so that the clauses about records are written once.
type kind[R any] struct {
	name string
	// full returns a record with something in every field, empty one with nothing
	// but the key.
	full, empty func(key string) R
	// spoil changes all memory that the record refers to.
	spoil    func(R)
	key      func(*R) *string
	revision func(*R) *int64

	put    func(store.Records, context.Context, R) (R, error)
	get    func(store.Records, context.Context, string) (R, error)
	list   func(store.Records, context.Context) ([]R, error)
	delete func(store.Records, context.Context, string, int64) error
}

var links = kind[store.Link]{
	name:     "link",
	full:     fullLink,
	empty:    func(key string) store.Link { return store.Link{Teams: key} },
	spoil:    spoilLink,
	key:      func(l *store.Link) *string { return &l.Teams },
	revision: func(l *store.Link) *int64 { return &l.Revision },
	put:      store.Records.PutLink,
	get:      store.Records.Link,
	list:     store.Records.Links,
	delete:   store.Records.DeleteLink,
}

var subscriptions = kind[store.Subscription]{
	name:     "subscription",
	full:     fullSubscription,
	empty:    func(key string) store.Subscription { return store.Subscription{Name: key} },
	spoil:    func(s store.Subscription) { spoilWords(s.Members) },
	key:      func(s *store.Subscription) *string { return &s.Name },
	revision: func(s *store.Subscription) *int64 { return &s.Revision },
	put:      store.Records.PutSubscription,
	get:      store.Records.Subscription,
	list:     store.Records.Subscriptions,
	delete:   store.Records.DeleteSubscription,
}

var signIns = kind[store.SignIn]{
	name:     "sign-in",
	full:     fullSignIn,
	empty:    func(key string) store.SignIn { return store.SignIn{Name: key} },
	spoil:    func(s store.SignIn) { clear(s.Sealed) },
	key:      func(s *store.SignIn) *string { return &s.Name },
	revision: func(s *store.SignIn) *int64 { return &s.Revision },
	put:      store.Records.PutSignIn,
	get:      store.Records.SignIn,
	list:     store.Records.SignIns,
	delete:   store.Records.DeleteSignIn,
}

// noon is a time that does not fit a second, a millisecond or UTC.
var noon = time.Date(2026, 3, 29, 12, 0, 0, 123456000, time.FixedZone("", 5*3600+1800))

// secret is part of every client state, and of all that is sealed.
const secret = "a client state"

func fullLink(key string) store.Link {
	return store.Link{
		Teams:  key,
		PBX:    "8f1c35c1a2b7640901d2009033460b1f",
		Agreed: &store.Agreed{Availability: "Busy", Activity: "InAMeeting", PBX: "meeting"},
		ToPBX:  &store.PBXWrite{Activity: "meeting", Old: "away", Trail: []string{"", "busy"}, Tried: true, State: "in flight", At: noon},
		ToTeams: &store.TeamsWrite{
			Availability: "Away", Activity: "Away",
			OldAvailability: "Available", OldActivity: "Available", OldSequence: "0042",
			Trail: []string{"Away"}, Replaced: []string{"Available"}, Tried: true, State: "shown", At: noon.Add(time.Second), Until: noon.Add(7 * 24 * time.Hour),
			UnderAvailability: "Busy", UnderActivity: "Busy", UnderUntil: noon.Add(time.Hour),
		},
		Session: &store.Session{
			Availability: "Busy", Activity: "InACall", Sequence: "9",
			State: "hidden", At: noon.Add(time.Minute), Until: noon.Add(time.Hour),
		},
		Call: &store.Call{Home: "zürich", ID: 1 << 40, Connection: 1<<64 - 1, State: "up", At: noon},
		Last: store.Writes{
			Activity:  store.Write{At: noon, Value: "meeting", Over: "away"},
			Preferred: store.Write{At: noon.Add(time.Second), Value: "Away", Over: "Busy"},
			Session:   store.Write{At: noon.Add(time.Minute), Value: "InACall", Over: "Available"},
			Call:      store.Write{At: noon.Add(time.Hour), Value: "up", Over: "down"},
		},
		TeamsRival: rival("Away", "Busy"),
		PBXRival:   rival("meeting", "away"),
	}
}

func rival(ours, theirs string) *store.Rival {
	return &store.Rival{
		Ours: ours, Theirs: theirs, Seen: []time.Time{noon, noon.Add(time.Minute)},
		Pause: 5 * time.Minute, Until: noon.Add(6 * time.Minute),
	}
}

func spoilLink(l store.Link) {
	if l.Agreed != nil {
		l.Agreed.Activity = "spoilt"
	}
	if l.ToPBX != nil {
		l.ToPBX.Activity = "spoilt"
		spoilWords(l.ToPBX.Trail)
	}
	if l.ToTeams != nil {
		l.ToTeams.Activity = "spoilt"
		spoilWords(l.ToTeams.Trail)
		spoilWords(l.ToTeams.Replaced)
	}
	if l.Session != nil {
		l.Session.Activity = "spoilt"
	}
	if l.Call != nil {
		l.Call.Home = "spoilt"
	}
	for _, r := range []*store.Rival{l.TeamsRival, l.PBXRival} {
		if r == nil {
			continue
		}
		r.Ours = "spoilt"
		for i := range r.Seen {
			r.Seen[i] = time.Time{}
		}
	}
}

func spoilWords(words []string) {
	for i := range words {
		words[i] = "spoilt"
	}
}

func fullSubscription(key string) store.Subscription {
	return store.Subscription{
		Name:            key,
		ID:              "7f105c7d-2dc5-4530-97cd-4e7ae6534c07",
		Resource:        "/communications/presences?$filter=id in ('a','b')",
		ChangeType:      "updated",
		NotificationURL: "https://connector.example/graph/notify?a=b&c=\"<ö>\"",
		ClientState:     secret + " \\ with \u2028 signs",
		CertificateID:   "2026-03",
		Members:         []string{"a", "b"},
		Expires:         noon.Add(time.Hour),
		Renewed:         noon,
	}
}

func fullSignIn(key string) store.SignIn {
	return store.SignIn{Name: key, Sealed: []byte(secret + "\x00\xff\"")}
}
