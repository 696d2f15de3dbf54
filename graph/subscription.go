package graph

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
)

// Subscription is a change notification subscription as Graph reports it
// (Graph: subscription resource type).
type Subscription struct {
	ID              string
	Resource        string
	ChangeType      string
	NotificationURL string
	CertificateID   string
	Expires         time.Time // granted, which may be less than was asked for
}

// SubscriptionRequest asks for a new subscription.
type SubscriptionRequest struct {
	Resource   string
	ChangeType string
	// NotificationURL takes the lifecycle events as well. Graph calls it, twice,
	// before it answers the request.
	NotificationURL string
	ClientState     string // a secret of at most 128 characters
	Lifetime        time.Duration
	// Certificate (DER) encrypts the data in the notifications, which name it by
	// CertificateID. None means notifications without data.
	Certificate   []byte
	CertificateID string
}

// String leaves out the client state.
func (r SubscriptionRequest) String() string { return r.ChangeType + " of " + r.Resource }

// GoString leaves out the client state.
func (r SubscriptionRequest) GoString() string { return r.String() }

// LogValue leaves out the client state.
func (r SubscriptionRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// Subscribe creates a subscription (Graph: create subscription). For presence the
// Client must be a communication user's.
func (c *Client) Subscribe(ctx context.Context, r SubscriptionRequest) (Subscription, error) {
	body := models.NewSubscription()
	body.SetResource(&r.Resource)
	body.SetChangeType(&r.ChangeType)
	body.SetNotificationUrl(&r.NotificationURL)
	body.SetLifecycleNotificationUrl(&r.NotificationURL)
	body.SetClientState(&r.ClientState)
	expires := time.Now().Add(r.Lifetime).UTC()
	body.SetExpirationDateTime(&expires)
	if len(r.Certificate) > 0 {
		certificate, data := base64.StdEncoding.EncodeToString(r.Certificate), true
		body.SetIncludeResourceData(&data)
		body.SetEncryptionCertificate(&certificate)
		body.SetEncryptionCertificateId(&r.CertificateID)
	}
	return c.granted(ctx, opSubscribe, func() (models.Subscriptionable, error) {
		return c.sdk.subscriptions().Post(ctx, body, nil)
	})
}

// Renew asks for lifetime from now (Graph: update subscription). What was granted
// is in the result.
func (c *Client) Renew(ctx context.Context, id string, lifetime time.Duration) (Subscription, error) {
	body := models.NewSubscription()
	expires := time.Now().Add(lifetime).UTC()
	body.SetExpirationDateTime(&expires)
	return c.granted(ctx, opRenew, func() (models.Subscriptionable, error) {
		return c.sdk.subscriptions().BySubscriptionId(id).Patch(ctx, body, nil)
	})
}

func (c *Client) granted(ctx context.Context, op string, f func() (models.Subscriptionable, error)) (Subscription, error) {
	var s Subscription
	err := c.call(ctx, op, func() error {
		got, err := f()
		if err != nil {
			return err
		}
		if got != nil {
			s = subscription(got)
		}
		if s.ID == "" || s.Expires.IsZero() {
			return errors.New("the answer names no id or no expiry")
		}
		return nil
	})
	return s, err
}

// Unsubscribe deletes a subscription (Graph: delete subscription). That there is
// none is no error.
func (c *Client) Unsubscribe(ctx context.Context, id string) error {
	err := c.call(ctx, opUnsubscribe, func() error {
		return c.sdk.subscriptions().BySubscriptionId(id).Delete(ctx, nil)
	})
	if absent(err) {
		return nil
	}
	return err
}

// Subscriptions lists those of the sign-in (Graph: list subscriptions).
func (c *Client) Subscriptions(ctx context.Context) ([]Subscription, error) {
	var all []Subscription
	page := c.sdk.subscriptions()
	for {
		var got models.SubscriptionCollectionResponseable
		err := c.call(ctx, opSubscriptions, func() (err error) {
			got, err = page.Get(ctx, nil)
			if err == nil && (got == nil || got.GetValue() == nil) {
				return errNoList
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		for _, s := range got.GetValue() {
			all = append(all, subscription(s))
		}
		next := text(got.GetOdataNextLink())
		if next == "" {
			return all, nil
		}
		page = c.sdk.subscriptions().WithUrl(next)
	}
}

// tellsPresence reports whether presence subscriptions exist in the cloud of c.
func (c *Client) tellsPresence() bool {
	base := c.sdk.adapter.GetBaseUrl()
	return !slices.ContainsFunc(Clouds(), func(cloud Cloud) bool {
		return cloud.Endpoint == base && !cloud.PresenceSubscriptions
	})
}

func subscription(s models.Subscriptionable) Subscription {
	out := Subscription{
		ID:              text(s.GetId()),
		Resource:        text(s.GetResource()),
		ChangeType:      text(s.GetChangeType()),
		NotificationURL: text(s.GetNotificationUrl()),
		CertificateID:   text(s.GetEncryptionCertificateId()),
	}
	if at := s.GetExpirationDateTime(); at != nil {
		out.Expires = *at
	}
	return out
}
