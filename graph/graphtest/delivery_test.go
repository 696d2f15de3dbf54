package graphtest_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func rich(t *testing.T) object {
	t.Helper()
	return object{"includeResourceData": true, "encryptionCertificate": base64Cert(certificate(t, sharedKey())), "encryptionCertificateId": "cert-1"}
}

// open does what the page on resource data tells the receiver to do.
func open(key *rsa.PrivateKey, content object) (object, error) {
	raw := func(field string) []byte {
		decoded, _ := base64.StdEncoding.DecodeString(content[field].(string))
		return decoded
	}
	secret, err := rsa.DecryptOAEP(sha1.New(), rand.Reader, key, raw("dataKey"), nil)
	if err != nil {
		return nil, err
	}
	data := raw("data")
	mac := hmac.New(sha256.New, secret)
	mac.Write(data)
	if !hmac.Equal(mac.Sum(nil), raw("dataSignature")) {
		return nil, errors.New("wrong signature")
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return nil, err
	}
	cipher.NewCBCDecrypter(block, secret[:16]).CryptBlocks(data, data)
	padding := int(data[len(data)-1])
	if padding < 1 || padding > 16 || !strings.HasSuffix(string(data), strings.Repeat(string(rune(padding)), padding)) {
		return nil, errors.New("wrong padding")
	}
	var out object
	err = json.Unmarshal(data[:len(data)-padding], &out)
	return out, err
}

// shown is what a rich notification says.
func shown(t *testing.T, item object) string {
	t.Helper()
	content, err := open(sharedKey(), item["encryptedContent"].(object))
	require.NoError(t, err)
	return content["availability"].(string) + "/" + content["activity"].(string)
}

// pushed runs a test in a bubble with a running world and a subscription.
func pushed(t *testing.T, subscription func(*testing.T) object, test func(t *testing.T, w *world), change ...func(*graphtest.Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := running(t, change...)
		w.SignIn(w.ada)
		w.SignIn(w.bob)
		r := w.subscribe(subscription(t))
		require.Equal(t, http.StatusCreated, r.Status, r.Raw)
		test(t, w)
	})
}

func basic(*testing.T) object { return nil }

func TestBasicNotification(t *testing.T) {
	pushed(t, basic, func(t *testing.T, w *world) {
		w.Show(w.ada, "Busy", "InACall")
		synctest.Wait()
		posts := w.hook.received()
		require.Len(t, posts, 1)
		require.Equal(t, hookURL, posts[0].URL)
		require.NotContains(t, posts[0].Raw, "InACall")
		require.NotContains(t, posts[0].Raw, "validationTokens")
		goldenJSON(t, "notification_basic", blank(any(posts[0].Body.Value[0]), "subscriptionId", "subscriptionExpirationDateTime"))
	})
}

func TestRichNotification(t *testing.T) {
	pushed(t, rich, func(t *testing.T, w *world) {
		w.Show(w.ada, "Busy", "InACall")
		synctest.Wait()
		posts := w.hook.received()
		require.Len(t, posts, 1)
		require.NotContains(t, posts[0].Raw, "InACall")
		content := posts[0].Body.Value[0]["encryptedContent"].(object)
		plain, err := open(sharedKey(), content)
		require.NoError(t, err)
		require.Equal(t, object{
			"@odata.id": "users/" + w.ada + "/presence", "@odata.type": "#microsoft.graph.presence",
			"id": w.ada, "availability": "Busy", "activity": "InACall",
		}, plain)
		require.Equal(t, "cert-1", content["encryptionCertificateId"])
		require.Len(t, content["encryptionCertificateThumbprint"], hex.EncodedLen(sha1.Size))

		require.Len(t, posts[0].Body.Tokens, 1)
		claims := w.verify(posts[0].Body.Tokens[0])
		require.Equal(t, appID, claims["aud"])
		require.Equal(t, "https://login.microsoftonline.com/"+w.Tenant()+"/v2.0", claims["iss"])
		require.Equal(t, "0bf30f3b-4a52-48df-9a82-234910c4a086", claims["azp"])
		require.Equal(t, w.Tenant(), claims["tid"])
		require.Equal(t, float64(time.Now().Add(24*time.Hour).Unix()), claims["exp"])
		goldenJSON(t, "notification_rich", blank(any(posts[0].Body.Value[0]), "subscriptionId", "subscriptionExpirationDateTime", "data", "dataKey", "dataSignature", "encryptionCertificateThumbprint"))
	})
}

func TestRichNotificationVariants(t *testing.T) {
	pushed(t, rich, func(t *testing.T, w *world) {
		w.Show(w.ada, "Busy", "InACall")
		synctest.Wait()
		post := w.hook.received()[0]
		plain, err := open(sharedKey(), post.Body.Value[0]["encryptedContent"].(object))
		require.NoError(t, err)
		require.Equal(t, w.Presence(w.ada).Sequence, plain["sequenceNumber"])
		claims := w.verify(post.Body.Tokens[0])
		require.Equal(t, "https://sts.windows.net/"+w.Tenant()+"/", claims["iss"])
		require.Equal(t, "0bf30f3b-4a52-48df-9a82-234910c4a086", claims["appid"])
		require.NotContains(t, claims, "azp")
	}, func(o *graphtest.Options) { o.SequenceInRich, o.TokenV1 = true, true })
}

func TestEachNotificationHasItsOwnKey(t *testing.T) {
	pushed(t, rich, func(t *testing.T, w *world) {
		w.Show(w.ada, "Busy", "InACall")
		w.Show(w.bob, "Busy", "InACall")
		synctest.Wait()
		items := w.hook.items()
		require.Len(t, items, 2)
		require.NotEqual(t, items[0]["encryptedContent"].(object)["data"], items[1]["encryptedContent"].(object)["data"])
	})
}

func TestOnlyVisibleChangesNotify(t *testing.T) {
	pushed(t, rich, func(t *testing.T, w *world) {
		w.Choose(w.ada, "Busy", "Busy")
		w.Show(w.ada, "Available", "Available")
		w.Show(w.ada, "Busy", "InACall")
		w.Choose(w.ada, "Busy", "Busy")
		w.SignOut(w.ada)
		w.SignIn(w.svc)
		synctest.Wait()
		var got []string
		for _, item := range w.hook.items() {
			got = append(got, shown(t, item))
		}
		require.Equal(t, []string{"Busy/Busy", "Offline/Offline"}, got)
	})
}

func TestTimePassingNotifies(t *testing.T) {
	pushed(t, rich, func(t *testing.T, w *world) {
		w.SignOut(w.ada)
		r := w.setPresence(w.ada, "Available", "Available", "PT20M")
		require.Equal(t, http.StatusOK, r.Status)
		began := time.Now()
		synctest.Wait()
		seen := len(w.Attempts())
		require.NoError(t, w.Await(t.Context(), func() bool { return len(w.Attempts()) == seen+3 }))
		var got []string
		items := w.hook.items()
		for i, a := range w.Attempts()[seen-1:] {
			got = append(got, a.Time.Sub(began).String()+" "+shown(t, items[len(items)-4+i]))
		}
		require.Equal(t, []string{"0s Available/Available", "5m0s Available/AvailableInactive", "10m0s Away/Away", "20m0s Offline/Offline"}, got)
	})
}

func TestDirectoryNotifications(t *testing.T) {
	pushed(t, func(*testing.T) object { return object{"resource": "users", "changeType": "updated,deleted"} }, func(t *testing.T, w *world) {
		dan := w.AddUser(graphtest.User{UPN: "dan@contoso.com"})
		w.UpdateUser(dan, func(u *graphtest.User) { u.Teams = true })
		w.RemoveUser(dan)
		w.PurgeUser(w.bob)
		w.Show(w.ada, "Busy", "Busy")
		synctest.Wait()
		var got []string
		for _, item := range w.hook.items() {
			data := item["resourceData"].(object)
			got = append(got, item["changeType"].(string)+" "+data["id"].(string))
			require.Equal(t, "#Microsoft.Graph.User", data["@odata.type"])
			require.NotContains(t, item, "encryptedContent")
		}
		require.Equal(t, []string{"updated " + dan, "updated " + dan, "updated " + dan, "deleted " + w.bob}, got)
	})
}

func TestLifecycleEvents(t *testing.T) {
	pushed(t, basic, func(t *testing.T, w *world) {
		id := w.Subscriptions()[0].ID
		require.True(t, w.Lifecycle(id, "reauthorizationRequired"))
		require.True(t, w.Lifecycle(id, "subscriptionRemoved"))
		require.False(t, w.Lifecycle(id, "missed"), "it is gone")
		require.Empty(t, w.Subscriptions())
		synctest.Wait()
		items := w.hook.items()
		require.Len(t, items, 2)
		require.Equal(t, lifeURL, w.hook.received()[0].URL)
		require.Equal(t, "subscriptionRemoved", items[1]["lifecycleEvent"])
		goldenJSON(t, "notification_lifecycle", blank(any(items[0]), "subscriptionId", "subscriptionExpirationDateTime"))
	})
	pushed(t, func(*testing.T) object { return object{"lifecycleNotificationUrl": nil} }, func(t *testing.T, w *world) {
		require.False(t, w.Lifecycle(w.Subscriptions()[0].ID, "missed"), "no address for it")
	})
}

func TestRefusedDeliveriesAreRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := running(t)
		w.hook.answer = func(out http.ResponseWriter, n int) bool {
			if n <= 2 {
				out.WriteHeader(http.StatusServiceUnavailable)
			}
			return n > 2
		}
		require.Equal(t, http.StatusCreated, w.subscribe(rich(t)).Status)
		began := time.Now()
		w.Show(w.ada, "Busy", "InACall")
		w.Show(w.bob, "Busy", "InACall")
		require.NoError(t, w.Await(t.Context(), func() bool { return w.Subscriptions()[0].Pending == 0 }))
		require.Equal(t, 3*time.Second, time.Since(began), "one second, then two")
		var statuses, tries []int
		for _, a := range w.Attempts() {
			statuses, tries = append(statuses, a.Status), append(tries, a.Try)
		}
		require.Equal(t, []int{503, 503, 202}, statuses[:3])
		require.Equal(t, []int{1, 2, 3}, tries[:3])
		var people []any
		for _, p := range w.hook.received()[2:] {
			for _, item := range p.Body.Value {
				people = append(people, item["resourceData"].(object)["id"])
			}
		}
		require.Equal(t, []any{w.ada, w.bob}, people, "in order, and once")
	})
}

func TestDeliveriesAreGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := running(t)
		w.hook.answer = func(out http.ResponseWriter, _ int) bool { out.WriteHeader(http.StatusGone); return false }
		require.Equal(t, http.StatusCreated, w.subscribe(object{"resource": "users"}, expiring(time.Now().Add(24*time.Hour))).Status)
		began := time.Now()
		w.AddUser(graphtest.User{UPN: "dan@contoso.com"})
		require.NoError(t, w.Await(t.Context(), func() bool { return w.Subscriptions()[0].Pending == 0 }))
		require.InDelta(t, 4, time.Since(began).Hours(), 0.2)
	})
}

func TestASlowEndpointHoldsUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := make(chan struct{})
		w := running(t)
		w.hook.answer = func(_ http.ResponseWriter, n int) bool {
			if n == 1 {
				<-slow
			}
			return true
		}
		require.Equal(t, http.StatusCreated, w.subscribe(object{"lifecycleNotificationUrl": nil}).Status)
		body := object{"changeType": "updated", "notificationUrl": lifeURL, "resource": "communications/presences/" + w.bob, "expirationDateTime": time.Now().Add(time.Hour).Format(time.RFC3339)}
		require.Equal(t, http.StatusCreated, w.do(w.person("bob@contoso.com"), http.MethodPost, "/subscriptions", body).Status)
		w.SignIn(w.ada)
		synctest.Wait()
		w.SignIn(w.bob)
		synctest.Wait()
		posts := w.hook.received()
		require.Equal(t, lifeURL, posts[len(posts)-1].URL)
		require.Equal(t, "Available/Available", w.pair(w.bob))
		close(slow)
	})
}

func TestTheFirstAttemptHasThreeSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var took []time.Duration
		silent := roundTripper(func(r *http.Request) (*http.Response, error) {
			began := time.Now()
			<-r.Context().Done()
			took = append(took, time.Since(began))
			return nil, r.Context().Err()
		})
		h := &hook{}
		w := running(t, func(o *graphtest.Options) {
			o.DeliverClient = &http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
				if r.URL.Query().Has("validationToken") {
					return h.RoundTrip(r)
				}
				return silent(r)
			})}
		})
		r := w.subscribe()
		require.Equal(t, http.StatusCreated, r.Status)
		w.SignIn(w.ada)
		require.NoError(t, w.Await(t.Context(), func() bool { return len(w.Attempts()) == 2 }))
		require.Equal(t, []time.Duration{3 * time.Second, 10 * time.Second}, took)
		w.Vanish(r.Body["id"].(string))
	})
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestWhatRunLeavesIsDeliveredByTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, wall)
		require.Equal(t, http.StatusCreated, w.subscribe(rich(t)).Status)
		w.SignIn(w.ada)
		synctest.Wait()
		require.Empty(t, w.hook.received())
		require.Equal(t, 1, w.Subscriptions()[0].Pending)
		for range 2 {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error)
			go func() { done <- w.Run(ctx) }()
			synctest.Wait()
			cancel()
			require.ErrorIs(t, <-done, context.Canceled)
		}
		require.Len(t, w.hook.items(), 1)
		require.Equal(t, "Available/Available", shown(t, w.hook.items()[0]))
	})
}
