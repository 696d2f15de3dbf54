package graph_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/graph"
)

// hanging is an authority that answers nobody before it is let go.
type hanging struct {
	*signer
	held chan struct{}
}

func (h hanging) RoundTrip(r *http.Request) (*http.Response, error) {
	<-h.held
	return h.signer.RoundTrip(r)
}

func TestWebhookAnswersWhateverItsWorkersWaitFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		authority := hanging{newSigner(), make(chan struct{})}
		p := newRichOver(t, authority, graph.WebhookOptions{Workers: 3, Queue: 100})
		defer p.start()()
		pass(time.Second)
		p.seen.take()

		begin := time.Now()
		token := authority.token(t, nil)
		for i := range 200 {
			post(t, p.hook, map[string]any{"validationTokens": []string{token}, "value": []any{
				rich(p.item("aa"), encrypt(presenceJSON("aa", fmt.Sprint("Busy", i)), newKey())),
				rich(p.item("bb"), encrypt(presenceJSON("bb", fmt.Sprint("Away", i)), newKey())),
			}})
		}
		require.Zero(t, time.Since(begin), "nobody has waited")
		close(authority.held)
		pass(0)
		got := p.seen.take()
		require.Contains(t, got, "aa Busy199")
		require.Contains(t, got, "bb Away199")
		require.LessOrEqual(t, len(got), 4, "what was under way, and the newest of each")
		require.Equal(t, 1, authority.fetches)
		require.Equal(t, graph.Counts{Received: 400}, p.hook.Counts())
	})
}

// Whatever arrives, what is passed on of each person is a part of it in the same
// order and ends with the newest.
func TestWebhookKeepsTheOrderOfEachPerson(t *testing.T) {
	t.Parallel()
	users := []string{"aa", "bb", "cc"}
	rapid.Check(t, func(r *rapid.T) {
		batches := rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom(users), 1, 4), 1, 8).Draw(r, "batches")
		pauses := rapid.SliceOfN(rapid.Bool(), len(batches), len(batches)).Draw(r, "pauses")
		synctest.Test(t, func(t *testing.T) {
			s := newSigner()
			p := newRichOver(t, s, graph.WebhookOptions{Workers: 4})
			defer p.start()()
			pass(time.Second)
			p.seen.take()
			sent, n, token := map[string][]string{}, 0, s.token(t, nil)
			for i, batch := range batches {
				var items []any
				for _, user := range batch {
					n++
					activity := fmt.Sprint("A", n)
					sent[user] = append(sent[user], user+" "+activity)
					items = append(items, rich(p.item(user), encrypt(presenceJSON(user, activity), newKey())))
				}
				post(t, p.hook, map[string]any{"validationTokens": []string{token}, "value": items})
				if pauses[i] {
					synctest.Wait()
				}
			}
			synctest.Wait()
			got := map[string][]string{}
			for _, line := range p.seen.take() {
				got[line[:2]] = append(got[line[:2]], line)
			}
			for user, all := range sent {
				require.Equal(t, all[len(all)-1], got[user][len(got[user])-1])
				for _, line := range all {
					if len(got[user]) > 0 && got[user][0] == line {
						got[user] = got[user][1:]
					}
				}
				require.Empty(t, got[user])
			}
		})
	})
}

func newRichOver(t *testing.T, authority http.RoundTripper, o graph.WebhookOptions) *pushing {
	p := newPushing(t, graph.PushOptions{})
	o.PublicURL, o.AppID, o.Tenant, o.Keys = hookURL, appID, tenantID, []graph.Key{newKey()}
	o.HTTP = &http.Client{Transport: authority}
	hook, err := graph.NewWebhook(o)
	require.NoError(t, err)
	p.hook = hook
	p.answering(hook)
	p.push = graph.NewPush(graph.PushOptions{Users: []graph.PushUser{{Name: "u", Client: p.client()}}, App: p.client(), Webhook: hook, Store: p.records})
	p.push.Watch([]string{"aa", "bb", "cc"})
	return p
}

func TestWebhookAcceptsWhatIsOnItsWayWhenASubscriptionIsReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		p.push.Watch([]string{"aa"})
		stop := p.start()
		pass(time.Second)
		old := p.item("aa")
		gone := p.item("")
		delete(gone, "changeType")
		gone["lifecycleEvent"] = "subscriptionRemoved"
		p.push.Watch([]string{"aa", "bb"})
		pass(3 * time.Second)
		require.NotEqual(t, old["subscriptionId"], p.item("aa")["subscriptionId"])
		p.deliver(old)
		require.Equal(t, graph.Counts{Received: 1}, p.hook.Counts())
		p.deliver(gone)
		pass(time.Second)
		require.Equal(t, graph.Counts{Received: 2, Unknown: 1}, p.hook.Counts(), "what became of the old one is of no interest")
		require.Equal(t, 2, p.count("POST /subscriptions"))
		pass(time.Minute)
		p.deliver(old)
		require.EqualValues(t, 2, p.hook.Counts().Unknown)
		now := p.item("aa")
		stop()
		p.deliver(now)
		require.EqualValues(t, 3, p.hook.Counts().Unknown, "nobody is told after the end of Run")
	})
}

func TestWebhookDistrustsDataOfAnotherPerson(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSigner()
		p := newRichOver(t, s, graph.WebhookOptions{})
		defer p.start()()
		p.show("aa", "Away")
		p.show("bb", "Away")
		pass(time.Second)
		p.seen.take()
		p.show("aa", "Available")
		post(t, p.hook, map[string]any{"validationTokens": []string{s.token(t, nil)},
			"value": []any{rich(p.item("aa"), encrypt(presenceJSON("bb", "Busy"), newKey()))}})
		pass(0)
		require.Equal(t, []string{"aa Available"}, p.seen.take(), "read, not believed")
		require.EqualValues(t, 1, p.hook.Counts().Undecryptable)
	})
}

// deadlined is a ResponseWriter of a server, whose body ends with the deadline.
type deadlined struct {
	*httptest.ResponseRecorder
	at time.Time
}

func (d *deadlined) SetReadDeadline(at time.Time) error { d.at = at; return nil }

func (d *deadlined) Read([]byte) (int, error) {
	time.Sleep(time.Until(d.at))
	return 0, os.ErrDeadlineExceeded
}

func TestWebhookWaitsForNoBodyForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hook, err := graph.NewWebhook(graph.WebhookOptions{PublicURL: hookURL})
		require.NoError(t, err)
		begin := time.Now()
		rw := &deadlined{ResponseRecorder: httptest.NewRecorder()}
		hook.ServeHTTP(rw, httptest.NewRequest("POST", hookURL, rw))
		require.Equal(t, 5*time.Second, time.Since(begin))
		require.Equal(t, http.StatusServiceUnavailable, rw.Code, "Graph delivers again")
	})
}
