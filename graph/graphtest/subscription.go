package graphtest

import (
	"crypto/x509"
	"slices"
	"strings"
	"time"
)

// Subscription is what the server tells of a change notification subscription.
type Subscription struct {
	ID string
	// App is the client id it belongs to, Creator the object id of the person who signed
	// in, or of the application's principal.
	App, Creator string
	// Resource and ChangeType are as they were asked for.
	Resource, ChangeType string
	// People are the object ids of a presence subscription, in lower case.
	People []string
	// Rich says that notifications carry encrypted presence.
	Rich            bool
	CertificateID   string
	NotificationURL string
	LifecycleURL    string
	Expires         time.Time
	// Pending is the number of notifications that wait, those in delivery included.
	Pending int
	// Silent says that a fault keeps it from ever saying anything again.
	Silent bool
}

const (
	presenceLifeMin = 45 * time.Minute
	presenceLifeMax = 60 * time.Minute
	usersLifeMax    = 41_760 * time.Minute
)

// kind says what a subscription watches.
type kind int

const (
	watchesPresence kind = iota + 1
	watchesUsers
)

type subscription struct {
	id            string
	kind          kind
	app           string
	creator       string
	watched       map[string]bool // lower-case object ids; empty: everybody
	resource      string
	changeType    string
	notifyURL     string
	lifecycleURL  string
	clientState   string
	rich          bool
	certificate   *x509.Certificate
	certificateID string
	tls           string
	expires       time.Time
	renewed       time.Time // last PATCH
	reauthorized  time.Time
	demands       int // for reauthorization, ever planned
	box           *outbox
}

// Subscriptions returns those that exist, in the order they were made.
func (s *Server) Subscriptions() []Subscription {
	s.begin()
	defer s.mu.Unlock()
	list := make([]Subscription, 0, len(s.subscriptions))
	for _, sub := range s.subscriptions {
		people := make([]string, 0, len(sub.watched))
		for id := range sub.watched {
			people = append(people, id)
		}
		slices.Sort(people)
		list = append(list, Subscription{
			ID: sub.id, App: sub.app, Creator: sub.creator, Resource: sub.resource, ChangeType: sub.changeType,
			People: people, Rich: sub.rich, CertificateID: sub.certificateID,
			NotificationURL: sub.notifyURL, LifecycleURL: sub.lifecycleURL,
			Expires: sub.expires, Pending: sub.box.pending(), Silent: sub.box.silent,
		})
	}
	return list
}

// Vanish ends a subscription without telling anybody, as Graph sometimes does. An unknown id
// is left alone.
func (s *Server) Vanish(id string) {
	s.begin()
	defer s.mu.Unlock()
	s.drop(func(sub *subscription) bool { return sub.id == id })
}

// Lifecycle sends a lifecycle event: reauthorizationRequired, missed or subscriptionRemoved, of
// which the last ends the subscription. It reports whether there is such a subscription
// with a lifecycle URL.
func (s *Server) Lifecycle(id, event string) bool {
	s.begin()
	defer s.mu.Unlock()
	sub := s.subscription(id)
	if sub == nil || sub.lifecycleURL == "" {
		return false
	}
	s.push(sub, item{lifecycle: event})
	if event == "subscriptionRemoved" {
		s.subscriptions = slices.DeleteFunc(s.subscriptions, func(o *subscription) bool { return o == sub })
	}
	s.announce()
	return true
}

// subscription finds one by id, or returns nil. Called with mu held.
func (s *Server) subscription(id string) *subscription {
	i := slices.IndexFunc(s.subscriptions, func(sub *subscription) bool { return strings.EqualFold(sub.id, id) })
	if i < 0 {
		return nil
	}
	return s.subscriptions[i]
}

// drop ends subscriptions and what they still had to deliver. Called with mu held.
func (s *Server) drop(which func(*subscription) bool) {
	s.subscriptions = slices.DeleteFunc(s.subscriptions, func(sub *subscription) bool {
		if !which(sub) {
			return false
		}
		sub.box.close()
		return true
	})
	s.announce()
}

// expire ends sub when its time is over. Called with mu held after each change of its expiry.
func (s *Server) expire(sub *subscription) {
	s.at(sub.expires, func(now time.Time) {
		if over(sub.expires, now) {
			s.drop(func(o *subscription) bool { return o == sub })
		}
	})
}

// demand has sub asked for reauthorization when its time has come, unless it was demanded anew
// before. Called with mu held after each grant.
func (s *Server) demand(sub *subscription, now time.Time) {
	if s.o.Reauthorize == 0 || sub.kind != watchesPresence {
		return
	}
	sub.demands++
	number := sub.demands
	s.at(now.Add(s.o.Reauthorize), func(then time.Time) {
		if sub.demands == number && !sub.box.closed && sub.lifecycleURL != "" {
			s.push(sub, item{lifecycle: "reauthorizationRequired"})
			s.demand(sub, then)
		}
	})
}

// visible reports whether a caller may see and change the subscription: a person those they
// made by the same application, an application all of its own.
func (sub *subscription) visible(to caller) bool {
	return sub.app == to.app && (!to.person || sub.creator == to.object)
}

func (sub *subscription) json() map[string]any {
	return map[string]any{
		"id": sub.id, "applicationId": sub.app, "creatorId": sub.creator,
		"resource": sub.resource, "changeType": sub.changeType, "clientState": orNull(sub.clientState),
		"notificationUrl": sub.notifyURL, "lifecycleNotificationUrl": orNull(sub.lifecycleURL),
		"expirationDateTime":  sub.expires.UTC().Format(time.RFC3339Nano),
		"includeResourceData": sub.rich, "encryptionCertificate": nil,
		"encryptionCertificateId": orNull(sub.certificateID), "latestSupportedTlsVersion": sub.tls,
		"notificationQueryOptions": nil, "notificationUrlAppId": nil,
	}
}
