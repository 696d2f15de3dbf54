package pbxtest_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestRollCallIsPaced(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		request string
		want    time.Duration
	}{
		"fifty a tick by default": {`{"api":"RCC","mt":"Initialize"}`, 40 * time.Millisecond},
		"fifty a tick at most":    {`{"api":"RCC","mt":"Initialize","limit":1000}`, 40 * time.Millisecond},
		"ten a tick":              {`{"api":"RCC","mt":"Initialize","limit":10}`, 220 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sys := pbxtest.NewSystem("example.com")
				for i := range 120 {
					sys.AddUser(pbxtest.User{Name: fmt.Sprint("user", i)})
				}
				_, l := connected(t, sys)
				start := time.Now()
				l.send(tc.request)
				for range 120 {
					require.Contains(t, l.next(), `"mt":"UserInfo"`)
				}
				l.expect(`{"api":"RCC","mt":"InitializeResult"}`)
				require.Equal(t, tc.want, time.Since(start))
			})
		})
	}
}

func TestSecondInitializeReplacesTheFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := pbxtest.NewSystem("example.com")
		for i := range 120 {
			sys.AddUser(pbxtest.User{Name: fmt.Sprint("user", i)})
		}
		_, l := connected(t, sys)
		l.send(`{"api":"RCC","mt":"Initialize","src":"1"}`)
		for range 50 {
			require.Contains(t, l.next(), `"src":"1"`)
		}
		l.send(`{"api":"RCC","mt":"Initialize","src":"2","calls":true}`)
		for range 120 {
			require.Contains(t, l.next(), `"mt":"UserInfo","src":"2"`)
		}
		l.expect(`{"api":"RCC","mt":"InitializeResult","src":"2"}`)
		l.silent()
	})
}

func TestCallsShowOnTheHomePBXOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, master := connected(t, sys)
		_, slave := connected(t, sys, func(o *pbxtest.Options) { o.Name, o.CallDelete = "branch", true })
		sys.AddUser(pbxtest.User{GUID: "3", Name: "user3", LongName: "Three", Home: "branch"})
		for _, l := range []*link{master, slave} {
			l.send(`{"api":"RCC","mt":"Initialize","calls":true}`)
			for !strings.Contains(l.next(), "InitializeResult") {
			}
		}
		call, err := sys.StartCall("3", pbxtest.CallOptions{Incoming: true})
		require.NoError(t, err)
		call.Connect()
		call.Connect()
		call.HangUp()
		call.HangUp()
		call.Connect()
		for _, want := range []string{"CallAdd", "x-setup", "r-alert", "r-conn", "r-disc", "x-rel", `"CallDelete"`} {
			require.Contains(t, slave.next(), want)
		}
		slave.silent()
		master.silent()
		require.False(t, sys.OnThePhone("3"))
	})
}

func TestInitializeWithoutCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, l := connected(t, sys)
		l.send(`{"api":"RCC","mt":"Initialize"}`)
		for !strings.Contains(l.next(), "InitializeResult") {
		}
		call, err := sys.StartCall(guid1, pbxtest.CallOptions{})
		require.NoError(t, err)
		call.Connect()
		l.silent()
		require.True(t, sys.OnThePhone(guid1))
	})
}

func TestCallOfNobody(t *testing.T) {
	t.Parallel()
	_, err := pbxtest.NewSystem("").StartCall("x", pbxtest.CallOptions{})
	require.ErrorContains(t, err, `no user with guid "x"`)
}

func TestCallWithoutAHomePBX(t *testing.T) {
	t.Parallel()
	sys := newSystem()
	call, err := sys.StartCall(guid1, pbxtest.CallOptions{})
	require.NoError(t, err)
	call.Connect()
	require.True(t, sys.OnThePhone(guid1))
	call.HangUp()
	require.False(t, sys.OnThePhone(guid1))
}

func TestCallsThatAreThereAlready(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		request string
		want    []string
	}{
		"all calls":     {`{"api":"RCC","mt":"Initialize","src":"1","calls":true}`, []string{`"call":2,"state":4,`, `"call":3,"state":133,`}},
		"without calls": {`{"api":"RCC","mt":"Initialize","src":"1"}`, nil},
		"of one user":   {`{"api":"RCC","mt":"UserInitialize","src":"1","cn":"Two"}`, []string{`"state":133`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sys := pbxtest.NewSystem("example.com")
				_, l := connected(t, sys)
				users := make(map[string]string)
				for name, home := range map[string]string{"One": "master", "Two": "master", "Three": "branch"} {
					users[name] = sys.AddUser(pbxtest.User{Name: name, LongName: name, Home: home}).GUID
				}
				l.ask(`{"api":"PbxApi","mt":"AddAlienCall","sip":"Two"}`)
				dialled, err := sys.StartCall(users["One"], pbxtest.CallOptions{})
				require.NoError(t, err)
				for _, name := range []string{"Two", "Three"} {
					call, err := sys.StartCall(users[name], pbxtest.CallOptions{Incoming: true})
					require.NoError(t, err)
					call.Connect()
				}
				l.send(tc.request)
				for !strings.Contains(l.next(), "InitializeResult") {
				}
				var got []string
				for range tc.want {
					got = append(got, l.next())
				}
				l.silent()
				for _, want := range tc.want {
					require.Contains(t, strings.Join(got, "\n"), want)
				}
				dialled.HangUp()
			})
		})
	}
}
