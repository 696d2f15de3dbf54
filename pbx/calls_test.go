package pbx_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/presence"
)

// rcc returns a message of the RCC API about call 17.
func rcc(name, rest string) string {
	return fmt.Sprintf(`{"api":"RCC","mt":%q,"src":"rcc","call":17,%s}`, name, rest)
}

func added(state int) string {
	return rcc("CallAdd", fmt.Sprintf(`"guid":%q,"cn":"Long a","state":%d`, guidA, state))
}

func updated(msg, remote string) string {
	return rcc("CallUpdate", fmt.Sprintf(`"msg":%q,"local":{"h323":"a","e164":"20"},"remote":{"h323":"","e164":%q}`, msg, remote))
}

func TestCalls(t *testing.T) {
	t.Parallel()
	deleted := rcc("CallDel", `"x":0`)
	for name, test := range map[string]struct {
		messages []string
		want     []bool // OnPhone of each PresenceSeen
		dialling []bool // the same where dialling counts
	}{
		"connected from the start":   {[]string{added(5)}, []bool{true}, []bool{true}},
		"on hold":                    {[]string{added(5 + 256)}, []bool{true}, []bool{true}},
		"incoming, answered":         {[]string{added(129), updated("x-alert", "1"), updated("x-conn", "1"), deleted}, []bool{true, false}, []bool{true, false}},
		"incoming, missed":           {[]string{added(129), updated("r-alert", "1"), updated("r-rel", "1"), deleted}, nil, nil},
		"outgoing, answered":         {[]string{added(1), updated("x-alert", "1"), updated("r-conn", "1"), updated("r-disc", "1"), deleted}, []bool{true, false}, []bool{true, false}},
		"outgoing, not answered":     {[]string{added(4), updated("x-rel", "1"), deleted}, nil, []bool{true, false}},
		"ended by CallDelete":        {[]string{added(5), rcc("CallDelete", `"x":0`)}, []bool{true, false}, []bool{true, false}},
		"ended by msg del":           {[]string{added(5), updated("del", "")}, []bool{true, false}, []bool{true, false}},
		"state in an update":         {[]string{added(129), rcc("CallUpdate", `"state":133`)}, []bool{true}, []bool{true}},
		"parked":                     {[]string{added(8)}, nil, nil},
		"disconnecting":              {[]string{added(6)}, nil, nil},
		"update of an unknown call":  {[]string{updated("r-conn", "1"), deleted}, nil, nil},
		"id as text":                 {[]string{`{"api":"RCC","mt":"CallAdd","call":"17","guid":"` + guidA + `","state":5}`, deleted}, []bool{true, false}, []bool{true, false}},
		"a call of somebody unknown": {[]string{`{"api":"RCC","mt":"CallAdd","call":17,"guid":"x","state":5}`}, nil, nil},
		"single user information":    {[]string{`{"api":"RCC","mt":"UserInfo","guid":"` + guidA + `"}`}, nil, nil},
	} {
		for _, dialling := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, dialling counts %t", name, dialling), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, pbx.Options{CountDialling: dialling})
					f := newFake("master").connect(r)
					r.quiet()
					f.send(test.messages...)
					var got []bool
					for _, e := range r.quiet() {
						seen := e.(pbx.PresenceSeen)
						require.Equal(t, guidA, seen.GUID)
						require.True(t, seen.Seen.Counted)
						got = append(got, seen.Seen.OnPhone)
					}
					want := test.want
					if dialling {
						want = test.dialling
					}
					require.Equal(t, want, got)
					require.Zero(t, r.server.Counters().BadFrames)
				})
			})
		}
	}
}

func TestSecondCallGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		r.quiet()
		f.send(added(5), `{"api":"RCC","mt":"CallAdd","call":18,"guid":"`+guidA+`","state":5}`, rcc("CallDel", `"x":0`))
		events := r.quiet()
		require.Len(t, events, 1)
		require.True(t, r.seen(events).OnPhone)
	})
}

func TestPresenceWaitsForCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.rows = f.rows[:1]
		f.answers["Initialize"] = "-"
		f.connect(r)
		require.Equal(t, []string{"up", "user", "synced"}, kinds(r.quiet()))
		require.Equal(t, "reading calls", r.light("PBX master").Detail)
		initialize := f.requests("Initialize")[0]
		require.Equal(t, true, initialize["calls"])
		f.send(added(5), fmt.Sprintf(`{"api":"RCC","mt":"InitializeResult","src":%q}`, initialize["src"]))
		events := r.quiet()
		require.Len(t, events, 1)
		require.True(t, r.seen(events).OnPhone)
		require.NotEqual(t, presence.StateOK, r.light("PBX master").State)
		time.Sleep(settle)
		synctest.Wait()
		require.Equal(t, presence.StateOK, r.light("PBX master").State)
	})
}

func TestCallsThatFollowTheResult(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{CallsSettle: time.Second})
		f := newFake("master")
		f.connect(r)
		require.NotContains(t, kinds(r.quiet()), "seen", "a call may be on its way")
		f.send(added(5))
		events := r.quiet()
		require.Len(t, events, 1)
		require.Equal(t, guidA, events[0].(pbx.PresenceSeen).GUID)
		require.True(t, r.seen(events).OnPhone, "one call is enough")
		f.send(rcc("CallDel", `"x":0`))
		require.Empty(t, r.quiet(), "there may be others")
		time.Sleep(time.Second)
		events = r.quiet()
		require.Equal(t, []string{"seen", "seen"}, kinds(events))
		for _, e := range events {
			require.False(t, e.(pbx.PresenceSeen).Seen.OnPhone)
		}
	})
}

func TestCallPassesToAnotherUser(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		f.send(added(5))
		r.quiet()
		f.send(rcc("CallAdd", `"state":5,"guid":"`+guidB+`"`))
		onPhone := map[string]bool{}
		for _, e := range r.quiet() {
			onPhone[e.(pbx.PresenceSeen).GUID] = e.(pbx.PresenceSeen).Seen.OnPhone
		}
		require.Equal(t, map[string]bool{guidA: false, guidB: true}, onPhone)
	})
}

func TestUnknownCallsFallBackToPresence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.rows = f.rows[:1]
		f.presences["a"] = `[{"contact":"tel:","activity":"on-the-phone"}]`
		f.answers["Initialize"] = `"error":1`
		f.connect(r)
		seen := r.seen(r.quiet())
		require.False(t, seen.Counted)
		require.True(t, seen.OnPhone)
		require.Contains(t, r.light("PBX master").LastError, "Initialize")

		f.set(func() { clear(f.answers) })
		time.Sleep(time.Minute)
		seen = r.seen(r.quiet())
		require.True(t, seen.Counted)
		require.False(t, seen.OnPhone)
	})
}

func TestLateCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.rows = f.rows[:1]
		f.presences["a"] = `[{"contact":"tel:","activity":"on-the-phone"}]`
		f.answers["Initialize"] = "-"
		f.connect(r)
		r.quiet()
		time.Sleep(11 * time.Second)
		require.False(t, r.seen(r.quiet()).Counted)
		f.send(added(5), `{"api":"RCC","mt":"InitializeResult"}`)
		time.Sleep(settle)
		seen := r.seen(r.quiet())
		require.True(t, seen.Counted && seen.OnPhone)
		time.Sleep(time.Hour)
		require.Len(t, f.requests("Initialize"), 1)
	})
}

func TestMalformedCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		r.quiet()
		f.send(`{"api":"RCC","mt":"CallAdd"}`, rcc("CallAdd", `"state":-1`), rcc("CallUpdate", `"remote":7`))
		require.Empty(t, r.quiet())
		require.EqualValues(t, 3, r.server.Counters().BadFrames)
		require.False(t, f.isClosed())
	})
}
