package pbx_test

import (
	"os"
	"strings"
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

// recorded returns the messages of a file in testdata, one a line.
func recorded(t testing.TB, file string) []string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + file)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	require.NotEmpty(t, lines)
	return lines
}

func TestRecordedLogins(t *testing.T) {
	t.Parallel()
	logins := recorded(t, "recorded.jsonl")
	for name, test := range map[string]struct {
		login, app, challenge string
		isPBX                 bool
	}{
		"PBX":         {logins[0], "admin", "aeaaebe781e80289", true},
		"another PBX": {logins[1], "searchapi", "16d7dbbcccb63612", true},
		"user":        {logins[2], "admin", "277f41a7a5b7b452", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, isPBX, err := pbx.Login([]byte(test.login), test.app, test.challenge, "go")
			require.NoError(t, err)
			require.Equal(t, test.isPBX, isPBX)

			_, _, err = pbx.Login([]byte(test.login), test.app, test.challenge, "og")
			require.ErrorIs(t, err, pbx.ErrDigest)
			_, _, err = pbx.Login([]byte(test.login), test.app, "0000000000000000", "go")
			require.ErrorIs(t, err, pbx.ErrDigest)
			_, _, err = pbx.Login([]byte(test.login), test.app, "", "go")
			require.ErrorIs(t, err, pbx.ErrNoChallenge)
			_, _, err = pbx.Login([]byte(test.login), "innovaphone-microsoft365", test.challenge, "go")
			require.ErrorIs(t, err, pbx.ErrApp)
		})
	}
}

func TestInfoWithWhiteSpace(t *testing.T) {
	t.Parallel()
	const login = `{"mt":"AppLogin","app":"pbxadminapi","info": { "cn" : "Test User" } ,"digest":"96db3c3f657230c2b68194becc6d2a77f05de9f79f01fc81e9ca0fb196b10d9d"}`
	_, _, err := pbx.Login([]byte(login), "pbxadminapi", "0123456789abcdef", "pwd")
	require.NoError(t, err)
}
