package graphtest

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const reauthorizeGap = 10 * time.Minute

// subscribe makes a subscription. The endpoints are tried without the lock: they may well
// call the server while they are asked.
func (s *Server) subscribe(c *call) (int, any, error) {
	var asked subscriptionRequest
	if err := c.decode(&asked); err != nil {
		return 0, nil, err
	}
	now := s.begin()
	sub, err := s.build(c, asked, now)
	if err == nil {
		err = s.admit(c, sub)
	}
	s.mu.Unlock()
	if err != nil {
		return 0, nil, err
	}
	for _, address := range []string{sub.notifyURL, sub.lifecycleURL} {
		if err := s.handshake(c.Context(), address); err != nil {
			return 0, nil, err
		}
	}

	now = s.begin()
	defer s.mu.Unlock()
	if err := s.admit(c, sub); err != nil {
		return 0, nil, err
	}
	s.cut(sub, RouteSubscribe, time.Time{}, now)
	sub.box = newOutbox(sub)
	s.subscriptions = append(s.subscriptions, sub)
	s.expire(sub)
	s.demand(sub, now)
	s.announce()
	body := sub.json()
	body["@odata.context"] = s.context("subscriptions/$entity")
	return http.StatusCreated, body, nil
}

// admit checks a new subscription against the caller's permissions, the people and the
// other subscriptions. Called with mu held.
func (s *Server) admit(c *call, sub *subscription) error {
	allowed := c.person && c.may("Presence.Read.All")
	if sub.kind == watchesUsers {
		allowed = c.mayReadUsers() == nil
	}
	if !allowed {
		return extension(http.StatusForbidden, "Create", "The request is not authorized for this user or application.")
	}
	if len(sub.watched) > maxIDs {
		return invalidRequest("A subscription can watch at most %d users.", maxIDs)
	}
	for _, other := range s.subscriptions {
		switch {
		case other.app != sub.app || other.kind != sub.kind:
		case sub.kind == watchesPresence && (s.o.OnePerApp || other.creator == sub.creator):
			return extension(http.StatusConflict, "Create", "A subscripton already exists. It must be deleted before a another can be made.")
		case sub.kind == watchesUsers && other.resource == sub.resource && other.changeType == sub.changeType:
			return fail(http.StatusConflict, "ExtensionError", "Subscription Id <%s> already exists for the requested combination", other.id)
		}
	}
	if ids := s.unknown(sub); len(ids) > 0 {
		if s.o.BlameEverybody {
			ids = slices.Sorted(maps.Keys(sub.watched))
		}
		return extension(http.StatusInternalServerError, "Create", "Invalid users: "+strings.Join(ids, ", "))
	}
	return nil
}

// own finds the subscription that a path names, if the caller may see it. Called with mu held.
func (s *Server) own(c *call) (*subscription, error) {
	sub := s.subscription(c.PathValue("id"))
	if sub == nil || !sub.visible(c.caller) {
		return nil, fail(http.StatusNotFound, "ResourceNotFound", "The object was not found.")
	}
	return sub, nil
}

func (s *Server) getSubscription(c *call) (int, any, error) {
	s.begin()
	defer s.mu.Unlock()
	sub, err := s.own(c)
	if err != nil {
		return 0, nil, err
	}
	body := sub.json()
	body["@odata.context"] = s.context("subscriptions/$entity")
	return http.StatusOK, body, nil
}

func (s *Server) listSubscriptions(c *call) (int, any, error) {
	query := c.URL.Query()
	from, err := skipped(query)
	if err != nil {
		return 0, nil, err
	}
	s.begin()
	defer s.mu.Unlock()
	body := map[string]any{"@odata.context": s.context("subscriptions")}
	value := []any{}
	for i, sub := range s.subscriptions {
		switch {
		case i < from || !sub.visible(c.caller):
		case len(value) < s.o.Page:
			value = append(value, sub.json())
		case body["@odata.nextLink"] == nil:
			body["@odata.nextLink"] = s.nextLink("/subscriptions", url.Values{}, i)
		}
	}
	body["value"] = value
	return http.StatusOK, body, nil
}

// renew changes the expiry, the notification URL or the certificate.
func (s *Server) renew(c *call) (int, any, error) {
	var asked subscriptionRequest
	if err := c.decode(&asked); err != nil {
		return 0, nil, err
	}
	switch {
	case asked.Resource != "" || asked.ChangeType != "" || asked.ClientState != nil || asked.LifecycleURL != nil || asked.IncludeData != nil:
		return 0, nil, invalidRequest("Only expirationDateTime, notificationUrl and the encryption certificate can be changed.")
	case asked.Expiration == nil && asked.NotificationURL == nil:
		return 0, nil, invalidRequest("expirationDateTime or notificationUrl is required.")
	}
	s.begin()
	_, err := s.own(c)
	s.mu.Unlock()
	if err != nil {
		return 0, nil, err
	}
	if asked.NotificationURL != nil {
		if !reachable(*asked.NotificationURL) {
			return 0, nil, invalidRequest("Notification endpoint must be an https address.")
		}
		if err := s.handshake(c.Context(), *asked.NotificationURL); err != nil {
			return 0, nil, err
		}
	}

	now := s.begin()
	defer s.mu.Unlock()
	sub, err := s.own(c)
	if err != nil {
		return 0, nil, err
	}
	changed := *sub
	if err := changed.setCertificate(asked); err != nil {
		return 0, nil, err
	}
	if asked.Expiration != nil {
		if err := s.setExpiry(&changed, asked.Expiration, now); err != nil {
			return 0, nil, err
		}
		s.cut(&changed, RouteRenew, sub.expires, now)
	}
	if asked.NotificationURL != nil {
		changed.notifyURL = *asked.NotificationURL
	}
	s.warnOfGap(sub.id, now, sub.reauthorized)
	changed.renewed = now
	*sub = changed
	s.expire(sub)
	s.demand(sub, now)
	s.announce()
	body := sub.json()
	body["@odata.context"] = s.context("subscriptions/$entity")
	return http.StatusOK, body, nil
}

func (s *Server) unsubscribe(c *call) (int, any, error) {
	s.begin()
	defer s.mu.Unlock()
	sub, err := s.own(c)
	if err != nil {
		return 0, nil, err
	}
	s.drop(func(o *subscription) bool { return o == sub })
	return http.StatusNoContent, nil, nil
}

func (s *Server) reauthorize(c *call) (int, any, error) {
	now := s.begin()
	defer s.mu.Unlock()
	sub, err := s.own(c)
	if err != nil {
		return 0, nil, err
	}
	s.warnOfGap(sub.id, now, sub.renewed)
	sub.reauthorized = now
	s.demand(sub, now)
	s.announce()
	return http.StatusNoContent, nil, nil
}

// warnOfGap tells of a PATCH and a reauthorize too close to each other, which Graph advises against.
func (s *Server) warnOfGap(id string, now, other time.Time) {
	if !other.IsZero() && now.Sub(other) < reauthorizeGap {
		s.o.Logger.Warn("subscription renewed and reauthorized within 10 minutes", "subscription", id)
	}
}
