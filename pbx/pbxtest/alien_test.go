package pbxtest_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestWhoAnAlienCallIsFor(t *testing.T) {
	t.Parallel()
	const (
		plain        = `{"api":"PbxApi","mt":"AddAlienCall","src":"a"}`
		identified   = `{"api":"PbxApi","mt":"AddAlienCall","src":"a","sip":"user2"}`
		impersonated = `{"api":"PbxApi.0","mt":"AddAlienCall","src":"a"}`
		both         = `{"api":"PbxApi.0","mt":"AddAlienCall","src":"a","guid":"` + guid2 + `"}`
	)
	for name, tc := range map[string]struct {
		reading pbxtest.AlienCalls
		request string
		want    string // guid of the user, "" if refused
	}{
		"any, nobody named":              {pbxtest.AlienCallsAny, plain, ""},
		"any, named":                     {pbxtest.AlienCallsAny, identified, guid2},
		"any, impersonated":              {pbxtest.AlienCallsAny, impersonated, guid1},
		"any, both":                      {pbxtest.AlienCallsAny, both, guid1},
		"impersonated only, named":       {pbxtest.AlienCallsImpersonated, identified, ""},
		"impersonated only, both":        {pbxtest.AlienCallsImpersonated, both, guid1},
		"identified only, impersonated":  {pbxtest.AlienCallsIdentified, impersonated, ""},
		"identified only, both":          {pbxtest.AlienCallsIdentified, both, guid2},
		"too old for alien calls, named": {pbxtest.AlienCallsRefused, identified, ""},
		"too old for alien calls, both":  {pbxtest.AlienCallsRefused, both, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sys := newSystem()
				_, l := connected(t, sys, func(o *pbxtest.Options) { o.AlienCalls = tc.reading })
				l.ask(`{"api":"PbxImpersonation","mt":"CreateApi","sip":"user1","target":"PbxApi"}`)
				answer := l.ask(tc.request)
				for _, guid := range []string{guid1, guid2} {
					require.Equal(t, guid == tc.want, sys.OnThePhone(guid), guid)
				}
				writes := sys.Writes()
				require.Len(t, writes, 1)
				if tc.want == "" {
					require.Contains(t, answer, `"errorText"`)
					require.NotEmpty(t, writes[0].Err)
					return
				}
				require.Contains(t, answer, `"id":1}`)
				require.Empty(t, writes[0].Err)
				require.Equal(t, tc.want, writes[0].GUID)
				require.Equal(t, 1, writes[0].ID)
			})
		})
	}
}

func TestAlienCallNeedsTheHomePBX(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, master := connected(t, sys)
		_, slave := connected(t, sys, func(o *pbxtest.Options) { o.Name = "branch" })
		sys.UpdateUser(guid1, func(u *pbxtest.User) { u.Home = "branch" })
		request := `{"api":"PbxApi","mt":"AddAlienCall","src":"a","sip":"user1"}`
		require.Contains(t, master.ask(request), "not at home")
		require.False(t, sys.OnThePhone(guid1))
		require.Equal(t, `{"api":"PbxApi","mt":"AddAlienCallResult","src":"a","id":1}`, slave.ask(request))
		require.True(t, sys.OnThePhone(guid1))
		require.Equal(t, []string{"master", "branch"}, []string{sys.Writes()[0].PBX, sys.Writes()[1].PBX})
	})
}

func TestAlienCallsDieWithTheirConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		p, l := connected(t, sys)
		l.ask(`{"api":"PbxApi","mt":"AddAlienCall","src":"a","sip":"user1"}`)
		l.ask(`{"api":"PbxApi","mt":"AddAlienCall","src":"b","sip":"user1"}`)
		l.ask(`{"api":"PbxApi","mt":"AddAlienCall","src":"c","sip":"user2"}`)
		require.Equal(t, []int{2, 1}, []int{sys.AlienCalls(guid1), sys.AlienCalls(guid2)})
		p.Drop()
		require.Equal(t, []int{0, 0}, []int{sys.AlienCalls(guid1), sys.AlienCalls(guid2)})
		require.False(t, sys.OnThePhone(guid1))
		require.False(t, p.Connected())
	})
}

func TestAlienCallsInRCC(t *testing.T) {
	t.Parallel()
	for _, shown := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			sys := newSystem()
			_, l := connected(t, sys, func(o *pbxtest.Options) { o.AlienCallsInRCC = shown })
			l.send(`{"api":"RCC","mt":"Initialize","src":"rcc","calls":true}`)
			for range 3 {
				l.next()
			}
			first := l.ask(`{"api":"PbxApi","mt":"AddAlienCall","src":"a","sip":"user1"}`)
			if !shown {
				require.Contains(t, first, "AddAlienCallResult")
				l.silent()
				return
			}
			require.Contains(t, first, `"mt":"CallAdd","src":"rcc","guid":"`+guid1+`"`)
			require.Contains(t, first, `"state":5`)
			require.Contains(t, l.next(), "AddAlienCallResult")
		})
	}
}

func TestRemovedUserTakesImpersonationAndCallsAlong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, l := connected(t, sys)
		l.ask(`{"api":"PbxImpersonation","mt":"CreateApi","sip":"user1","target":"PbxApi"}`)
		l.ask(`{"api":"PbxApi.0","mt":"AddAlienCall"}`)
		call, err := sys.StartCall(guid1, pbxtest.CallOptions{})
		require.NoError(t, err)
		call.Connect()
		sys.RemoveUser(guid1)
		require.False(t, sys.OnThePhone(guid1))
		call.HangUp()
		require.Contains(t, l.ask(`{"api":"PbxApi.0","mt":"AddAlienCall"}`), "no such API")
		require.Contains(t, l.ask(`{"api":"PbxApi.0","mt":"DelAlienCall","id":1}`), "no such API")
	})
}
