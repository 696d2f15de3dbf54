package pbx_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
)

// The examples of the innovaphone SDK (App Websocket Protocol, AppLogin).
func TestOfficialDigests(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ login, digest string }{
		"no info":    {`{"app":"pbxadminapi"}`, "a205299ed2ef2786c311e0be1b14db343f2cadd906a6ae7b564eee34bda5e9a1"},
		"empty info": {`{"app":"pbxadminapi","info":{}}`, "57b23fe824b9222a7ac879597cb509bcdc865a1bfeb057d9d12118cef0c3ba34"},
		"info":       {`{"app":"pbxadminapi","info":{"cn":"Test User"}}`, "96db3c3f657230c2b68194becc6d2a77f05de9f79f01fc81e9ca0fb196b10d9d"},
		"complete": {
			`{"app":"innovaphone-users","domain":"example.com","sip":"administrator","guid":"0123456789abcdef0123456789abcdef","dn":"Administrator User",` +
				`"info":{"appobj":"users","apps":[{"name":"users"},{"name":"profile"}],"appurl":"https://1.2.3.4/example.com/usersapp/innovaphone-users","unlicensed":true}}`,
			"ef1b811ffaa8f9255c39c653d8fb26b4687b2d8c4d9ac91b4821bff6bae3ff44",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			digest, err := pbx.Digest([]byte(test.login), "0123456789abcdef", "pwd")
			require.NoError(t, err)
			require.Equal(t, test.digest, digest)
		})
	}
}

const (
	pbxLogin    = `{"mt":"AppLogin","sip":"go","guid":"8e7ca6fabbc5630170e9009033400109","dn":"go","digest":"8f802873dcdee7cef6144017a6112289298ad69e77474a4c37cfdb68a83640c0","domain":"fritz.box","app":"admin","info":{"appobj":"go","appdn":"go","appurl":"http://192.168.178.29:5000/fritz.box/go/instance/admin","pbx":"pbx-main","cn":"go","unlicensed":true,"apps":[]}}`
	searchLogin = `{"mt":"AppLogin","sip":"go-search","guid":"3954ae7854c96301c9dd009033400109","dn":"go-search","digest":"130f168773ff760701b74e629eca2544c6e62d5354e92e6f821001a982eb8951","domain":"fritz.box","app":"searchapi","info":{"appobj":"go-search","appdn":"go-search","appurl":"http://192.168.178.29:5000/fritz.box/go/instance/searchapi","pbx":"pbx-main","cn":"go-search","unlicensed":true,"apps":[]}}`
	userLogin   = `{"mt":"AppLogin","app":"admin","domain":"fritz.box","sip":"rico","guid":"f48b06484a8a61015853009033400109","dn":"Schulte, Rico","info":{"appobj":"go","appdn":"go","appurl":"http://192.168.178.29:5000/fritz.box/go/instance/admin","pbx":"pbx-main","cn":"rico","unlicensed":true,"groups":[],"apps":[]},"digest":"965b4dd4d4f127c99df796b1ed137b40454801f94f50aaf93b2ce98034f10d9c","pbxObj":"go"}`
)

func TestRecordedLogins(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		login, app, challenge string
		isPBX                 bool
	}{
		"PBX":         {pbxLogin, "admin", "aeaaebe781e80289", true},
		"another PBX": {searchLogin, "searchapi", "16d7dbbcccb63612", true},
		"user":        {userLogin, "admin", "277f41a7a5b7b452", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			isPBX, err := pbx.Login([]byte(test.login), test.app, test.challenge, "go")
			require.NoError(t, err)
			require.Equal(t, test.isPBX, isPBX)

			_, err = pbx.Login([]byte(test.login), test.app, test.challenge, "og")
			require.ErrorIs(t, err, pbx.ErrDigest)
			_, err = pbx.Login([]byte(test.login), test.app, "0000000000000000", "go")
			require.ErrorIs(t, err, pbx.ErrDigest)
			_, err = pbx.Login([]byte(test.login), test.app, "", "go")
			require.ErrorIs(t, err, pbx.ErrNoChallenge)
			_, err = pbx.Login([]byte(test.login), "innovaphone-microsoft365", test.challenge, "go")
			require.ErrorIs(t, err, pbx.ErrApp)
		})
	}
}

func TestInfoWithWhiteSpace(t *testing.T) {
	t.Parallel()
	const login = `{"mt":"AppLogin","app":"pbxadminapi","info": { "cn" : "Test User" } ,"digest":"96db3c3f657230c2b68194becc6d2a77f05de9f79f01fc81e9ca0fb196b10d9d"}`
	_, err := pbx.Login([]byte(login), "pbxadminapi", "0123456789abcdef", "pwd")
	require.NoError(t, err)
}
