package graph_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/store/memstore"
)

const commUser = "comm@contoso.com"

// entra is an authority that knows device codes and refresh tokens.
type entra struct {
	mu       sync.Mutex
	codes    int    // handed out
	polls    int    // of a device code
	refresh  string // the one that is good
	issued   int
	account  string // who enters the code; nobody where empty
	refusal  string // of the next token request, as its error
	detail   string // of the refusal
	down     bool
	requests []url.Values
}

func (e *entra) RoundTrip(r *http.Request) (*http.Response, error) {
	raw, _ := io.ReadAll(r.Body)
	form, _ := url.ParseQuery(string(raw))
	e.mu.Lock()
	defer e.mu.Unlock()
	e.requests = append(e.requests, form)
	refuse := func(code, detail string) (*http.Response, error) {
		return jsonReply(400, map[string]any{"error": code, "error_description": detail}), nil
	}
	switch base := "/" + tenantID + "/oauth2/v2.0/"; {
	case e.down:
		return reply(503, ""), nil
	case r.URL.Path == base+"devicecode":
		e.codes++
		return jsonReply(200, map[string]any{"device_code": fmt.Sprint("device-", e.codes), "user_code": fmt.Sprint("CODE-", e.codes),
			"verification_uri": "https://microsoft.com/devicelogin", "expires_in": 900, "interval": 5}), nil
	case r.URL.Path != base+"token":
		return reply(404, ""), nil
	case e.refusal != "":
		code := e.refusal
		e.refusal = ""
		return refuse(code, e.detail)
	case form.Get("grant_type") == "refresh_token" && form.Get("refresh_token") != e.refresh:
		return refuse("invalid_grant", "AADSTS50173: The provided grant has expired.")
	case form.Get("grant_type") != "refresh_token":
		e.polls++
		if form.Get("device_code") != fmt.Sprint("device-", e.codes) {
			return refuse("bad_verification_code", "AADSTS70018: x")
		}
		if e.account == "" {
			return refuse("authorization_pending", "AADSTS70016: x")
		}
	}
	e.issued++
	e.refresh = fmt.Sprint("refresh-", e.issued)
	id := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"preferred_username":%q}`, e.account))
	return jsonReply(200, map[string]any{"access_token": fmt.Sprint("access-", e.issued), "refresh_token": e.refresh,
		"token_type": "Bearer", "expires_in": 3600, "id_token": "e30." + id + ".x"}), nil
}

func (e *entra) set(f func(*entra)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f(e)
}

// byCode returns a credential over that authority and store.
func byCode(t *testing.T, e *entra, s graph.SignIns, log io.Writer) *graph.DeviceCode {
	t.Helper()
	d, err := graph.NewDeviceCode(graph.DeviceCodeOptions{Tenant: tenantID, ClientID: appID, UPN: commUser,
		Store: s, Secret: []byte("a secret of some length"), HTTP: &http.Client{Transport: e},
		Logger: slog.New(slog.NewTextHandler(log, nil))})
	require.NoError(t, err)
	return d
}

func token(t *testing.T, d *graph.DeviceCode) (string, error) {
	got, err := d.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}})
	return got.Token, err
}

func needed(t *testing.T, err error) *graph.SignInNeededError {
	t.Helper()
	var e *graph.SignInNeededError
	require.ErrorAs(t, err, &e)
	return e
}

func TestDeviceCodeAsksOnceAndRenewsItself(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, records := &entra{}, memstore.New()
		var log bytes.Buffer
		d := byCode(t, e, records, &log)
		begin := time.Now()
		_, err := token(t, d)
		require.Zero(t, time.Since(begin), "the first answer is the code")
		require.Equal(t, "CODE-1", needed(t, err).Code)
		for _, part := range []string{"https://microsoft.com/devicelogin", "CODE-1", commUser} {
			require.Contains(t, presence.Advice(err), part)
		}
		require.Contains(t, log.String(), "code=CODE-1")

		_, err = token(t, d)
		require.Equal(t, 30*time.Second, time.Since(begin), "then it waits a while")
		require.Equal(t, "CODE-1", needed(t, err).Code)
		require.InDelta(t, 6, e.polls, 1, "every five seconds")
		time.AfterFunc(12*time.Second, func() { e.set(func(e *entra) { e.account = strings.ToUpper(commUser) }) })
		got, err := token(t, d)
		require.NoError(t, err)
		require.Equal(t, "access-1", got)
		require.Contains(t, e.requests[len(e.requests)-1].Get("scope"), "offline_access")

		pass(30 * time.Minute)
		got, err = token(t, d)
		require.NoError(t, err)
		require.Equal(t, "access-1", got)
		pass(26 * time.Minute)
		got, err = token(t, d)
		require.NoError(t, err)
		require.Equal(t, "access-2", got, "before it runs out")
		pass(time.Hour)
		got, err = token(t, byCode(t, e, records, &log))
		require.NoError(t, err)
		require.Equal(t, "access-3", got, "the next start asks nobody")
		require.Equal(t, 1, e.codes)

		text := fmt.Sprintf("%v %+v %#v", d, d, d)
		require.Contains(t, text, commUser)
		require.NotContains(t, text, "access-")
		record, err := records.SignIn(t.Context(), "user/"+commUser)
		require.NoError(t, err)
		require.NotContains(t, string(record.Sealed), "refresh", "encrypted")
		require.NotContains(t, log.String(), "refresh-")
		require.NotContains(t, log.String(), "access-")
	})
}

// Whoever has entered the code looks at the light, and should not have to wait for it.
func TestACodeThatIsEnteredSoonHasASubscription(t *testing.T) {
	t.Parallel()
	for after := 10 * time.Minute; after < 13*time.Minute; after += 7 * time.Second {
		synctest.Test(t, func(t *testing.T) {
			e, p := &entra{}, newPushing(t, graph.PushOptions{})
			user, err := graph.New(byCode(t, e, nil, io.Discard), graph.Options{Endpoint: endpoint, Transport: p.tenant})
			require.NoError(t, err)
			p.push = graph.NewPush(graph.PushOptions{Users: []graph.PushUser{{Name: commUser, Client: user}}, App: p.client(), Webhook: p.hook, Store: p.records})
			p.push.Watch([]string{"aa"})
			defer p.start()()
			pass(after)
			require.Empty(t, p.ids())
			e.set(func(e *entra) { e.account = commUser })
			pass(time.Minute)
			require.Len(t, p.ids(), 1, "entered after %v", after)
			require.Equal(t, presence.StateOK, p.push.Health().State)
			require.LessOrEqual(t, e.codes, 1)
		})
	}
}

func TestDeviceCodeAnswersAChallenge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &entra{account: commUser}
		d := byCode(t, e, nil, io.Discard)
		_, err := token(t, d)
		needed(t, err)
		_, err = token(t, d)
		require.NoError(t, err)
		got, err := d.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"s"}, Claims: "{}"})
		require.NoError(t, err)
		require.Equal(t, "access-2", got.Token)
	})
}

func TestDeviceCodeTakesANewCodeWhenTheOldOneIsOfNoUse(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*entra){
		"somebody said no":        func(e *entra) { e.refusal = "authorization_declined" },
		"expired early":           func(e *entra) { e.refusal = "expired_token" },
		"not known any more":      func(e *entra) { e.codes++ },
		"another account entered": func(e *entra) { e.account = "mallory@contoso.com" },
		"after fifteen minutes":   func(*entra) { time.Sleep(15 * time.Minute) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e := &entra{}
				d := byCode(t, e, memstore.New(), io.Discard)
				_, err := token(t, d)
				require.Equal(t, "CODE-1", needed(t, err).Code)
				spoil(e)
				_, err = token(t, d)
				require.NotEqual(t, "CODE-1", needed(t, err).Code)
				require.Equal(t, e.account != "", needed(t, err).Stranger)
				e.set(func(e *entra) { e.account = commUser })
				_, err = token(t, d)
				require.NoError(t, err)
			})
		})
	}
}

func TestDeviceCodeObeysSlowDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &entra{}
		d := byCode(t, e, nil, io.Discard)
		_, err := token(t, d)
		needed(t, err)
		e.refusal = "slow_down"
		_, err = token(t, d)
		needed(t, err)
		require.LessOrEqual(t, e.polls, 3, "every ten seconds after that")
	})
}

func TestDeviceCodeWhoseRefreshTokenIsRefused(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		refusal, detail string
		person          bool // has to sign in again
		permanent       bool
	}{
		"revoked":            {"invalid_grant", "AADSTS50173: x", true, true},
		"expired":            {"invalid_grant", "AADSTS700082: x", true, true},
		"unused for long":    {"invalid_grant", "AADSTS70008: x", true, true},
		"password changed":   {"invalid_grant", "AADSTS50133: x", true, true},
		"password expired":   {"invalid_grant", "AADSTS50055: x", true, true},
		"old second factor":  {"invalid_grant", "AADSTS50078: x", true, true},
		"a code not listed":  {"invalid_grant", "AADSTS123456: x", true, false},
		"no code":            {"invalid_grant", "", true, false},
		"a second factor":    {"interaction_required", "AADSTS50076: x", true, true},
		"some interaction":   {"interaction_required", "", true, false},
		"conditional access": {"invalid_grant", "AADSTS53003: x", false, true},
		"disabled":           {"invalid_grant", "AADSTS50057: x", false, true},
		"locked":             {"invalid_grant", "AADSTS50053: x", false, true},
		"not assigned":       {"invalid_grant", "AADSTS50105: x", false, true},
		"consent":            {"invalid_grant", "AADSTS65001: x", false, true},
		"not public":         {"invalid_client", "AADSTS7000218: x", false, true},
		"two, one for good":  {"invalid_grant", "AADSTS50076: x AADSTS53003: y", false, true},
		"transient":          {"temporarily_unavailable", "AADSTS90033: x", false, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				e, records := &entra{account: commUser}, memstore.New()
				d := byCode(t, e, records, io.Discard)
				_, err := token(t, d)
				needed(t, err)
				_, err = token(t, d)
				require.NoError(t, err)
				pass(time.Hour)
				e.refusal, e.detail = test.refusal, test.detail
				c, err := graph.New(d, graph.Options{Endpoint: endpoint, Transport: newTenant(t)})
				require.NoError(t, err)
				_, err = c.People(t.Context())
				var asked *graph.SignInNeededError
				require.Equal(t, test.person, errors.As(err, &asked))
				var refused *graph.SignInError
				require.ErrorAs(t, err, &refused)
				require.Equal(t, test.permanent && !test.person, refused.Permanent())
				if test.person {
					require.Contains(t, presence.Advice(err), "CODE-2")
					require.Contains(t, c.Health().Todo, "CODE-2")
				}
				pass(6 * time.Minute)
				_, err = c.People(t.Context())
				require.NoError(t, err, "all is well again")
				require.Equal(t, test.person, e.codes == 2)
			})
		})
	}
}

func TestDeviceCodeOutlivesAnAuthorityThatIsOutOfOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &entra{down: true, account: commUser}
		d := byCode(t, e, nil, io.Discard)
		_, err := token(t, d)
		require.ErrorContains(t, err, "cannot fetch token")
		e.down = false
		_, err = token(t, d)
		require.Equal(t, "CODE-1", needed(t, err).Code)
		e.down = true
		_, err = token(t, d)
		require.ErrorContains(t, err, "cannot fetch token")
		e.down = false
		_, err = token(t, d)
		require.NoError(t, err, "the code is still good")
	})
}

func TestDeviceCodeReturnsATokenThatIsGoodWhileTheAuthorityIsNot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := &entra{account: commUser}
		d := byCode(t, e, nil, io.Discard)
		_, err := token(t, d)
		needed(t, err)
		_, err = token(t, d)
		require.NoError(t, err)
		pass(56 * time.Minute)
		e.down = true
		before := len(e.requests)
		for range 100 {
			got, err := token(t, d)
			require.NoError(t, err)
			require.Equal(t, "access-1", got)
		}
		require.Len(t, e.requests, before+1, "not asked for each call")
		_, err = d.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"s"}, Claims: "{}"})
		require.Error(t, err, "Graph does not take that one")

		pass(30 * time.Second)
		e.down = false
		got, err := token(t, d)
		require.NoError(t, err)
		require.Equal(t, "access-2", got)

		pass(59*time.Minute + 50*time.Second)
		e.down = true
		_, err = token(t, d)
		require.NoError(t, err)
		pass(10 * time.Second)
		_, err = token(t, d)
		require.Error(t, err, "expired")
		e.down = false
		got, err = token(t, d)
		require.NoError(t, err)
		require.Equal(t, "access-3", got)

		pass(56 * time.Minute)
		e.refusal, e.detail = "invalid_grant", "AADSTS50057: x"
		_, err = token(t, d)
		require.ErrorContains(t, err, "50057", "an account that is disabled is not hidden for five minutes")
	})
}

func TestDeviceCodeDoesNotOpenWhatAnotherSecretHasSealed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, records := &entra{account: commUser}, memstore.New()
		d := byCode(t, e, records, io.Discard)
		_, err := token(t, d)
		needed(t, err)
		_, err = token(t, d)
		require.NoError(t, err)

		record, err := records.SignIn(t.Context(), "user/"+commUser)
		require.NoError(t, err)
		spoil := map[string]func(*graph.DeviceCodeOptions){
			"another secret": func(o *graph.DeviceCodeOptions) { o.Secret = []byte("another secret of a length") },
			"another account": func(o *graph.DeviceCodeOptions) {
				o.UPN = "other@contoso.com"
				record.Name, record.Revision = "user/other@contoso.com", 0
				_, err := records.PutSignIn(t.Context(), record)
				require.NoError(t, err)
			},
		}
		for name, change := range spoil {
			var log bytes.Buffer
			o := graph.DeviceCodeOptions{Tenant: tenantID, ClientID: appID, UPN: commUser, Store: records,
				Secret: []byte("a secret of some length"), HTTP: &http.Client{Transport: e}, Logger: slog.New(slog.NewTextHandler(&log, nil))}
			change(&o)
			d, err := graph.NewDeviceCode(o)
			require.NoError(t, err, name)
			_, err = token(t, d)
			needed(t, err)
			require.Contains(t, log.String(), "cannot be opened", name)
		}
	})
}

func TestNewDeviceCodeRefuses(t *testing.T) {
	t.Parallel()
	_, err := graph.NewDeviceCode(graph.DeviceCodeOptions{Tenant: tenantID, ClientID: appID})
	require.ErrorContains(t, err, "UPN")
	_, err = graph.NewDeviceCode(graph.DeviceCodeOptions{Tenant: tenantID, ClientID: appID, UPN: commUser, Store: memstore.New(), Secret: []byte("short")})
	require.ErrorContains(t, err, "16 characters")
}

func TestDeviceCodeEndsWithTheContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d := byCode(t, &entra{}, nil, io.Discard)
		_, err := token(t, d)
		needed(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		go token(t, d) // has the turn
		synctest.Wait()
		_, err = d.GetToken(ctx, policy.TokenRequestOptions{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		pass(time.Minute)
	})
}

// FuzzVault: what was sealed comes back, and nothing that was changed does.
func FuzzVault(f *testing.F) {
	f.Add("refresh", uint16(3), byte(1))
	f.Add("", uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, plain string, at uint16, change byte) {
		records := memstore.New()
		v, err := graph.NewVault(records, "user/a", []byte("a secret of some length"))
		require.NoError(t, err)
		require.NoError(t, v.Put(t.Context(), []byte(plain)))
		record, err := records.SignIn(t.Context(), "user/a")
		require.NoError(t, err)
		record.Sealed[int(at)%len(record.Sealed)] ^= change
		_, err = records.PutSignIn(t.Context(), record)
		require.NoError(t, err)
		got, err := v.Open(t.Context())
		require.Equal(t, change == 0, err == nil)
		if err == nil {
			require.Equal(t, plain, string(got))
		}
	})
}
