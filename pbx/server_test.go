package pbx_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/presence"
)

func TestOptions(t *testing.T) {
	t.Parallel()
	ignore := func(pbx.Event) {}
	for name, test := range map[string]struct {
		options pbx.Options
		want    string
	}{
		"enough":             {pbx.Options{Password: "exactly 15 ünïc", OnEvent: ignore}, ""},
		"no password":        {pbx.Options{OnEvent: ignore}, "Password is missing"},
		"long password":      {pbx.Options{Password: "1234567890123456", OnEvent: ignore}, "Password is longer than the 15"},
		"no OnEvent":         {pbx.Options{Password: "x"}, "OnEvent"},
		"alien calls":        {pbx.Options{Password: "x", OnEvent: ignore, AlienCalls: "yes"}, "AlienCalls"},
		"negative number":    {pbx.Options{Password: "x", OnEvent: ignore, Outstanding: -1}, "Outstanding"},
		"negative limit":     {pbx.Options{Password: "x", OnEvent: ignore, ReadLimit: -1}, "ReadLimit"},
		"negative time":      {pbx.Options{Password: "x", OnEvent: ignore, PingEvery: -1}, "PingEvery"},
		"negative licence":   {pbx.Options{Password: "x", OnEvent: ignore, LicenceEvery: -1}, "LicenceEvery"},
		"negative request":   {pbx.Options{Password: "x", OnEvent: ignore, RequestTimeout: -1}, "RequestTimeout"},
		"negative login":     {pbx.Options{Password: "x", OnEvent: ignore, LoginTimeout: -1}, "LoginTimeout"},
		"shortest intervals": {pbx.Options{Password: "x", OnEvent: ignore, LicenceEvery: 1}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, err := pbx.NewServer(test.options)
			if test.want == "" {
				require.NoError(t, err)
				require.NotNil(t, server)
				return
			}
			require.ErrorContains(t, err, test.want)
			require.NotContains(t, err.Error(), "1234567890123456")
		})
	}
}

func TestOptionsKeepThePassword(t *testing.T) {
	t.Parallel()
	o := pbx.Options{Password: "hush", App: "x"}
	require.NotContains(t, fmt.Sprintf("%v %+v %s", o, o, o), "hush")
}

func TestBeforeRun(t *testing.T) {
	t.Parallel()
	server, err := pbx.NewServer(pbx.Options{Password: "x", OnEvent: func(pbx.Event) {}})
	require.NoError(t, err)
	for upgrade, want := range map[string]int{"websocket": http.StatusServiceUnavailable, "": http.StatusUpgradeRequired, "h2c": http.StatusUpgradeRequired} {
		request := httptest.NewRequest(http.MethodGet, "/ms365/", nil)
		request.Header.Set("Upgrade", upgrade)
		response := httptest.NewRecorder()
		server.ServeHTTP(response, request)
		require.Equal(t, want, response.Code)
	}
	require.Equal(t, []presence.Health{{
		Name: "master PBX", State: presence.StateStarting, Since: server.Health()[0].Since, Detail: "waiting for the first PBX",
	}}, server.Health())
	require.Empty(t, server.Counters().Unknown)
}

func TestTooManyLogins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		r := newRig(t, pbx.Options{Address: func(*http.Request) string { n++; return fmt.Sprint(n) }})
		for range 100 {
			r.dial("/")
		}
		require.False(t, r.admits())
		time.Sleep(20 * time.Second)
		synctest.Wait()
		newFake("master").connect(r)
		require.Contains(t, kinds(r.take()), "up", "there is room again")
	})
}

func TestErrors(t *testing.T) {
	t.Parallel()
	reply := fmt.Errorf("write: %w", &pbx.ReplyError{PBX: "hq", Request: "SetPresence", Code: "1", Text: "no"})
	require.ErrorIs(t, reply, presence.ErrRefused)
	require.EqualError(t, reply, `write: SetPresence on PBX "hq": error 1 "no"`)
	require.Empty(t, presence.Advice(reply))

	api := fmt.Errorf("write: %w", &pbx.APIError{PBX: "hq", API: "RCC"})
	require.ErrorIs(t, api, presence.ErrRefused)
	require.Contains(t, presence.Advice(api), "RCC")

	login := fmt.Errorf("x: %w", &pbx.LoginError{Addr: "192.0.2.1:5", SIP: "a\nb", Err: pbx.ErrDigest})
	require.ErrorIs(t, login, pbx.ErrDigest)
	require.NotErrorIs(t, login, presence.ErrRefused)
	require.Contains(t, login.Error(), `"a\nb"`)
	for _, transient := range []error{pbx.ErrNotConnected, pbx.ErrTimeout, pbx.ErrUnknownUser, pbx.ErrSlow} {
		require.False(t, errors.Is(transient, presence.ErrRefused))
	}
}
