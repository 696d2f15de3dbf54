package pbxtest_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

func withServices(o *pbxtest.Options) { o.APIs = []string{"Services", "PbxAdminApi"} }

func TestServicesAreListedOnEachChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, l := connected(t, sys, withServices)
		sys.SetServices(pbxtest.Service{Name: "early"})
		l.silent()
		l.send(`{"api":"Services","mt":"SubscribeServices","src":"s"}`)
		l.expect(
			`{"api":"Services","mt":"SubscribeServicesResult","src":"s"}`,
			`{"api":"Services","mt":"ServicesInfo","src":"s","services":[{"name":"early","title":"","url":"","info":{}}]}`,
		)
		sys.SetServices(pbxtest.Service{
			Name: "innovaphone-calendar", Title: "Calendar", URL: "https://x/calendar/innovaphone-calendar",
			APIs: []string{"com.innovaphone.calendar"}, Password: "hidden",
		})
		l.expect(`{"api":"Services","mt":"ServicesInfo","src":"s","services":[{"name":"innovaphone-calendar","title":"Calendar",` +
			`"url":"https://x/calendar/innovaphone-calendar","info":{"com.innovaphone.calendar":{}}}]}`)
		sys.SetServices()
		l.expect(`{"api":"Services","mt":"ServicesInfo","src":"s","services":[]}`)
		require.Contains(t, l.ask(`{"api":"Services","mt":"Nonsense"}`), "unknown operation")
		require.NotContains(t, fmt.Sprintf("%v %+v", pbxtest.Service{Password: "hidden"}, pbxtest.Service{Password: "hidden"}), "hidden")
	})
}

func TestLoginToAnotherService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, l := connected(t, sys, withServices)
		sys.SetServices(pbxtest.Service{Name: "calendar", Password: "other"})
		require.Contains(t, l.ask(`{"api":"Services","mt":"GetServiceLogin","src":"1","app":"users","challenge":"c"}`), "no such service")
		require.Contains(t, l.ask(`{"api":"Services","mt":"GetServiceLogin","app":1}`), "invalid parameters")
		text := l.ask(`{"api":"Services","mt":"GetServiceLogin","src":"1","app":"calendar","challenge":"c0ffee"}`)
		var got struct {
			login
			Key, Salt string
		}
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		require.Equal(t, "microsoft365", got.SIP)
		require.Equal(t, "microsoft365", *got.PbxObj)
		require.Equal(t, pbxtest.Digest("calendar", got.Domain, got.SIP, got.GUID, got.DN, got.Info, "c0ffee", "other"), got.Digest)
		key, err := pbxtest.Decrypt(challenge, password, got.Salt, got.Key)
		require.NoError(t, err)
		require.Equal(t, pbxtest.SessionKey("c0ffee", "other"), key, "for this connection's eyes")
	})
}

func TestAppLoginOfThePBX(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, l := connected(t, sys, withServices)
		require.Equal(t, `{"api":"PbxAdminApi","mt":"GetAppLoginResult","src":"1","app":"x","digest":"`+
			pbxtest.Digest("x", "example.com", "", "", "", nil, "abc", password)+`"}`,
			l.ask(`{"api":"PbxAdminApi","mt":"GetAppLogin","src":"1","app":"x","challenge":"abc"}`))
		require.Contains(t, l.ask(`{"api":"PbxAdminApi","mt":"GetAppLogin","app":1}`), "invalid parameters")
	})
}
