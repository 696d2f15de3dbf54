package graphtest

import (
	"cmp"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
)

const maxStateLength = 128

// subscriptionRequest is the body of creating and changing a subscription.
type subscriptionRequest struct {
	ChangeType      string  `json:"changeType"`
	Resource        string  `json:"resource"`
	NotificationURL *string `json:"notificationUrl"`
	LifecycleURL    *string `json:"lifecycleNotificationUrl"`
	Expiration      *string `json:"expirationDateTime"`
	ClientState     *string `json:"clientState"`
	IncludeData     *bool   `json:"includeResourceData"`
	Certificate     *string `json:"encryptionCertificate"`
	CertificateID   *string `json:"encryptionCertificateId"`
	TLS             *string `json:"latestSupportedTlsVersion"`
}

func invalidRequest(format string, args ...any) *failure {
	return fail(http.StatusBadRequest, "InvalidRequest", format, args...)
}

// build checks everything about a new subscription that the request alone tells.
func (s *Server) build(c *call, asked subscriptionRequest, now time.Time) (*subscription, error) {
	sub := &subscription{
		id: uuid.NewString(), app: c.app, creator: c.object,
		resource: asked.Resource, changeType: asked.ChangeType,
		notifyURL: deref(asked.NotificationURL), lifecycleURL: deref(asked.LifecycleURL),
		clientState: deref(asked.ClientState), rich: asked.IncludeData != nil && *asked.IncludeData,
		tls: cmp.Or(deref(asked.TLS), "v1_2"),
	}
	var ok bool
	if sub.kind, sub.watched, ok = parseResource(asked.Resource); !ok {
		return nil, invalidRequest("Resource '%s' is not supported.", asked.Resource)
	}
	for one := range strings.SplitSeq(asked.ChangeType, ",") {
		if one != "updated" && !(one == "deleted" && sub.kind == watchesUsers) {
			return nil, invalidRequest("changeType '%s' is not supported for this resource.", asked.ChangeType)
		}
	}
	for _, address := range []*string{&sub.notifyURL, asked.LifecycleURL} {
		if address != nil && !reachable(*address) {
			return nil, invalidRequest("Notification endpoint must be an https address.")
		}
	}
	switch {
	case len(sub.clientState) > maxStateLength:
		return nil, invalidRequest("clientState must not be longer than %d characters.", maxStateLength)
	case sub.rich && sub.kind == watchesUsers:
		return nil, invalidRequest("includeResourceData is not supported for this resource.")
	}
	if err := sub.setCertificate(asked); err != nil {
		return nil, err
	}
	needed := sub.rich || s.o.BasicNeedsCertificate && sub.kind == watchesPresence
	if needed && (sub.certificate == nil || sub.certificateID == "") {
		return nil, invalidRequest("encryptionCertificate and encryptionCertificateId are required.")
	}
	return sub, s.setExpiry(sub, asked.Expiration, now)
}

func (sub *subscription) setCertificate(asked subscriptionRequest) error {
	if asked.CertificateID != nil {
		sub.certificateID = *asked.CertificateID
	}
	if len(sub.certificateID) > maxStateLength {
		return invalidRequest("encryptionCertificateId must not be longer than %d characters.", maxStateLength)
	}
	if asked.Certificate == nil {
		return nil
	}
	der, err := base64.StdEncoding.DecodeString(*asked.Certificate)
	if err != nil {
		return invalidRequest("encryptionCertificate is not base64.")
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return invalidRequest("encryptionCertificate is not a certificate.")
	}
	key, ok := certificate.PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() < 2048 || key.N.BitLen() > 4096 {
		return invalidRequest("encryptionCertificate must have an RSA key of 2048 to 4096 bits.")
	}
	sub.certificate = certificate
	return nil
}

// setExpiry grants a lifetime: what was asked for, moved into the limits of the resource.
func (s *Server) setExpiry(sub *subscription, asked *string, now time.Time) error {
	until, err := time.Parse(time.RFC3339Nano, deref(asked))
	if err != nil || !until.After(now) {
		return invalidRequest("expirationDateTime must be a time in the future.")
	}
	shortest, longest := presenceLifeMin, presenceLifeMax
	if sub.kind == watchesUsers {
		shortest, longest = 0, usersLifeMax
	}
	if s.o.StrictExpiry && until.Sub(now) > longest {
		return invalidRequest("Subscription expiration can only be %d minutes in the future.", int(longest.Minutes()))
	}
	sub.expires = now.Add(min(max(until.Sub(now), shortest), longest)).UTC()
	return nil
}

// parseResource reads what a subscription watches, and the lower-case ids it is limited to.
func parseResource(resource string) (kind, map[string]bool, bool) {
	path, query, filtered := strings.Cut(strings.TrimPrefix(resource, "/"), "?")
	segments := strings.Split(path, "/")
	switch {
	case segments[0] == "users" && len(segments) == 1 && !filtered:
		return watchesUsers, nil, true
	case segments[0] == "users" && len(segments) == 2 && !filtered:
		return watchesUsers, map[string]bool{normal(segments[1]): true}, isGUID(segments[1])
	case strings.EqualFold(path, "communications/presences") && filtered:
		ids, ok := parseIDs(query)
		return watchesPresence, ids, ok
	case len(segments) == 3 && strings.EqualFold(path[:strings.LastIndex(path, "/")], "communications/presences") && !filtered:
		return watchesPresence, map[string]bool{normal(segments[2]): true}, isGUID(segments[2])
	default:
		return 0, nil, false
	}
}

// parseIDs reads $filter=id in ('…','…'), plain or percent-encoded.
func parseIDs(query string) (map[string]bool, bool) {
	query, err := url.QueryUnescape(query)
	if err != nil {
		return nil, false
	}
	list, ok := strings.CutPrefix(query, "$filter=id in (")
	list, closed := strings.CutSuffix(strings.TrimSpace(list), ")")
	if !ok || !closed {
		return nil, false
	}
	ids := map[string]bool{}
	for quoted := range strings.SplitSeq(list, ",") {
		quoted = strings.TrimSpace(quoted)
		id := strings.Trim(quoted, "'")
		if len(quoted) != len(id)+2 || !isGUID(id) {
			return nil, false
		}
		ids[normal(id)] = true
	}
	return ids, true
}

// reachable reports whether Graph would post to an address: https, or anything on this machine.
func reachable(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	host := u.Hostname()
	loopback := host == "localhost" || net.ParseIP(host).IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && loopback
}

// unknown returns the watched ids that are nobody's. Called with mu held.
func (s *Server) unknown(sub *subscription) []string {
	var ids []string
	for id := range sub.watched {
		if s.byID[id] == nil {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
