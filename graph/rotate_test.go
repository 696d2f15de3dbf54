package graph_test

import (
	"bytes"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
)

func TestWebhookMovesOverWhileItRuns(t *testing.T) {
	t.Parallel()
	const elsewhere = "https://elsewhere.example/graph"
	tests := map[string]struct {
		move func(*testing.T, *graph.Webhook)
		want string // in the new request
	}{
		"to a new key": {func(t *testing.T, w *graph.Webhook) {
			require.NoError(t, w.SetKeys([]graph.Key{makeKey("key-2"), newKey()}))
		}, `"encryptionCertificateId":"key-2"`},
		"to a new address": {func(t *testing.T, w *graph.Webhook) { require.NoError(t, w.SetPublicURL(elsewhere)) }, elsewhere},
		"to a new secret":  {func(_ *testing.T, w *graph.Webhook) { w.SetSecret("another") }, hookURL},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSigner()
				p := newRich(t, s, &bytes.Buffer{}, newKey())
				defer p.start()()
				pass(time.Second)
				before := p.item("aa")
				test.move(t, p.hook)
				pass(time.Second)
				require.Equal(t, 2, p.count("POST /subscriptions"))
				require.Contains(t, p.last("POST /subscriptions").Body, test.want)
				require.NotEqual(t, before["clientState"], p.item("aa")["clientState"])
				require.Len(t, p.ids(), 1)

				p.seen.take()
				post(t, p.hook, map[string]any{"validationTokens": []string{s.token(t, nil)}, "value": []any{
					rich(p.item("aa"), encrypt(presenceJSON("aa", "Away"), newKey()))}})
				pass(0)
				require.Equal(t, []string{"aa Away"}, p.seen.take(), "the old key still opens")

				pass(time.Hour)
				require.Equal(t, 2, p.count("POST /subscriptions"), "once is enough")
			})
		})
	}
}

func TestWebhookRefusesToMoveToWhatIsUnusable(t *testing.T) {
	t.Parallel()
	hook, err := graph.NewWebhook(graph.WebhookOptions{PublicURL: hookURL})
	require.NoError(t, err)
	require.ErrorContains(t, hook.SetKeys([]graph.Key{newKey()}), "tenant")
	require.ErrorContains(t, hook.SetPublicURL("http://connector.example"), "https")
	require.ErrorContains(t, hook.SetPublicURL("::"), "no URL")
}
