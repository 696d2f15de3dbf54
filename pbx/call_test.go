package pbx_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
)

// callsOf returns what events say of calls, in short.
func callsOf(events []pbx.Event) []string {
	var all []string
	for _, e := range events {
		switch e := e.(type) {
		case pbx.CallSeen:
			line := fmt.Sprintf("%s %s", e.Call.ID, e.Call.State)
			if e.Call.Held {
				line += " held"
			}
			if e.Call.Alien {
				line += " alien"
			}
			all = append(all, line+" "+e.Call.Peer.Number)
		case pbx.CallEnded:
			all = append(all, fmt.Sprintf("%s ended lost=%t", e.Call.ID, e.Lost))
		}
	}
	return all
}

func TestCallEvents(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		messages []string
		want     []string
	}{
		"incoming": {
			[]string{added(129), updated("x-setup", "1"), updated("x-conn", "1"), updated("x-conn", "1"), updated("r-disc", "1"), rcc("CallDel", `"x":0`)},
			[]string{"17 ringing ", "17 ringing 1", "17 connected 1", "17 disconnected 1", "17 ended lost=false"},
		},
		"outgoing":         {[]string{added(1), updated("r-setup", "2"), updated("x-conn", "2")}, []string{"17 dialling ", "17 dialling 2", "17 connected 2"}},
		"setup comes late": {[]string{added(0), updated("x-setup", "2")}, []string{"17 dialling ", "17 ringing 2"}},
		"hold":             {[]string{added(5), rcc("CallUpdate", `"state":261`), rcc("CallUpdate", `"state":517`), rcc("CallUpdate", `"state":5`)}, []string{"17 connected ", "17 connected held ", "17 connected "}},
		"parked":           {[]string{added(8)}, []string{"17 parked "}},
		"unknown to all":   {[]string{`{"api":"RCC","mt":"CallAdd","call":3,"guid":"x","state":5}`}, []string{"3 connected "}},
		"ends unseen":      {[]string{rcc("CallDel", `"x":0`), updated("x-conn", "1")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{})
				f := newFake("master").connect(r)
				r.take()
				f.send(test.messages...)
				require.Equal(t, test.want, callsOf(r.take()))
			})
		})
	}
}

func TestCallTellsWhoseItIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		up := r.take()[0].(pbx.PBXUp)
		f.send(rcc("CallAdd", `"state":133,"guid":"`+guidA+`","remote":{"h323":"alan","e164":"30","dn":"Alan"}`))
		require.Contains(t, r.take(), pbx.CallSeen{Call: pbx.Call{
			PBX: "master", Connection: up.Connection, ID: "17", User: guidA, State: pbx.CallConnected, Incoming: true,
			Peer: pbx.Party{Number: "30", Name: "alan", DisplayName: "Alan"},
		}})
		f.send(rcc("CallAdd", `"state":133,"guid":"`+guidB+`"`))
		told := r.take()
		require.Equal(t, []string{"17 connected "}, callsOf(told), "it has passed to another user")
		require.Contains(t, told, pbx.CallSeen{Call: pbx.Call{
			PBX: "master", Connection: up.Connection, ID: "17", User: guidB, State: pbx.CallConnected, Incoming: true,
		}})
	})
}

func TestCallsEndWithTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		f.send(added(5))
		r.take()
		require.NoError(t, f.conn.Close())
		require.Equal(t, []string{"17 ended lost=true"}, callsOf(r.take()))
		f.connect(r)
		require.Empty(t, callsOf(r.take()))
	})
}

func TestCallsGoOnWhenTheConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		older := newFake("master").connect(r)
		older.send(added(5), `{"api":"RCC","mt":"CallAdd","call":18,"guid":"`+guidB+`","state":5}`)
		require.True(t, r.seen(r.take()).OnPhone)
		newer := newFake("master").introduce(r, "ms365")
		require.Empty(t, callsOf(r.take()), "nobody knows yet")
		newer.send(added(5))
		events := r.take()
		require.Equal(t, []string{"17 connected "}, callsOf(events), "on the new connection")
		time.Sleep(settle)
		events = r.take()
		require.Equal(t, []string{"18 ended lost=false"}, callsOf(events))
		for _, e := range events {
			if seen, ok := e.(pbx.PresenceSeen); ok {
				require.Equal(t, seen.GUID == guidA, seen.Seen.OnPhone)
			}
		}
		require.NoError(t, newer.conn.Close())
		require.Equal(t, []string{"17 ended lost=true"}, callsOf(r.take()), "once")
	})
}

func TestReplacedByOneThatTellsNoCalls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		older := newFake("master").connect(r)
		older.send(added(5))
		r.take()
		newer := newFake("master")
		newer.apis = `["PbxApi","PbxTableUsers"]`
		newer.connect(r)
		events := r.take()
		require.Equal(t, []string{"17 ended lost=true"}, callsOf(events))
		require.False(t, r.seen(events).Counted)
	})
}

// A PBX needs a while to notice that the connection is gone which held an alien call.
func TestAlienCallLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		f.send(added(5))
		require.Equal(t, []string{"17 connected alien "}, callsOf(r.take()))
		require.NoError(t, f.conn.Close())
		r.take()
		f.connect(r)
		f.send(added(5))
		events := r.take()
		require.Equal(t, []string{"17 connected alien "}, callsOf(events))
		require.False(t, r.seen(events).OnPhone)
		time.Sleep(2 * time.Minute)
		events = r.take()
		require.Equal(t, []string{"17 connected "}, callsOf(events), "by now it would be gone")
		require.True(t, r.seen(events).OnPhone)
	})
}

func TestAlienCallsUnseen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{AlienCallsUnseen: true})
		f := newFake("master").connect(r)
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		r.take()
		f.send(added(5))
		require.True(t, r.seen(r.take()).OnPhone, "so it is a real one")
	})
}

// info returns a CallInfo about the user with a handle.
func info(handle int, rest string) string {
	return fmt.Sprintf(`{"api":"RCC","mt":"CallInfo","src":"x","user":%d,"call":2,%s}`, handle, rest)
}

func TestCallsOfUsers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Calls: pbx.CallsOfUsers})
		f := newFake("master")
		f.rows = f.rows[:1]
		f.answers["UserInitialize"] = `"user":3`
		f.introduce(r, "ms365")
		require.NotContains(t, kinds(r.take()), "seen", "a call may be on its way")
		time.Sleep(settle)
		seen := r.seen(r.take())
		require.True(t, seen.Counted)
		require.False(t, seen.OnPhone)
		require.Equal(t, "Long a", f.requests("UserInitialize")[0]["cn"])
		require.Empty(t, f.requests("Initialize"))

		f.send(info(3, `"state":129,"peer":{"e164":"444","h323":"","dn":""},"msg":"x-setup"`))
		require.Equal(t, []string{"3/2 ringing 444"}, callsOf(r.take()))
		f.send(info(3, `"state":133,"msg":"r-conn"`))
		require.True(t, r.seen(r.take()).OnPhone)
		for _, end := range []string{`"del":true`, `"msg":"del"`} {
			f.send(info(3, `"state":133,"msg":"r-conn"`), info(3, end))
			events := r.take()
			require.Contains(t, callsOf(events), "3/2 ended lost=false")
			require.False(t, r.seen(events).OnPhone)
		}
		f.send(info(4, `"state":5`))
		require.Empty(t, r.take(), "nobody's")

		f.set(func() { f.answers["UserInitialize"] = `"user":5` })
		f.send(info(3, `"state":133`))
		r.take()
		f.send(`{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":{"guid":"` + guidA + `","h323":"a","cn":"Renamed","loc":"master"}}`)
		require.Equal(t, []string{"3/2 ended lost=true"}, callsOf(r.take()))
		require.Equal(t, []any{3.0}, []any{f.requests("UserEnd")[0]["user"]})
		require.Equal(t, "Renamed", f.requests("UserInitialize")[0]["cn"])
		time.Sleep(settle)
		require.False(t, r.seen(r.take()).OnPhone)
		f.send(info(5, `"state":5`))
		require.True(t, r.seen(r.take()).OnPhone)
	})
}

func TestCallsOfUsersThatCannotBeRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Calls: pbx.CallsOfUsers})
		f := newFake("master")
		f.rows = f.rows[:1]
		f.presences["a"] = `[{"contact":"tel:","activity":"on-the-phone"}]`
		f.answers["UserInitialize"] = `"error":"2"`
		f.connect(r)
		seen := r.seen(r.take())
		require.False(t, seen.Counted)
		require.True(t, seen.OnPhone, "the word has to do")
		f.set(func() { f.answers["UserInitialize"] = `"user":1` })
		time.Sleep(time.Minute + settle)
		seen = r.seen(r.take())
		require.True(t, seen.Counted)
		require.False(t, seen.OnPhone)
	})
}
