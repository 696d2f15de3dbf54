package pbxtest_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestTransfer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, l := connected(t, sys)
		l.send(`{"api":"RCC","mt":"Initialize","calls":true}`)
		for !strings.Contains(l.next(), "InitializeResult") {
		}
		call, err := sys.StartCall(guid1, pbxtest.CallOptions{Incoming: true, Remote: "110"})
		require.NoError(t, err)
		_, err = call.Transfer(guid2)
		require.ErrorContains(t, err, "not connected")
		call.Connect()
		_, conference, _ := strings.Cut(l.next(), `"conf-id":`)
		for range 3 {
			l.next()
		}
		_, err = call.Transfer("x")
		require.ErrorContains(t, err, `no user with guid "x"`)

		second, err := call.Transfer(guid2)
		require.NoError(t, err)
		added := l.next()
		require.Contains(t, added, `"guid":"`+guid2+`","cn":"","call":2,"state":129,`)
		conference, _, _ = strings.Cut(conference, ",")
		require.Contains(t, added, `"conf-id":`+conference)
		for _, want := range []string{
			`"call":2,"msg":"x-setup"`, `"call":2,"msg":"r-conn"`,
			`"call":1,"msg":"r-disc"`, `"call":1,"msg":"x-rel"`, `"mt":"CallDel","call":1`,
		} {
			require.Contains(t, l.next(), want)
		}
		require.False(t, sys.OnThePhone(guid1))
		require.True(t, sys.OnThePhone(guid2))
		_, err = call.Transfer(guid2)
		require.ErrorContains(t, err, "not connected")
		second.HangUp()
		require.False(t, sys.OnThePhone(guid2))
	})
}

func TestParkedCallIsNoPresence(t *testing.T) {
	t.Parallel()
	sys := newSystem()
	call, err := sys.StartCall(guid1, pbxtest.CallOptions{})
	require.NoError(t, err)
	call.Park()
	call.Hold(true, true)
	call.Connect()
	call.Hold(true, false)
	require.True(t, sys.OnThePhone(guid1), "on hold is connected")
	call.Park()
	require.False(t, sys.OnThePhone(guid1))
	call.Connect()
	require.True(t, sys.OnThePhone(guid1))
	call.HangUp()
	call.Park()
	call.Hold(true, true)
	require.False(t, sys.OnThePhone(guid1))
}

func TestFormsOfTheEndOfACall(t *testing.T) {
	t.Parallel()
	for form, want := range map[pbxtest.CallInfoEnd]string{
		pbxtest.CallInfoEndBoth: `{"api":"RCC","mt":"CallInfo","src":"u","user":1,"call":1,"del":true,"msg":"del"}`,
		pbxtest.CallInfoEndDel:  `{"api":"RCC","mt":"CallInfo","src":"u","user":1,"call":1,"del":true}`,
		pbxtest.CallInfoEndMsg:  `{"api":"RCC","mt":"CallInfo","src":"u","user":1,"call":1,"msg":"del"}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			sys := newSystem()
			_, l := connected(t, sys, func(o *pbxtest.Options) { o.CallInfoEnd = form })
			call, err := sys.StartCall(guid1, pbxtest.CallOptions{})
			require.NoError(t, err)
			l.ask(`{"api":"RCC","mt":"UserInitialize","src":"u","cn":"User One"}`)
			call.HangUp()
			for range 3 {
				l.next()
			}
			l.expect(want)
		})
	}
}

func TestStatusOfNobody(t *testing.T) {
	t.Parallel()
	sys := newSystem()
	require.ErrorContains(t, sys.SetStatus("x", "im:", true), `no user with guid "x"`)
	require.ErrorContains(t, sys.SetBadge("x", 1), `no user with guid "x"`)
}
