package pbx_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/presence"
)

func TestRefusedLogins(t *testing.T) {
	t.Parallel()
	wrongPassword, wrongApp := asPBX("hq"), asPBX("hq")
	wrongPassword.password, wrongApp.app = "wrong", "innovaphone-users"
	for name, test := range map[string]struct {
		try    func(*wire)
		reason string
		advice string
	}{
		"wrong password":          {func(w *wire) { require.False(w.r.t, w.login(wrongPassword)) }, `(sip "ms365", PBX "hq"): wrong digest`, "password"},
		"wrong app":               {func(w *wire) { require.False(w.r.t, w.login(wrongApp)) }, `(sip "ms365", PBX "hq"): wrong app "innovaphone-users"`, "URL"},
		"no challenge":            {func(w *wire) { w.send(asPBX("hq").appLogin("")) }, `login without a challenge`, ""},
		"not JSON":                {func(w *wire) { w.send(`hello`) }, "bad frame", ""},
		"no message":              {func(w *wire) { w.send(`{}`) }, "bad frame", ""},
		"wrong shape":             {func(w *wire) { w.send(`{"mt":"AppChallenge"}`, `{"mt":"AppLogin","sip":1}`) }, "bad frame", ""},
		"info of the wrong shape": {func(w *wire) { w.send(`{"mt":"AppChallenge"}`, `{"mt":"AppLogin","sip":"x","info":[]}`) }, `(sip "x", PBX ""): bad frame`, ""},
		"binary":                  {func(w *wire) { w.frame(0x82, []byte(`{"mt":"AppChallenge"}`)) }, "bad frame", ""},
		"API before login":        {func(w *wire) { w.send(`{"mt":"SetPresence","api":"PbxApi"}`) }, `message before login: "PbxApi"`, ""},
		"PbxInfo before login":    {func(w *wire) { w.send(`{"mt":"PbxInfo","pbx":"hq"}`) }, `message before login: "PbxInfo"`, ""},
		"check of a wrong digest": {func(w *wire) { w.send(`{"mt":"AppCheckLogin","app":"x","challenge":"1","digest":"2"}`) }, "wrong digest", "password"},
		"frame over 8 KiB":        {func(w *wire) { w.send(`{"mt":"AppChallenge","x":"` + strings.Repeat("x", 8<<10) + `"}`) }, "read limited", ""},
		"silence":                 {func(*wire) { time.Sleep(10 * time.Second) }, "no login in time", ""},
		"challenges without end": {func(w *wire) {
			for range 21 {
				w.send(`{"mt":"AppChallenge"}`)
				time.Sleep(time.Second / 2)
			}
		}, "no login in time", ""},
		"gone": {func(w *wire) { _ = w.conn.Close() }, "EOF", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{})
				w := r.dial("/ms365/")
				test.try(w)
				<-w.closed
				time.Sleep(time.Second)
				require.Empty(t, r.take())
				require.EqualValues(t, 1, r.server.Counters().RefusedLogins)
				light := r.light("master PBX")
				require.Equal(t, presence.StateFailed, light.State)
				require.Contains(t, light.LastError, test.reason)
				require.Contains(t, light.LastError, "pipe", "the address")
				require.Contains(t, light.Todo, test.advice)
				require.Equal(t, test.advice == "", light.Todo == "")
				require.Contains(t, r.log.String(), "login refused")
				require.NotRegexp(t, "[0-9a-f]{64}", r.log.String(), "no digest")
			})
		})
	}
}

func TestStrangerLeavesTheLightOfAConnectedMaster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		newFake("master").connect(r)
		stranger := asPBX("master")
		stranger.password = "guess"
		require.False(t, r.dial("/").login(stranger))
		synctest.Wait()
		require.Equal(t, presence.StateOK, r.light("master PBX").State)
	})
}

func TestRefusedPeerIsKeptWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		w := r.dial("/")
		w.send(`nonsense`)
		time.Sleep(900 * time.Millisecond)
		require.False(t, w.isClosed())
		time.Sleep(200 * time.Millisecond)
		require.True(t, w.isClosed())
		require.EqualValues(t, 1008, w.close)
	})
}

func TestBeforeLogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		w := r.dial("/")
		w.send(`{"mt":"CheckBuild","url":"https://x/1/y.htm"}`, `{"mt":"KeepAlive"}`)
		require.Empty(t, w.received())
		w.send(`{"mt":"AppChallenge"}`, `{"mt":"AppChallenge"}`)
		answers := w.received()
		require.Len(t, answers, 2)
		require.NotEqual(t, answers[0]["challenge"], answers[1]["challenge"])
		require.True(t, w.login(asPBX("hq")), "only the last challenge counts")
	})
}

func TestCheckLogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Password: "pwd", App: "pbxadminapi"})
		w := r.dial("/")
		const digest = "a205299ed2ef2786c311e0be1b14db343f2cadd906a6ae7b564eee34bda5e9a1"
		w.send(`{"mt":"AppCheckLogin","src":"s","app":"pbxadminapi","domain":"","challenge":"0123456789abcdef","digest":"` + digest + `"}`)
		require.Equal(t, []map[string]any{{"mt": "AppCheckLoginResult", "src": "s", "ok": true}}, w.received())
		require.False(t, w.isClosed())
	})
}

func TestUserLogin(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*identity){
		"by the object that granted it": func(i *identity) { i.pbxObj = "ms365" },
		"by another name":               func(i *identity) { i.sip = "user" },
		"without info":                  func(i *identity) { i.info = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{})
				w := r.dial("/")
				who := asPBX("master")
				change(&who)
				require.True(t, w.login(who))
				w.send(`{"mt":"PbxInfo","pbx":"master","apis":["PbxApi","PbxTableUsers"]}`,
					`{"mt":"PresenceUpdate","api":"PbxApi"}`, `{"mt":"AppInfo","app":"x"}`)
				answers := w.received()
				require.Len(t, answers, 1)
				require.Equal(t, "AppInfoResult", answers[0]["mt"])
				require.Empty(t, r.take())
				counters := r.server.Counters()
				require.EqualValues(t, 1, counters.UserLogins)
				require.Zero(t, counters.Logins)
				require.EqualValues(t, 1, counters.Unknown["PresenceUpdate"])
			})
		})
	}
}

func TestBaseProtocol(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Password: "pwd"})
		w := r.dial("/")
		who := asPBX("hq")
		who.password = "pwd"
		require.True(t, w.login(who))
		w.send(`{"mt":"KeepAlive"}`, `{"mt":"CheckBuild","url":"u"}`, `{"mt":"Future","x":1}`, `{"mt":"FutureResult"}`,
			`{"mt":"PbxInfo"}`, `{"mt":"PbxInfo","pbx":"hq","apis":[]}`, `{"mt":"PbxInfo","pbx":"other","apis":[]}`)
		require.Empty(t, w.received())
		require.Equal(t, []string{"up"}, kinds(r.take()))
		w.send(`{"mt":"AppInfo","app":"innovaphone-microsoft365","src":"7"}`, `{"mt":"AppCheckLogin","challenge":"1","digest":"2"}`)
		require.Equal(t, []map[string]any{
			{
				"mt": "AppInfoResult", "app": "innovaphone-microsoft365", "src": "7",
				"info": map[string]any{"hidden": false, "presence": false, "apis": map[string]any{}}, "serviceInfo": map[string]any{"apis": map[string]any{}},
			},
			{"mt": "AppCheckLoginResult", "ok": false},
		}, w.received())
		require.Equal(t, map[string]uint64{"Future": 1, "FutureResult": 1}, r.server.Counters().Unknown)
		require.False(t, w.isClosed())
	})
}
