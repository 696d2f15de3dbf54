package graph

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
)

// The lifecycle events (Graph: reduce missing change notifications).
const (
	LifecycleReauthorize = "reauthorizationRequired"
	LifecycleRemoved     = "subscriptionRemoved"
	LifecycleMissed      = "missed"
)

// Delivery is the content of one POST to the notification URL.
type Delivery struct {
	Notifications []Notification
	// Bad says of each item that could not be used why. The others are genuine or
	// not for themselves.
	Bad []error
	// Tokens are the JWTs that vouch for encrypted notifications.
	Tokens []string
}

// Notification is one item of a Delivery (Graph: changeNotification resource
// type). Who sent it is known only after Proves.
type Notification struct {
	Subscription string // id of the subscription
	Tenant       string
	ChangeType   string     // empty for a lifecycle event
	Lifecycle    string     // empty for a change
	User         string     // object id of the person
	Encrypted    *Encrypted // nil where the data has to be read

	clientState string
}

// Encrypted is the data of a rich notification, to be opened with Open.
type Encrypted struct {
	CertificateID string
	Data          string // base64, as are the following
	DataKey       string
	DataSignature string
}

// Proves reports, in constant time, whether the notification knows the client
// state of its subscription.
func (n Notification) Proves(clientState string) bool {
	return clientState != "" && subtle.ConstantTimeCompare([]byte(n.clientState), []byte(clientState)) == 1
}

// String leaves out the client state and the data.
func (n Notification) String() string {
	if n.Lifecycle != "" {
		return n.Lifecycle + " of subscription " + n.Subscription
	}
	return n.ChangeType + " " + n.User + " by subscription " + n.Subscription
}

// GoString leaves out the client state and the data.
func (n Notification) GoString() string { return n.String() }

// LogValue leaves out the client state and the data.
func (n Notification) LogValue() slog.Value { return slog.StringValue(n.String()) }

// Parse decodes the body of a POST to the notification URL. One bad item does not
// spoil the others; an item without a subscription is bad, since nobody could say
// whether it is genuine.
func Parse(body []byte) (Delivery, error) {
	var raw struct {
		Value            []json.RawMessage `json:"value"`
		ValidationTokens []string          `json:"validationTokens"`
	}
	if err := json.Unmarshal(body, &raw); err != nil {
		return Delivery{}, fmt.Errorf("parse notifications: %w", shape(err))
	}
	if len(raw.Value) == 0 {
		return Delivery{}, errors.New("parse notifications: there are none")
	}
	d := Delivery{Tokens: raw.ValidationTokens}
	for i, item := range raw.Value {
		n, err := parseItem(item)
		if err != nil {
			d.Bad = append(d.Bad, fmt.Errorf("parse notifications: number %d: %w", i+1, err))
			continue
		}
		d.Notifications = append(d.Notifications, n)
	}
	return d, nil
}

func parseItem(item []byte) (Notification, error) {
	var v struct {
		SubscriptionID string `json:"subscriptionId"`
		ClientState    string `json:"clientState"`
		TenantID       string `json:"tenantId"`
		ChangeType     string `json:"changeType"`
		LifecycleEvent string `json:"lifecycleEvent"`
		ResourceData   struct {
			ID string `json:"id"`
		} `json:"resourceData"`
		EncryptedContent *struct {
			Data                    string `json:"data"`
			DataSignature           string `json:"dataSignature"`
			DataKey                 string `json:"dataKey"`
			EncryptionCertificateID string `json:"encryptionCertificateId"`
		} `json:"encryptedContent"`
	}
	if err := json.Unmarshal(item, &v); err != nil {
		return Notification{}, shape(err)
	}
	if v.SubscriptionID == "" {
		return Notification{}, errors.New("it names no subscription")
	}
	n := Notification{
		Subscription: v.SubscriptionID,
		Tenant:       v.TenantID,
		ChangeType:   v.ChangeType,
		Lifecycle:    v.LifecycleEvent,
		User:         v.ResourceData.ID,
		clientState:  v.ClientState,
	}
	if e := v.EncryptedContent; e != nil {
		n.Encrypted = &Encrypted{
			CertificateID: e.EncryptionCertificateID,
			Data:          e.Data,
			DataKey:       e.DataKey,
			DataSignature: e.DataSignature,
		}
	}
	return n, nil
}

// shape keeps of a JSON error where it is and not what stands there.
func shape(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("no JSON at byte %d", syntax.Offset)
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return fmt.Errorf("field %q has the wrong type", kind.Field)
	}
	return errors.New("no JSON")
}
