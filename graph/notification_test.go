package graph_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
)

func TestParse(t *testing.T) {
	t.Parallel()
	tests := map[string]graph.Notification{
		"basic.json": {Subscription: "7f105c7d-2dc5-4530-97cd-4e7ae6534c07", Tenant: tenantID, ChangeType: "updated", User: user},
		"rich.json": {Subscription: "7f105c7d-2dc5-4530-97cd-4e7ae6534c07", Tenant: tenantID, ChangeType: "updated", User: user,
			Encrypted: &graph.Encrypted{CertificateID: "key-1", Data: "ZGF0YQ==", DataKey: "a2V5", DataSignature: "c2ln"}},
		"lifecycle.json": {Subscription: "7f105c7d-2dc5-4530-97cd-4e7ae6534c07", Tenant: tenantID, Lifecycle: graph.LifecycleReauthorize},
	}
	for file, want := range tests {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile("testdata/" + file)
			require.NoError(t, err)
			d, err := graph.Parse(raw)
			require.NoError(t, err)
			require.Len(t, d.Notifications, 1)
			got := d.Notifications[0]
			require.True(t, got.Proves("the client state"))
			require.Equal(t, want.String(), got.String())
			require.Equal(t, want.Tenant, got.Tenant)
			require.Equal(t, want.Encrypted, got.Encrypted)
			require.Equal(t, file == "rich.json", len(d.Tokens) == 1)
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ body, want string }{
		"nothing":            {``, "no JSON"},
		"no JSON":            {`{"value":[secret`, "no JSON at byte"},
		"no notifications":   {`{"value":[]}`, "there are none"},
		"something else":     {`[]`, "wrong type"},
		"more than one JSON": {`{"value":[]}{"value":[]}`, "no JSON at byte"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := graph.Parse([]byte(test.body))
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "secret")
		})
	}
}

func TestParseKeepsTheGoodOnes(t *testing.T) {
	t.Parallel()
	d, err := graph.Parse([]byte(`{"value":[{"subscriptionId":1},{"subscriptionId":"a"},{"clientState":"secret"},"secret",
		{"subscriptionId":"b","resourceData":["secret"]},{"subscriptionId":"c","resourceData":{"id":"u"}}],"validationTokens":["t"]}`))
	require.NoError(t, err)
	require.Len(t, d.Notifications, 2)
	require.Equal(t, "a", d.Notifications[0].Subscription)
	require.Equal(t, "c", d.Notifications[1].Subscription)
	require.Equal(t, []string{"t"}, d.Tokens)
	require.Len(t, d.Bad, 4)
	for i, want := range []string{`number 1: field "subscriptionId"`, "number 3: it names no subscription", "number 4: ", `number 5: field "resourceData"`} {
		require.ErrorContains(t, d.Bad[i], want)
		require.NotContains(t, d.Bad[i].Error(), "secret")
	}
}

func TestNotificationKeepsItsClientState(t *testing.T) {
	t.Parallel()
	d, err := graph.Parse([]byte(`{"value":[{"subscriptionId":"s","clientState":"secret","changeType":"updated"}]}`))
	require.NoError(t, err)
	n := d.Notifications[0]
	require.True(t, n.Proves("secret"))
	require.False(t, n.Proves("secre"))
	require.False(t, n.Proves(""))
	require.False(t, graph.Notification{}.Proves(""), "no client state proves nothing")

	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "n", n, "all", d.Notifications)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		fmt.Fprintf(&log, verb, n)
		fmt.Fprintf(&log, verb, d)
	}
	r := graph.SubscriptionRequest{Resource: "users", ClientState: "secret"}
	fmt.Fprintf(&log, "%v %+v %#v %s", r, r, r, &r)
	require.NotContains(t, log.String(), "secret")
	require.Contains(t, log.String(), "subscription s")
}

// FuzzParse: whatever is accepted can be attributed to a subscription, and
// nothing else is proved by an empty client state.
func FuzzParse(f *testing.F) {
	for _, file := range []string{"basic.json", "rich.json", "lifecycle.json"} {
		raw, err := os.ReadFile("testdata/" + file)
		require.NoError(f, err)
		f.Add(raw)
	}
	f.Add([]byte(`{"value":[{"subscriptionId":"a","resourceData":null,"encryptedContent":{}}],"validationTokens":null}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		d, err := graph.Parse(body)
		if err != nil {
			require.Empty(t, d)
			return
		}
		require.NotZero(t, len(d.Notifications)+len(d.Bad))
		for _, n := range d.Notifications {
			require.NotEmpty(t, n.Subscription)
			require.False(t, n.Proves(""))
		}
		again, err := graph.Parse(body)
		require.NoError(t, err)
		require.Equal(t, d, again)
	})
}
