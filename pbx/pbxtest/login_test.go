package pbxtest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestDigestOfOfficialVectors(t *testing.T) {
	t.Parallel()
	users := `{"appobj":"users","apps":[{"name":"users"},{"name":"profile"}],` +
		`"appurl":"https://1.2.3.4/example.com/usersapp/innovaphone-users","unlicensed":true}`
	for name, v := range map[string]struct {
		app, domain, sip, guid, dn string
		info                       []byte
		want                       string
	}{
		"without info": {
			app:  "pbxadminapi",
			want: "a205299ed2ef2786c311e0be1b14db343f2cadd906a6ae7b564eee34bda5e9a1",
		},
		"empty info": {
			app: "pbxadminapi", info: []byte(`{}`),
			want: "57b23fe824b9222a7ac879597cb509bcdc865a1bfeb057d9d12118cef0c3ba34",
		},
		"name only": {
			app: "pbxadminapi", info: []byte(`{"cn":"Test User"}`),
			want: "96db3c3f657230c2b68194becc6d2a77f05de9f79f01fc81e9ca0fb196b10d9d",
		},
		"everything": {
			app: "innovaphone-users", domain: "example.com", sip: "administrator",
			guid: "0123456789abcdef0123456789abcdef", dn: "Administrator User", info: []byte(users),
			want: "ef1b811ffaa8f9255c39c653d8fb26b4687b2d8c4d9ac91b4821bff6bae3ff44",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := pbxtest.Digest(v.app, v.domain, v.sip, v.guid, v.dn, v.info, challenge, "pwd")
			require.Equal(t, v.want, got)
		})
	}
}

// recording is a login taken from a real PBX, whose password was "go".
type recording struct {
	Challenge string
	Login     json.RawMessage
}

func recordings(t *testing.T) []recording {
	t.Helper()
	raw, err := os.ReadFile("testdata/logins.jsonl")
	require.NoError(t, err)
	var all []recording
	for line := range bytes.Lines(raw) {
		var r recording
		require.NoError(t, json.Unmarshal(line, &r))
		all = append(all, r)
	}
	require.Len(t, all, 3)
	return all
}

func TestDigestOfRecordedLogins(t *testing.T) {
	t.Parallel()
	for _, r := range recordings(t) {
		var l login
		require.NoError(t, json.Unmarshal(r.Login, &l))
		require.Equal(t, l.Digest, pbxtest.Digest(l.App, l.Domain, l.SIP, l.GUID, l.DN, l.Info, r.Challenge, "go"))
	}
}

func TestLoginIsByteForByteThatOfARealPBX(t *testing.T) {
	t.Parallel()
	for _, r := range recordings(t)[:2] { // the third is a user's
		var l login
		require.NoError(t, json.Unmarshal(r.Login, &l))
		synctest.Test(t, func(t *testing.T) {
			svc := newService(t)
			svc.challenge = `"` + r.Challenge + `"`
			svc.accept = func(login) bool { return true }
			pbxtest.Start(t, pbxtest.NewSystem("fritz.box").AddPBX(pbxtest.Options{
				Name:       "pbx-main",
				AppURL:     "http://192.168.178.29:5000/fritz.box/go/instance/" + l.App,
				AppObject:  l.SIP,
				AppTitle:   l.DN,
				AppGUID:    l.GUID,
				Password:   "go",
				HTTPClient: svc.listener.Client(),
			}))
			conn := svc.next()
			require.Equal(t, string(r.Login), conn.login.raw)
			require.Equal(t, "/fritz.box/go/instance", conn.path)
		})
	}
}

func TestLoginCatchesReencoding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		pbxtest.Start(t, pbxtest.NewSystem("example.com").AddPBX(svc.options()))
		l := svc.next().login

		reencoded, err := json.Marshal(l.Info)
		require.NoError(t, err)
		require.NotEqual(t, string(l.Info), string(reencoded), "escapes must not survive")
		var members map[string]any
		require.NoError(t, json.Unmarshal(l.Info, &members))
		sorted, err := json.Marshal(members)
		require.NoError(t, err)
		require.NotEqual(t, string(reencoded), string(sorted), "order must not survive")
		require.Contains(t, l.DN, "&")
		require.Contains(t, l.DN, "<")
		require.Contains(t, l.DN, "ä")
		require.Nil(t, l.PbxObj)
		require.Equal(t, "innovaphone-microsoft365", l.App)
	})
}

func TestPbxInfoAndAppInfoFollowTheLogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		o := svc.options()
		o.DNS, o.Version, o.Build, o.APIs = "pbx.example.com", "14r2", "1412345", []string{"PbxApi"}
		pbxtest.Start(t, pbxtest.NewSystem("example.com").AddPBX(o))
		svc.connection().expect(
			`{"mt":"PbxInfo","domain":"example.com","pbx":"master","pbxDns":"pbx.example.com",`+
				`"apis":["PbxApi"],"version":"14r2","build":"1412345"}`,
			`{"mt":"AppInfo","app":"innovaphone-microsoft365"}`,
		)
	})
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		o := svc.options()
		o.Slave = true
		pbxtest.Start(t, pbxtest.NewSystem("").AddPBX(o))
		svc.connection().expect(`{"mt":"PbxInfo","domain":"","pbx":"slave","pbxDns":"",` +
			`"apis":["PbxApi","PbxTableUsers","PbxAdminApi","RCC","PbxImpersonation"]}`)
	})
}

func TestRefusedLoginBacksOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		start := time.Now()
		var at []time.Duration
		svc.accept = func(login) bool {
			at = append(at, time.Since(start))
			return len(at) > 8
		}
		p := pbxtest.NewSystem("example.com").AddPBX(svc.options())
		pbxtest.Start(t, p)
		svc.next()
		s := time.Second
		require.Equal(t, []time.Duration{0, s, 3 * s, 7 * s, 15 * s, 31 * s, 63 * s, 95 * s, 127 * s}, at)
		accepted, refused := p.Logins()
		require.Equal(t, []int{1, 8}, []int{accepted, refused})

		reconnected := time.Now()
		p.Drop()
		svc.next()
		require.Equal(t, s, time.Since(reconnected), "a login resets the backoff")
	})
}

func TestNumericChallengeIsHashedAsItsDigits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		svc.challenge = `4711`
		svc.accept = func(l login) bool {
			return l.Digest == pbxtest.Digest(l.App, l.Domain, l.SIP, l.GUID, l.DN, l.Info, "4711", password)
		}
		pbxtest.Start(t, pbxtest.NewSystem("example.com").AddPBX(svc.options()))
		svc.next()
	})
}

func TestServiceThatMisbehavesBeforeTheLogin(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		early, challenge, want string
	}{
		"uses an API":          {`{"api":"PbxApi","mt":"SubscribePresence"}`, `"1"`, "PbxApi SubscribePresence before the login"},
		"accepts blindly":      {`{"mt":"AppLoginResult","ok":true}`, `"1"`, "AppLoginResult without a challenge"},
		"challenges at length": {`{"mt":"KeepAlive"}`, `"12345678901234567"`, "challenge of 17 characters"},
		"sends no JSON":        {`hello`, `"1"`, "no JSON object with mt, and with api and src as strings"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				svc := newService(t)
				svc.greet = sendEarly(tc.early)
				svc.challenge = tc.challenge
				svc.accept = func(login) bool { return true }
				sys := pbxtest.NewSystem("example.com")
				run(t, sys.AddPBX(svc.options()))
				await(t, sys, func() bool { return len(sys.Violations()) > 0 })
				require.Equal(t, "master: "+tc.want, sys.Violations()[0])
			})
		})
	}
}

func TestAddressIsTheAppURLWithoutTheApp(t *testing.T) {
	t.Parallel()
	for appURL, want := range map[string]string{
		"https://ap.example.com/example.com/ms365/app": "https://ap.example.com/example.com/ms365",
		"http://192.0.2.1:8080/app":                    "http://192.0.2.1:8080/",
	} {
		got, err := pbxtest.Address(appURL)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	for _, bad := range []string{"", "https://host", "https://host/", "https://host/path/", "/path/app", "://"} {
		_, err := pbxtest.Address(bad)
		require.Error(t, err, bad)
	}
}

func TestRunRefusesAnAppURLNobodyCanDial(t *testing.T) {
	t.Parallel()
	p := pbxtest.NewSystem("example.com").AddPBX(pbxtest.Options{AppURL: "ap.example.com"})
	require.ErrorContains(t, p.Run(t.Context()), "run PBX master: app URL")
}
