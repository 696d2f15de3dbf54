package graphtest_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func watching(ids ...string) object {
	return object{"resource": "communications/presences?$filter=id in ('" + strings.Join(ids, "','") + "')"}
}

func expiring(at time.Time) object { return object{"expirationDateTime": at.Format(time.RFC3339Nano)} }

func (r reply) expiry(t *testing.T) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, r.Body["expirationDateTime"].(string))
	require.NoError(t, err)
	return at
}

func TestSubscriptionResource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.subscribe(object{"includeResourceData": true, "encryptionCertificate": base64Cert(certificate(t, sharedKey())), "encryptionCertificateId": "cert-1"})
	require.Equal(t, http.StatusCreated, r.Status, r.Raw)
	id := r.Body["id"].(string)
	require.Equal(t, []string{"/notify", "/lifecycle"}, w.hook.asked)
	require.Equal(t, []graphtest.Subscription{{
		ID: id, App: appID, Creator: w.svc, ChangeType: "updated", Resource: r.Body["resource"].(string),
		People: []string{w.ada, w.bob}, Rich: true, CertificateID: "cert-1",
		NotificationURL: hookURL, LifecycleURL: lifeURL, Expires: noon.Add(59 * time.Minute),
	}}, w.Subscriptions())

	read := w.do(w.person("svc@contoso.com"), http.MethodGet, "/subscriptions/"+id, nil)
	require.Equal(t, r.Body, read.Body)
	goldenJSON(t, "subscription", blank(r.Body, "id"))
}

func TestRefusedSubscriptions(t *testing.T) {
	t.Parallel()
	small := object{"includeResourceData": true, "encryptionCertificateId": "x"}
	elliptical, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	many := make([]string, 651)
	for i := range many {
		many[i] = fmt.Sprintf("00000000-0000-4000-8000-%012x", i)
	}
	const nobody = "00000000-0000-4000-8000-0000000000ff"

	tests := map[string]struct {
		change object
		status int
		code   string
	}{
		"unknown resource":           {object{"resource": "chats"}, 400, "InvalidRequest"},
		"tenant-wide":                {object{"resource": "communications/presences"}, 400, "InvalidRequest"},
		"names instead of ids":       {watching("ada@contoso.com"), 400, "InvalidRequest"},
		"unquoted ids":               {object{"resource": "communications/presences?$filter=id in (" + nobody + ")"}, 400, "InvalidRequest"},
		"other filter":               {object{"resource": "communications/presences?$filter=id eq '" + nobody + "'"}, 400, "InvalidRequest"},
		"creation":                   {object{"changeType": "created"}, 400, "InvalidRequest"},
		"deletion of presence":       {object{"changeType": "updated,deleted"}, 400, "InvalidRequest"},
		"no address":                 {object{"notificationUrl": nil}, 400, "InvalidRequest"},
		"plain http":                 {object{"notificationUrl": "http://hook.example/notify"}, 400, "InvalidRequest"},
		"lifecycle by plain http":    {object{"lifecycleNotificationUrl": "http://hook.example/notify"}, 400, "InvalidRequest"},
		"client state too long":      {object{"clientState": strings.Repeat("x", 129)}, 400, "InvalidRequest"},
		"certificate id too long":    {object{"encryptionCertificateId": strings.Repeat("x", 129)}, 400, "InvalidRequest"},
		"no expiry":                  {object{"expirationDateTime": nil}, 400, "InvalidRequest"},
		"expiry in the past":         {expiring(noon), 400, "InvalidRequest"},
		"expiry unreadable":          {object{"expirationDateTime": "tomorrow"}, 400, "InvalidRequest"},
		"rich without certificate":   {small, 400, "InvalidRequest"},
		"rich without id":            {object{"includeResourceData": true, "encryptionCertificate": base64Cert(certificate(t, sharedKey()))}, 400, "InvalidRequest"},
		"certificate not base64":     {object{"encryptionCertificate": "-----BEGIN"}, 400, "InvalidRequest"},
		"certificate not DER":        {object{"encryptionCertificate": "AAAA"}, 400, "InvalidRequest"},
		"certificate of another key": {object{"encryptionCertificate": base64Cert(certificate(t, elliptical))}, 400, "InvalidRequest"},
		"rich users":                 {object{"resource": "users", "includeResourceData": true}, 400, "InvalidRequest"},
		"too many people":            {watching(many...), 400, "InvalidRequest"},
		"somebody unknown":           {watching("00000000-0000-4000-8000-00000000000a", nobody), 500, "ExtensionError"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.subscribe(test.change)
			require.Equal(t, test.status, r.Status, r.Raw)
			require.Equal(t, test.code, r.code())
			require.Empty(t, w.Subscriptions())
			require.Empty(t, w.hook.asked, "refused before anybody is asked")
			if test.status == http.StatusInternalServerError {
				require.Contains(t, r.message(), nobody)
				require.NotContains(t, r.message(), w.ada)
			}
		})
	}
}

func TestAcceptedResources(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]object{
		"leading slash":    {"resource": "/communications/presences?$filter=id in ('00000000-0000-4000-8000-00000000000a')"},
		"blanks":           {"resource": "communications/presences?$filter=id in ( '00000000-0000-4000-8000-00000000000a', '00000000-0000-4000-8000-00000000000A' )"},
		"percent-encoded":  {"resource": "communications/presences?$filter=id+in+(%2700000000-0000-4000-8000-00000000000a%27)"},
		"one person":       {"resource": "communications/presences/00000000-0000-4000-8000-00000000000A"},
		"loopback by http": {"notificationUrl": "http://127.0.0.1:1/x", "lifecycleNotificationUrl": nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			require.Equal(t, http.StatusCreated, w.subscribe(change).Status)
			require.Contains(t, w.Subscriptions()[0].People, w.ada)
		})
	}
}

func TestAsManyPeopleAsAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ids := make([]string, 650)
	for i := range ids {
		ids[i] = w.AddUser(graphtest.User{UPN: fmt.Sprintf("user%d@contoso.com", i), Teams: true})
	}
	r := w.subscribe(watching(append(ids, ids[:10]...)...))
	require.Equal(t, http.StatusCreated, r.Status, "repeated ids count once")
	require.Len(t, w.Subscriptions()[0].People, 650)
}

func TestOnePresenceSubscriptionPerAppAndPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.subscribe()
	require.Equal(t, http.StatusCreated, first.Status)
	second := w.subscribe(watching(w.ada))
	require.Equal(t, http.StatusConflict, second.Status)
	require.Equal(t, "ExtensionError", second.code())
	require.Equal(t, "Operation: Create; Exception: [Status Code: Conflict; Reason: A subscripton already exists. It must be deleted before a another can be made.]", second.message())

	w.AddApp(graphtest.App{ID: "other", Secret: "s", PublicClient: true, Scopes: []string{"Presence.Read.All"}})
	other := access(t, w.tokens("grant_type", "password", "client_id", "other", "username", "svc@contoso.com", "password", password))
	body := object{"changeType": "updated", "notificationUrl": hookURL, "resource": "communications/presences/" + w.ada, "expirationDateTime": noon.Add(time.Hour).Format(time.RFC3339)}
	require.Equal(t, http.StatusCreated, w.do(other, http.MethodPost, "/subscriptions", body).Status, "another application")
	require.Equal(t, http.StatusCreated, w.do(w.person("bob@contoso.com"), http.MethodPost, "/subscriptions", body).Status, "another person")

	token := w.person("svc@contoso.com")
	require.Equal(t, http.StatusNoContent, w.do(token, http.MethodDelete, "/subscriptions/"+first.Body["id"].(string), nil).Status)
	require.Equal(t, http.StatusCreated, w.subscribe().Status)
}

func TestUnauthorizedSubscriptionIsWorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.do(w.app(), http.MethodPost, "/subscriptions", object{"changeType": "updated", "notificationUrl": hookURL, "resource": "communications/presences/" + w.ada, "expirationDateTime": noon.Add(time.Hour).Format(time.RFC3339)})
	require.Equal(t, "Operation: Create; Exception: [Status Code: Forbidden; Reason: The request is not authorized for this user or application.]", r.message())
}

func TestGrantedLifetime(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	tests := map[string]struct {
		resource   string
		ask, grant time.Duration
	}{
		"presence, short":    {"", time.Minute, 45 * time.Minute},
		"presence, in range": {"", 50 * time.Minute, 50 * time.Minute},
		"presence, long":     {"", 2 * time.Hour, 60 * time.Minute},
		"users, short":       {"users", time.Minute, time.Minute},
		"users, long":        {"users", 40 * day, 41_760 * time.Minute},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			change := expiring(noon.Add(test.ask))
			if test.resource != "" {
				change["resource"] = test.resource
			}
			r := w.subscribe(change)
			require.Equal(t, http.StatusCreated, r.Status, r.Raw)
			require.Equal(t, test.grant, r.expiry(t).Sub(noon))

			w.clock.Advance(30 * time.Second)
			r = w.do(w.person("svc@contoso.com"), http.MethodPatch, "/subscriptions/"+r.Body["id"].(string), expiring(w.now().Add(test.ask)))
			require.Equal(t, http.StatusOK, r.Status, r.Raw)
			require.Equal(t, test.grant, r.expiry(t).Sub(w.now()))
		})
	}
	t.Run("strict", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, func(o *graphtest.Options) { o.StrictExpiry = true })
		require.Equal(t, http.StatusBadRequest, w.subscribe(expiring(noon.Add(61*time.Minute))).Status)
		require.Equal(t, http.StatusCreated, w.subscribe(expiring(noon.Add(60*time.Minute))).Status)
	})
}

func TestBasicSubscriptionsMayNeedACertificate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *graphtest.Options) { o.BasicNeedsCertificate = true })
	require.Equal(t, http.StatusBadRequest, w.subscribe().Status)
	require.Equal(t, http.StatusCreated, w.subscribe(object{"encryptionCertificate": base64Cert(certificate(t, sharedKey())), "encryptionCertificateId": "x"}).Status)
}

func TestRenewing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.subscribe().Body["id"].(string)
	token := w.person("svc@contoso.com")
	patch := func(body object) reply { return w.do(token, http.MethodPatch, "/subscriptions/"+id, body) }

	for name, body := range map[string]object{
		"nothing":         {},
		"resource":        {"resource": "users", "expirationDateTime": noon.Add(time.Hour).Format(time.RFC3339)},
		"client state":    {"clientState": "x", "expirationDateTime": noon.Add(time.Hour).Format(time.RFC3339)},
		"lifecycle URL":   {"lifecycleNotificationUrl": lifeURL, "expirationDateTime": noon.Add(time.Hour).Format(time.RFC3339)},
		"plain http":      {"notificationUrl": "http://hook.example"},
		"bad certificate": {"encryptionCertificate": "x", "expirationDateTime": noon.Add(time.Hour).Format(time.RFC3339)},
	} {
		require.Equal(t, http.StatusBadRequest, patch(body).Status, name)
	}
	require.Equal(t, noon.Add(59*time.Minute), w.Subscriptions()[0].Expires, "refused changes change nothing")

	moved := patch(object{"notificationUrl": "https://hook.example/moved", "encryptionCertificate": base64Cert(certificate(t, sharedKey())), "encryptionCertificateId": "next"})
	require.Equal(t, http.StatusOK, moved.Status, moved.Raw)
	require.Equal(t, "https://hook.example/moved", w.Subscriptions()[0].NotificationURL)
	require.Equal(t, "next", w.Subscriptions()[0].CertificateID)
	require.Equal(t, []string{"/notify", "/lifecycle", "/moved"}, w.hook.asked, "the new address is asked")

	require.Equal(t, http.StatusNoContent, w.do(token, http.MethodPost, "/subscriptions/"+id+"/reauthorize", nil).Status)
	require.Equal(t, noon.Add(59*time.Minute), w.Subscriptions()[0].Expires, "does not extend")
}

func TestSubscriptionsAreOnesOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *graphtest.Options) { o.Page = 1 })
	id := w.subscribe().Body["id"].(string)
	require.Equal(t, http.StatusCreated, w.subscribe(object{"resource": "users"}).Status)
	bob, app := w.person("bob@contoso.com"), w.app()

	for method, path := range map[string]string{http.MethodGet: "", http.MethodPatch: "", http.MethodDelete: "", http.MethodPost: "/reauthorize"} {
		r := w.do(bob, method, "/subscriptions/"+id+path, expiring(noon.Add(time.Hour)))
		require.Equal(t, http.StatusNotFound, r.Status, method)
		require.Equal(t, "ResourceNotFound", r.code())
	}
	require.Empty(t, w.do(bob, http.MethodGet, "/subscriptions", nil).Body["value"])

	first := w.do(app, http.MethodGet, "/subscriptions", nil)
	require.Len(t, first.Body["value"], 1, "the application sees those of its people")
	second := w.do(app, http.MethodGet, link(first, "nextLink"), nil)
	require.Len(t, second.Body["value"], 1)
	require.Empty(t, link(second, "nextLink"))
	require.NotEqual(t, first.Body["value"], second.Body["value"])
}

func TestSubscriptionsRunOut(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.subscribe()
	token := w.person("svc@contoso.com")
	w.clock.Advance(59*time.Minute - 1)
	require.Len(t, w.Subscriptions(), 1)
	w.clock.Advance(1)
	require.Empty(t, w.Subscriptions())
	require.Equal(t, http.StatusNotFound, w.do(token, http.MethodPatch, "/subscriptions/"+r.Body["id"].(string), expiring(w.now().Add(time.Hour))).Status)
	require.Equal(t, http.StatusCreated, w.subscribe().Status, "the place is free")
}

func TestVanishing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.subscribe()
	w.Vanish("unknown")
	require.Len(t, w.Subscriptions(), 1)
	w.Vanish(r.Body["id"].(string))
	require.Empty(t, w.Subscriptions())
	require.Equal(t, http.StatusNotFound, w.do(w.person("svc@contoso.com"), http.MethodDelete, "/subscriptions/"+r.Body["id"].(string), nil).Status)
}

func TestHandshake(t *testing.T) {
	t.Parallel()
	text := func(status int, media string, body func(string) string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", media)
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body(r.URL.Query().Get("validationToken")))
		}
	}
	same := func(token string) string { return token }
	tests := map[string]struct {
		answer http.HandlerFunc
		status int
		text   string
	}{
		"right":   {text(200, "text/plain; charset=utf-8", same), 201, ""},
		"not 200": {text(202, "text/plain", same), 400, "must be 200"},
		"redirected": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere.example", http.StatusFound)
		}, 400, "must be 200"},
		"another type":     {text(200, "text/html", same), 400, "exactly match"},
		"quoted":           {text(200, "text/plain", func(token string) string { return `"` + token + `"` }), 400, "exactly match"},
		"with a line feed": {text(200, "text/plain", func(token string) string { return token + "\n" }), 400, "exactly match"},
		"not decoded": {func(w http.ResponseWriter, r *http.Request) {
			_, raw, _ := strings.Cut(r.URL.RawQuery, "validationToken=")
			text(200, "text/plain", func(string) string { return raw })(w, r)
		}, 400, "exactly match"},
		"empty": {text(200, "text/plain", func(string) string { return "" }), 400, "exactly match"},
		"never": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, 400, "timed out"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, wall)
				var heard *http.Request
				w.hook.validate = func(out http.ResponseWriter, r *http.Request) {
					if heard == nil {
						heard = r
					}
					test.answer(out, r)
				}
				began := time.Now()
				r := w.subscribe()
				require.Equal(t, test.status, r.Status, r.Raw)
				require.Contains(t, r.message(), test.text)
				require.Equal(t, "keep", strings.SplitN(heard.URL.RawQuery, "=", 2)[0])
				require.Equal(t, "text/plain; charset=utf-8", heard.Header.Get("Content-Type"))
				require.Zero(t, heard.ContentLength)
				require.True(t, strings.HasPrefix(heard.URL.Query().Get("validationToken"), "Validation: Testing client application reachability for subscription Request-Id: "))
				if name == "never" {
					require.Equal(t, 10*time.Second, time.Since(began))
				}
				require.Equal(t, test.status == 201, len(w.Subscriptions()) == 1)
			})
		})
	}
}

func TestHandshakeMayUseTheServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *graphtest.Options) { o.ValidationToken = `<b>"&'</b>` })
	w.hook.validate = func(out http.ResponseWriter, r *http.Request) {
		require.Equal(t, `<b>"&'</b>`, r.URL.Query().Get("validationToken"))
		require.Empty(t, w.Subscriptions(), "not made before it is answered")
		out.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(out, r.URL.Query().Get("validationToken"))
	}
	r := w.subscribe()
	require.Equal(t, http.StatusCreated, r.Status, r.Raw)
}
