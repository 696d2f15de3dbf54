package graph_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
)

// However many lifecycle events come in one POST, they cost what one of each kind does.
func TestWebhookPassesOnEachLifecycleEventOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	hook, err := graph.NewWebhook(graph.WebhookOptions{PublicURL: hookURL, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	var one, other []string
	hook.Hear("one", func(event string) { one = append(one, event) })
	hook.Hear("other", func(event string) { other = append(other, event) })
	item := func(state, event string) any {
		return map[string]any{"subscriptionId": "s", "clientState": state, "lifecycleEvent": event}
	}
	var items []any
	for i := range 1000 {
		items = append(items, item("one", []string{"missed", "reauthorizationRequired", "subscriptionRemoved"}[i%3]), item("other", fmt.Sprint("new", i)))
	}
	post(t, hook, map[string]any{"value": items})
	slices.Sort(one)
	require.Equal(t, []string{"missed", "reauthorizationRequired", "subscriptionRemoved"}, one)
	require.Equal(t, []string{"missed"}, other, "whatever it was")
	require.Equal(t, graph.Counts{Received: 2000, Lifecycle: 2000}, hook.Counts())
	require.Equal(t, 4, strings.Count(log.String(), "\n"))
	for range 1000 {
		post(t, hook, map[string]any{"value": []any{item("one", "missed")}})
	}
	require.Len(t, one, 1003)
	require.Less(t, strings.Count(log.String(), "\n"), 100)
}

func TestWebhookReadsEverybodyForANotificationOfNobody(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(map[string]any){
		"no resource data": func(it map[string]any) { delete(it, "resourceData") },
		"no id":            func(it map[string]any) { it["resourceData"] = map[string]any{"id": ""} },
		"with data": func(it map[string]any) {
			delete(it, "resourceData")
			rich(it, encrypt(presenceJSON("aa", "Busy"), newKey()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := newRich(t, newSigner(), &bytes.Buffer{}, newKey())
				defer p.start()()
				pass(time.Second)
				p.seen.take()
				p.show("aa", "Away")
				p.show("bb", "Busy")
				it := p.item("")
				change(it)
				p.deliver(it, it)
				pass(0)
				require.Equal(t, []string{"aa Away", "bb Busy"}, p.seen.take())
				require.Equal(t, graph.Counts{Received: 2, Unparsable: 2}, p.hook.Counts())
			})
		})
	}
}
