package graphtest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// changeTracking is the client id of Graph's own application that sends notifications.
const changeTracking = "0bf30f3b-4a52-48df-9a82-234910c4a086"

const (
	validationLife = 24 * time.Hour // of a validation token
	voucherLife    = time.Hour      // for which the same one is sent
)

type notification struct {
	Subscription string         `json:"subscriptionId"`
	Expires      string         `json:"subscriptionExpirationDateTime"`
	ClientState  *string        `json:"clientState"`
	ChangeType   string         `json:"changeType,omitempty"`
	Lifecycle    string         `json:"lifecycleEvent,omitempty"`
	Tenant       string         `json:"tenantId"`
	Resource     string         `json:"resource,omitempty"`
	ResourceData map[string]any `json:"resourceData,omitempty"`
	Organization string         `json:"organizationId,omitempty"`
	Encrypted    *encrypted     `json:"encryptedContent,omitempty"`
}

type collection struct {
	Value  []any    `json:"value"`
	Tokens []string `json:"validationTokens,omitempty"`
}

// malformed is what Malformed sends: members of the wrong types, and no subscription.
var malformed = json.RawMessage(`{"subscriptionId":null,"clientState":17,"changeType":["updated"],"resourceData":"damaged"}`)

// notifyPresence queues what p shows for all who watch. Called with mu held.
func (s *Server) notifyPresence(p *person) {
	shown := Presence{Pair: p.shown, Sequence: p.sequence}
	for _, sub := range s.subscriptions {
		if sub.kind == watchesPresence && sub.watched[normal(p.ID)] {
			s.push(sub, item{changeType: "updated", user: p.ID, shown: shown})
		}
	}
}

// notifyDirectory queues a change of p for all who watch users. Called with mu held.
func (s *Server) notifyDirectory(p *person, changeType string) {
	for _, sub := range s.subscriptions {
		watched := len(sub.watched) == 0 || sub.watched[normal(p.ID)]
		if sub.kind == watchesUsers && watched && strings.Contains(sub.changeType, changeType) {
			s.push(sub, item{changeType: changeType, user: p.ID})
		}
	}
}

// render words a batch and says where it goes. Called with mu held.
func (s *Server) render(sub *subscription, batch []item) (target string, body []byte) {
	target = sub.notifyURL
	if batch[0].lifecycle != "" {
		target = sub.lifecycleURL
	}
	var all collection
	for _, it := range batch {
		if it.fault.Malformed {
			all.Value = append(all.Value, malformed)
			continue
		}
		n := notification{
			Subscription: sub.id, Tenant: s.o.Tenant, ClientState: sub.state(it.fault),
			Expires: sub.expires.UTC().Format("2006-01-02T15:04:05.0000000Z"), Lifecycle: it.lifecycle,
		}
		if it.lifecycle == "" {
			n.Organization, n.ChangeType = s.o.Tenant, it.changeType
			n.Resource, n.ResourceData = sub.changed(it.user)
		}
		if it.lifecycle == "" && sub.rich {
			n.Encrypted = s.encryptPresence(sub, it)
			all.Tokens = []string{s.validationToken(sub, batch[0].fault)}
		}
		all.Value = append(all.Value, n)
	}
	body, err := json.Marshal(all)
	if err != nil {
		panic("graphtest: encode notification: " + err.Error())
	}
	return target, body
}

func (sub *subscription) state(fault *deliveryFault) *string {
	state := sub.clientState
	if fault.WrongState {
		state = "forged-" + uuid.NewString()
	}
	if state == "" {
		return nil
	}
	return &state
}

// changed names the resource of a notification. The filter form is percent-encoded, as the service has it.
func (sub *subscription) changed(user string) (resource string, data map[string]any) {
	if sub.kind == watchesUsers {
		return "Users/" + user, map[string]any{
			"@odata.type": "#Microsoft.Graph.User", "@odata.id": "Users/" + user, "id": user,
		}
	}
	resource = "communications/presences/" + user
	if strings.Contains(sub.resource, "?") {
		resource = "communications/presences?$filter=" + url.QueryEscape("id in ") + "(" + url.QueryEscape("'"+user+"'") + ")"
	}
	return resource, map[string]any{
		"@odata.type": "#Microsoft.Graph.presence", "@odata.id": presencePath(user), "id": user,
	}
}

func presencePath(user string) string { return fmt.Sprintf("users/%s/presence", user) }

// encryptPresence is what a rich notification shows. Called with mu held.
func (s *Server) encryptPresence(sub *subscription, it item) *encrypted {
	shown := it.shown.Pair
	if it.fault.Stale != nil {
		shown = *it.fault.Stale
	}
	presence := map[string]any{
		"@odata.id": presencePath(it.user), "@odata.type": "#microsoft.graph.presence",
		"id": it.user, "availability": shown.Availability, "activity": shown.Activity,
	}
	if s.o.SequenceInRich {
		presence["sequenceNumber"] = it.shown.Sequence
	}
	plain, err := json.Marshal(presence)
	if err != nil {
		panic("graphtest: encode presence: " + err.Error())
	}
	content := encrypt(plain, sub.certificate, it.fault.WrongSignature)
	content.CertificateID = sub.certificateID
	return content
}

// validationToken proves that a rich notification comes from Graph. One without a fault serves
// an hour. Called with mu held.
func (s *Server) validationToken(sub *subscription, fault *deliveryFault) string {
	now, signer := s.o.Now(), s.signer()
	if fault.Claims == nil && !fault.ForeignKey {
		kept, ok := s.vouchers[sub.app]
		if !ok || kept.key != signer.id || !now.Before(kept.until) {
			kept = voucher{token: signer.sign(s.validationClaims(sub, now)), key: signer.id, until: now.Add(voucherLife)}
			s.vouchers[sub.app] = kept
		}
		return kept.token
	}
	claims := s.validationClaims(sub, now)
	maps.Copy(claims, fault.Claims)
	if fault.ForeignKey {
		foreign := newSigner(newKey())
		foreign.id = signer.id
		signer = foreign
	}
	return signer.sign(claims)
}

// voucher is a validation token that is used again.
type voucher struct {
	token, key string
	until      time.Time
}

// validationClaims are those of the version that [Options.TokenV1] chooses. Called with mu held.
func (s *Server) validationClaims(sub *subscription, now time.Time) jwt.MapClaims {
	claims := jwt.MapClaims{
		"aud": sub.app, "iss": s.issuerV2(), "iat": now.Unix(), "nbf": now.Unix(), "exp": now.Add(validationLife).Unix(),
		"azp": changeTracking, "azpacr": "2", "oid": changeTracking, "sub": changeTracking,
		"tid": s.o.Tenant, "uti": uuid.NewString(), "ver": "2.0",
	}
	if s.o.TokenV1 {
		delete(claims, "azp")
		delete(claims, "azpacr")
		claims["iss"], claims["appid"], claims["appidacr"], claims["ver"] = s.issuerV1(), changeTracking, "2", "1.0"
	}
	return claims
}
