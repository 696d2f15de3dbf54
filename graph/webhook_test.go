package graph_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
)

func TestNewWebhookRefuses(t *testing.T) {
	t.Parallel()
	other := newKey()
	other.Private = makeKey("other").Private
	tests := map[string]struct {
		options graph.WebhookOptions
		want    string
	}{
		"no address":          {graph.WebhookOptions{}, "public URL"},
		"not encrypted":       {graph.WebhookOptions{PublicURL: "http://connector.example"}, "https"},
		"keys without tenant": {graph.WebhookOptions{PublicURL: hookURL, AppID: appID, Keys: []graph.Key{newKey()}}, "tenant"},
		"half a key":          {graph.WebhookOptions{PublicURL: hookURL, AppID: appID, Tenant: tenantID, Keys: []graph.Key{{ID: "k"}}}, `key "k"`},
		"a key of two halves": {graph.WebhookOptions{PublicURL: hookURL, AppID: appID, Tenant: tenantID, Keys: []graph.Key{other}}, "belong together"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := graph.NewWebhook(test.options)
			require.ErrorContains(t, err, test.want)
		})
	}
}

func TestWebhookAnswersTheHandshake(t *testing.T) {
	t.Parallel()
	hook, err := graph.NewWebhook(graph.WebhookOptions{PublicURL: hookURL})
	require.NoError(t, err)
	for _, token := range []string{"plain", "Validation: a+b c%20d", "<script>&\"'", "ä€𝄞\n"} {
		rw := httptest.NewRecorder()
		hook.ServeHTTP(rw, httptest.NewRequest("POST", "/?validationToken="+url.QueryEscape(token), nil))
		require.Equal(t, http.StatusOK, rw.Code)
		require.Equal(t, token, rw.Body.String())
		require.Equal(t, "text/plain; charset=utf-8", rw.Header().Get("Content-Type"))
		require.Equal(t, "nosniff", rw.Header().Get("X-Content-Type-Options"))
	}
}

func TestWebhookTellsProbersNothing(t *testing.T) {
	t.Parallel()
	hook, err := graph.NewWebhook(graph.WebhookOptions{PublicURL: hookURL})
	require.NoError(t, err)
	for _, body := range []string{"", "no JSON", `{"value":[]}`, strings.Repeat("x", 5<<20),
		`{"value":[{"subscriptionId":"unknown"}]}`} {
		rw := httptest.NewRecorder()
		hook.ServeHTTP(rw, httptest.NewRequest("POST", "/", strings.NewReader(body)))
		require.Equal(t, http.StatusAccepted, rw.Code)
		require.Empty(t, rw.Body.String())
	}
	require.Equal(t, graph.Counts{Received: 1, Unparsable: 4, Unknown: 1}, hook.Counts())

	rw := httptest.NewRecorder()
	hook.ServeHTTP(rw, httptest.NewRequest("GET", "/?validationToken=x", nil))
	require.Equal(t, http.StatusMethodNotAllowed, rw.Code)
}

// newRich is a Push that gets encrypted notifications.
func newRich(t *testing.T, s *signer, log *bytes.Buffer, keys ...graph.Key) *pushing {
	p := newPushing(t, graph.PushOptions{})
	hook, err := graph.NewWebhook(graph.WebhookOptions{PublicURL: hookURL, AppID: appID, Tenant: tenantID,
		HTTP: &http.Client{Transport: s}, Keys: keys, Queue: 2, Logger: slog.New(slog.NewTextHandler(log, nil))})
	require.NoError(t, err)
	p.hook = hook
	p.answering(hook)
	p.push = graph.NewPush(graph.PushOptions{Users: []graph.PushUser{{Name: "u", Client: p.client()}}, App: p.client(), Webhook: hook, Store: p.records})
	p.push.Watch([]string{"aa", "bb"})
	return p
}

func TestWebhookPassesOnWhatIsEncrypted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSigner()
		p := newRich(t, s, &bytes.Buffer{}, makeKey("key-2"), newKey())
		defer p.start()()
		pass(time.Second)
		p.seen.take()
		require.Contains(t, p.last("POST /subscriptions").Body, `"encryptionCertificateId":"key-2"`)
		require.Contains(t, p.last("POST /subscriptions").Body, `"includeResourceData":true`)
		reads := p.count("getPresences")

		p.show("aa", "Busy")
		post(t, p.hook, map[string]any{"validationTokens": []string{s.token(t, nil)}, "value": []any{
			rich(p.item("aa"), encrypt(presenceJSON("AA", "Away"), newKey())),
			rich(p.item("bb"), encrypt(presenceJSON("bb", "InACall"), newKey())),
			rich(p.item("aa"), encrypt(presenceJSON("AA", "Busy"), newKey())),
		}})
		pass(0)
		got := p.seen.take()
		require.Equal(t, []string{"aa Busy", "bb InACall"}, got[len(got)-2:], "the newest of each")
		require.Equal(t, reads, p.count("getPresences"))
		require.Equal(t, graph.Counts{Received: 3}, p.hook.Counts())

		p.show("bb", "InACall")
		pass(5 * time.Second)
		require.Equal(t, reads+1, p.count("getPresences"), "one read confirms them all")
		require.Equal(t, []string{"aa Busy", "bb InACall"}, p.seen.take(), "now with a sequence number")
	})
}

func TestWebhookHealsWhatIsOutOfDate(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		later string // what Graph shows some seconds later
		want  []string
	}{
		"the notification": {"Busy", []string{"aa Away", "aa Busy"}},
		"the read":         {"Away", []string{"aa Away", "aa Busy", "aa Away"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSigner()
				p := newRich(t, s, &bytes.Buffer{}, newKey())
				defer p.start()()
				p.show("aa", "Busy")
				pass(time.Second)
				p.seen.take()
				post(t, p.hook, map[string]any{"validationTokens": []string{s.token(t, nil)}, "value": []any{
					rich(p.item("aa"), encrypt(presenceJSON("aa", "Away"), newKey()))}})
				pass(5 * time.Second)
				if test.later != "Busy" {
					p.show("aa", test.later)
				}
				pass(time.Minute)
				require.Equal(t, test.want, p.seen.take())
			})
		})
	}
}

// A read that is under way while a notification comes is older than it.
func TestWebhookNotificationOvertakesARead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSigner()
		p := newRich(t, s, &bytes.Buffer{}, newKey())
		defer p.start()()
		pass(time.Second)
		p.seen.take()
		p.failing(func(c call) *http.Response {
			if c.Path != "/communications/getPresencesByUserId" {
				return nil
			}
			<-time.After(time.Second)
			return reply(200, `{"value":[{"id":"aa","availability":"Away","activity":"Away","sequenceNumber":"A1"}]}`)
		})
		p.deliver(p.item("aa"))
		pass(0) // the read has begun
		post(t, p.hook, map[string]any{"validationTokens": []string{s.token(t, nil)}, "value": []any{
			rich(p.item("aa"), encrypt(presenceJSON("aa", "Busy"), newKey()))}})
		pass(1500 * time.Millisecond)
		require.Equal(t, []string{"aa Busy"}, p.seen.take())
	})
}

func TestWebhookDropsForgeries(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(map[string]any)
		want   graph.Counts
	}{
		"wrong client state":    {func(it map[string]any) { it["clientState"] = "guessed" }, graph.Counts{Received: 1, Forged: 1}},
		"no client state":       {func(it map[string]any) { delete(it, "clientState") }, graph.Counts{Received: 1, Forged: 1}},
		"unknown subscription":  {func(it map[string]any) { it["subscriptionId"] = "other" }, graph.Counts{Received: 1, Unknown: 1}},
		"a forged life cycle":   {func(it map[string]any) { it["lifecycleEvent"], it["clientState"] = "missed", "x" }, graph.Counts{Received: 1, Forged: 1}},
		"a genuine one instead": {func(it map[string]any) { it["lifecycleEvent"] = "missed" }, graph.Counts{Received: 1, Lifecycle: 1}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				p := newRich(t, newSigner(), &log, newKey())
				stop := p.start()
				pass(time.Second)
				reads := p.count("getPresences")
				it := p.item("aa")
				state, _ := it["clientState"].(string)
				test.change(it)
				p.deliver(it)
				pass(time.Minute)
				stop()
				require.Equal(t, test.want, p.hook.Counts())
				dropped := test.want.Forged+test.want.Unknown > 0
				require.Equal(t, dropped, reads == p.count("getPresences"))
				require.Equal(t, dropped, strings.Contains(log.String(), "from=192.0.2.1"))
				require.NotContains(t, log.String(), state)
			})
		})
	}
}

// What cannot be trusted is not passed on, but the person is read.
func TestWebhookReadsThoseItCannotOpen(t *testing.T) {
	t.Parallel()
	genuine := encrypt(presenceJSON("aa", "Offline"), newKey())
	one := func(change jwt.MapClaims) func(*testing.T, *signer) []string {
		return func(t *testing.T, s *signer) []string { return []string{s.token(t, change)} }
	}
	tests := map[string]struct {
		tokens func(*testing.T, *signer) []string
		data   graph.Encrypted
		reason string
	}{
		"no token":         {func(*testing.T, *signer) []string { return nil }, genuine, "without a token"},
		"no JWT":           {func(*testing.T, *signer) []string { return []string{"a.b"} }, genuine, "validation token"},
		"expired":          {one(jwt.MapClaims{"exp": 1}), genuine, "expired"},
		"no expiry":        {one(jwt.MapClaims{"exp": nil}), genuine, "exp"},
		"another audience": {one(jwt.MapClaims{"aud": "somebody else"}), genuine, "aud"},
		"another tenant":   {one(jwt.MapClaims{"iss": "https://sts.windows.net/other/"}), genuine, "not for this tenant"},
		"another caller":   {one(jwt.MapClaims{"azp": appID}), genuine, "Change Tracking"},
		"no caller":        {one(jwt.MapClaims{"azp": nil}), genuine, "Change Tracking"},
		"a good and a bad one": {func(t *testing.T, s *signer) []string {
			return []string{s.token(t, nil), s.token(t, jwt.MapClaims{"aud": "x"})}
		}, genuine, "aud"},
		"another key": {func(t *testing.T, s *signer) []string {
			forger := &signer{key: makeKey("x").Private, id: "kid-1"}
			return []string{forger.token(t, nil)}
		}, genuine, "signature"},
		"an unknown key": {func(t *testing.T, s *signer) []string {
			forger := &signer{key: makeKey("x").Private, id: "kid-9"}
			return []string{forger.token(t, nil)}
		}, genuine, "does not have"},
		"no signature at all": {func(t *testing.T, s *signer) []string {
			raw, err := jwt.New(jwt.SigningMethodNone).SignedString(jwt.UnsafeAllowNoneSignatureType)
			require.NoError(t, err)
			return []string{raw}
		}, genuine, "signing method"},
		"an authority that is out of order": {func(t *testing.T, s *signer) []string {
			s.down = true
			return []string{s.token(t, nil)}
		}, genuine, "503"},
		"another certificate":    {one(nil), graph.Encrypted{CertificateID: "old"}, `encrypted for key`},
		"damaged data":           {one(nil), graph.Encrypted{CertificateID: "key-1"}, "not for this certificate"},
		"data of something else": {one(nil), encrypt([]byte(`{"id":"aa"}`), newKey()), "no presence"},
		"data that is no JSON":   {one(nil), encrypt([]byte(`secret`), newKey()), "no JSON"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var log bytes.Buffer
				s := newSigner()
				p := newRich(t, s, &log, newKey())
				stop := p.start()
				pass(time.Second)
				p.seen.take()
				p.show("aa", "Busy")
				post(t, p.hook, map[string]any{"validationTokens": test.tokens(t, s), "value": []any{rich(p.item("aa"), test.data)}})
				pass(0)
				require.Equal(t, []string{"aa Busy"}, p.seen.take())
				stop()
				c := p.hook.Counts()
				require.EqualValues(t, 1, c.BadToken+c.Undecryptable)
				require.Contains(t, log.String(), test.reason)
				require.NotContains(t, log.String(), "secret")
			})
		})
	}
}

func TestWebhookAcceptsEitherVersionOfToken(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]jwt.MapClaims{
		"version 2": nil,
		"version 1": {"iss": "https://sts.windows.net/" + strings.ToUpper(tenantID) + "/",
			"azp": nil, "appid": "0bf30f3b-4a52-48df-9a82-234910c4a086", "ver": "1.0"},
		"several audiences": {"aud": []string{"other", appID}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSigner()
				p := newRich(t, s, &bytes.Buffer{}, newKey())
				defer p.start()()
				pass(time.Second)
				p.seen.take()
				post(t, p.hook, map[string]any{"validationTokens": []string{s.token(t, change)},
					"value": []any{rich(p.item("aa"), encrypt(presenceJSON("aa", "Away"), newKey()))}})
				pass(0)
				require.Equal(t, []string{"aa Away"}, p.seen.take())
			})
		})
	}
}

func TestWebhookRefusesKeysThatAreNone(t *testing.T) {
	t.Parallel()
	b64 := base64.RawURLEncoding.EncodeToString
	good := newKey().Private
	tests := map[string]map[string]any{
		"another kind":  {"kty": "EC"},
		"too short":     {"n": b64(good.N.Bytes()[:128])},
		"no modulus":    {"n": "*"},
		"no exponent":   {"e": ""},
		"huge exponent": {"e": b64(make([]byte, 5))},
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSigner()
				s.change = change
				p := newRich(t, s, &bytes.Buffer{}, newKey())
				defer p.start()()
				pass(time.Second)
				post(t, p.hook, map[string]any{"validationTokens": []string{s.token(t, nil)},
					"value": []any{rich(p.item("aa"), encrypt(presenceJSON("aa", "Away"), newKey()))}})
				pass(0)
				require.EqualValues(t, 1, p.hook.Counts().BadToken)
			})
		})
	}
}

func TestWebhookFollowsTheRotationOfKeys(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSigner()
		p := newRich(t, s, &bytes.Buffer{}, newKey())
		defer p.start()()
		pass(time.Second)
		send := func() {
			post(t, p.hook, map[string]any{"validationTokens": []string{s.token(t, nil)},
				"value": []any{rich(p.item("aa"), encrypt(presenceJSON("aa", "Away"), newKey()))}})
			pass(0)
		}
		send()
		send()
		require.Equal(t, 1, s.fetches)
		s.rotate("kid-2")
		send()
		require.Equal(t, 1, s.fetches, "not more than once a minute")
		require.EqualValues(t, 1, p.hook.Counts().BadToken)
		pass(time.Minute)
		send()
		require.Equal(t, 2, s.fetches)
		require.EqualValues(t, 1, p.hook.Counts().BadToken)
	})
}

func TestWebhookOverflowReadsEverybody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newRich(t, newSigner(), &bytes.Buffer{}, newKey())
		defer runFeed(t, p.push, p.seen)() // and nobody empties the queue
		pass(time.Second)
		p.seen.take()
		p.show("aa", "Away")
		p.show("bb", "Busy")
		deliver := func(user string) {
			post(t, p.hook, map[string]any{"value": []any{rich(p.item(user), encrypt(presenceJSON(user, "Busy"), newKey()))}})
		}
		for range 3 {
			deliver("aa")
			deliver("bb")
		}
		pass(0)
		require.Zero(t, p.hook.Counts().Overflowed, "of each person only the newest waits")
		require.Empty(t, p.seen.take())
		deliver("cc")
		pass(0)
		require.EqualValues(t, 1, p.hook.Counts().Overflowed)
		require.Equal(t, []string{"aa Away", "bb Busy"}, p.seen.take())
	})
}

func TestWebhookDoesNotFloodTheLog(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	hook, err := graph.NewWebhook(graph.WebhookOptions{PublicURL: hookURL, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	require.NoError(t, err)
	for range 1000 {
		hook.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/", strings.NewReader("x")))
	}
	require.EqualValues(t, 1000, hook.Counts().Unparsable)
	require.Less(t, strings.Count(log.String(), "\n"), 100)
}

func TestCountsHaveStableNames(t *testing.T) {
	t.Parallel()
	raw, err := json.Marshal(graph.Counts{Received: 1, Lifecycle: 2, Unparsable: 3, Unknown: 4, Forged: 5, BadToken: 6, Undecryptable: 7, Overflowed: 8})
	require.NoError(t, err)
	require.JSONEq(t, `{"received":1,"lifecycle":2,"unparsable":3,"unknown":4,"forged":5,"bad_token":6,"undecryptable":7,"overflowed":8}`, string(raw))
}

// Keys that are stale are fetched in the background, and Run ends that as well.
func TestWebhookEndsWhatItFetchesInTheBackground(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSigner()
		p := newRich(t, s, &bytes.Buffer{}, newKey())
		stopHook := run(t, p.hook.Run)
		defer runFeed(t, p.push, p.seen)()
		pass(time.Second)
		deliver := func() {
			post(t, p.hook, map[string]any{"validationTokens": []string{s.token(t, nil)},
				"value": []any{rich(p.item("aa"), encrypt(presenceJSON("aa", "Away"), newKey()))}})
			synctest.Wait()
		}
		deliver()
		pass(24 * time.Hour)
		s.hangs = true
		deliver()
		require.Equal(t, 1, s.hanging)
		begin := time.Now()
		stopHook()
		require.Zero(t, s.hanging)
		require.Zero(t, time.Since(begin))
		require.Zero(t, p.hook.Counts().BadToken)
	})
}
