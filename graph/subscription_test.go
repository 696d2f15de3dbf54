package graph_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/presence"
)

func TestSubscribeOnTheWire(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	g.failing(func(call) *http.Response {
		return reply(201, `{"id":"s1","resource":"users","changeType":"updated","notificationUrl":"`+hookURL+`",
			"encryptionCertificateId":"k","expirationDateTime":"2026-09-14T10:00:00.0000000Z"}`)
	})
	got, err := g.client().Subscribe(t.Context(), graph.SubscriptionRequest{Resource: "users", ChangeType: "updated",
		NotificationURL: hookURL, ClientState: "state", Lifetime: time.Hour, Certificate: []byte("DER"), CertificateID: "k"})
	require.NoError(t, err)
	require.Equal(t, graph.Subscription{ID: "s1", Resource: "users", ChangeType: "updated", NotificationURL: hookURL,
		CertificateID: "k", Expires: time.Date(2026, 9, 14, 10, 0, 0, 0, time.UTC)}, got)

	var body map[string]any
	require.NoError(t, json.Unmarshal([]byte(g.last("POST").Body), &body))
	at, err := time.Parse(time.RFC3339, body["expirationDateTime"].(string))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now().Add(time.Hour), at, time.Minute)
	delete(body, "expirationDateTime")
	require.Equal(t, map[string]any{"resource": "users", "changeType": "updated", "notificationUrl": hookURL,
		"lifecycleNotificationUrl": hookURL, "clientState": "state", "includeResourceData": true,
		"encryptionCertificate": "REVS", "encryptionCertificateId": "k"}, body)
}

func TestSubscriptionsFollowsThePages(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	g.failing(func(c call) *http.Response {
		if c.Query == "page=2" {
			return reply(200, `{"value":[{"id":"s2"}]}`)
		}
		return reply(200, `{"value":[{"id":"s1"}],"@odata.nextLink":"`+endpoint+`/subscriptions?page=2"}`)
	})
	all, err := g.client().Subscriptions(t.Context())
	require.NoError(t, err)
	require.Equal(t, []graph.Subscription{{ID: "s1"}, {ID: "s2"}}, all)
}

func TestRenewTrustsTheAnswer(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	g.failing(func(call) *http.Response {
		return reply(200, `{"id":"s1","expirationDateTime":"2026-09-14T10:00:00Z"}`)
	})
	got, err := g.client().Renew(t.Context(), "s1", time.Hour)
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 9, 14, 10, 0, 0, 0, time.UTC), got.Expires.UTC())

	g.failing(func(call) *http.Response { return reply(200, `{"id":"s1"}`) })
	_, err = g.client().Renew(t.Context(), "s1", time.Hour)
	require.ErrorContains(t, err, "renew subscription: the answer names no id or no expiry")
}

func TestForbiddenSubscriptionsNameTheDelegatedPermission(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	g.failing(func(call) *http.Response { return reply(403, `{"error":{"code":"Forbidden"}}`) })
	c := g.client()
	tests := map[string]func() error{
		"create": func() error { _, err := c.Subscribe(t.Context(), graph.SubscriptionRequest{}); return err },
		"renew":  func() error { _, err := c.Renew(t.Context(), "s1", time.Hour); return err },
		"delete": func() error { return c.Unsubscribe(t.Context(), "s1") },
		"list":   func() error { _, err := c.Subscriptions(t.Context()); return err },
	}
	for name, call := range tests {
		t.Run(name, func(t *testing.T) {
			require.Contains(t, presence.Advice(call()), "delegated permission Presence.Read.All")
		})
	}
}

func TestUnsubscribeWhatIsGone(t *testing.T) {
	t.Parallel()
	g := newTenant(t)
	require.NoError(t, g.client().Unsubscribe(t.Context(), "s1"))
	_, err := g.client().Renew(t.Context(), "s1", time.Hour)
	require.ErrorIs(t, err, presence.ErrRefused)
	g.failing(func(call) *http.Response { return reply(500, "") })
	require.ErrorContains(t, g.client().Unsubscribe(t.Context(), "s1"), "delete subscription: Graph answered 500")
}
