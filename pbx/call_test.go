package pbx_test

import (
	"fmt"
	"slices"
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
		require.Empty(t, callsOf(events), "it goes on, as it was told")
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
		f.introduce(r, "ms365").send(added(5))
		time.Sleep(settle)
		events := r.take()
		require.Equal(t, []string{"17 connected alien "}, callsOf(events))
		require.False(t, r.seen(events).OnPhone)
		time.Sleep(2 * time.Minute)
		events = r.take()
		require.Equal(t, []string{"17 connected "}, callsOf(events), "by now it would be gone")
		require.True(t, r.seen(events).OnPhone)
	})
}

func TestAlienCallLeftBehindByAUserWhoMoves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Master: "master"})
		master, slave := pair("slave")
		master.connect(r)
		slave.connect(r)
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		require.NoError(t, slave.conn.Close())
		synctest.Wait()
		master.send(moving("master"))
		r.take()
		slave.introduce(r, "ms365").send(added(5))
		require.Equal(t, []string{"17 connected alien "}, callsOf(r.take()))
	})
}

func TestCallAfterTheListWasNotLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		require.NoError(t, f.conn.Close())
		synctest.Wait()
		f.connect(r)
		r.take()
		f.send(added(1), rcc("CallUpdate", `"msg":"r-conn"`))
		events := r.take()
		require.Equal(t, []string{"17 dialling ", "17 connected "}, callsOf(events))
		require.True(t, r.seen(events).OnPhone)
	})
}

// After a reconnect a real call comes without its other end, as an alien call does.
func TestRealCallBesideAnAlienCallLeftBehind(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		f.send(added(5))
		require.Equal(t, []string{"17 connected "}, callsOf(r.take()))
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		for range 2 {
			require.NoError(t, f.conn.Close())
			r.take()
			f.introduce(r, "ms365").send(added(5), second)
			time.Sleep(settle)
			events := r.take()
			require.Equal(t, []string{"17 connected ", "18 connected alien "}, callsOf(events))
			events = slices.DeleteFunc(events, func(e pbx.Event) bool {
				seen, ok := e.(pbx.PresenceSeen)
				return ok && seen.GUID != guidA
			})
			require.True(t, r.seen(events).OnPhone)
		}
		f.send(rcc("CallDel", `"x":0`))
		require.False(t, r.seen(r.take()).OnPhone, "what is left is the alien one")
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

func TestTwoAppObjectsOfAPBX(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		older := newFake("master").connect(r)
		older.send(added(133))
		r.take()
		newer := newFake("master").introduce(r, "other")
		for _, f := range []*fake{older, newer} {
			f.send(added(133))
		}
		time.Sleep(settle)
		require.Empty(t, callsOf(r.take()), "told once, by the one that counts")

		_, _, err := r.server.AddAlienCall(t.Context(), guidB)
		require.NoError(t, err)
		alien := `{"api":"RCC","mt":"CallAdd","call":18,"guid":"` + guidB + `","state":5}`
		older.send(alien)
		newer.send(alien)
		events := r.take()
		require.Equal(t, []string{"18 connected alien "}, callsOf(events))
		require.NotContains(t, kinds(events), "seen")

		older.requests("Initialize")
		require.NoError(t, newer.conn.Close())
		r.take()
		require.Len(t, older.requests("Initialize"), 1, "the other one takes over")
		older.send(added(133), alien)
		time.Sleep(settle)
		require.Empty(t, callsOf(r.take()))
		older.send(rcc("CallDel", `"x":0`))
		require.Equal(t, []string{"17 ended lost=false"}, callsOf(r.take()))
	})
}

// With the calls of single users, handles belong to the connection.
func TestUsersAreNotMixedUpWhenTheConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Calls: pbx.CallsOfUsers})
		older := newFake("master")
		older.handles = map[string]int{guidA: 1, guidB: 2}
		older.connect(r)
		older.send(info(1, `"state":133,"peer":{"e164":"444"}`))
		require.Equal(t, []string{guidA + "/2 connected 444"}, callsOf(r.take()))
		newer := newFake("master")
		newer.handles = map[string]int{guidA: 2, guidB: 1}
		newer.introduce(r, "ms365")
		r.take()
		newer.send(info(1, `"state":129,"peer":{"e164":"555"}`))
		require.Equal(t, []string{guidB + "/2 ringing 555"}, callsOf(r.take()))
		newer.send(info(2, `"state":133`))
		require.Empty(t, callsOf(r.take()), "it goes on")
		newer.send(info(2, `"del":true`))
		events := r.take()
		require.Equal(t, []string{guidA + "/2 ended lost=false"}, callsOf(events))
		time.Sleep(time.Minute)
		require.Empty(t, callsOf(r.take()))
	})
}

func TestLateHandleIsGivenBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Calls: pbx.CallsOfUsers})
		f := newFake("master")
		f.rows = f.rows[:1]
		f.answers["UserInitialize"] = "-"
		f.connect(r)
		time.Sleep(11 * time.Second)
		r.take()
		f.send(fmt.Sprintf(`{"api":"RCC","mt":"UserInitializeResult","src":%q,"user":9}`, guidA))
		r.take()
		require.Equal(t, 9.0, f.requests("UserEnd")[0]["user"])
	})
}

func TestRealCallStaysReal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		f.send(added(133))
		require.Equal(t, []string{"17 connected "}, callsOf(r.take()), "somebody who hides the number")
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		f.send(rcc("CallUpdate", `"state":389`))
		require.Equal(t, []string{"17 connected held "}, callsOf(r.take()))

		f.send(updated("x-conn", "030"))
		r.take()
		newer := newFake("master").introduce(r, "ms365")
		newer.send(added(133))
		time.Sleep(settle)
		require.Equal(t, []string{"17 connected 030"}, callsOf(r.take()), "still the same number, no more on hold")
	})
}

func TestSlowRetryHoldsNothingBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.answers["Initialize"] = "-"
		f.connect(r)
		time.Sleep(80 * time.Second) // another question is under way
		r.take()
		f.send(contactsOf(guidA, `[{"contact":"tel:","activity":"dnd"}]`))
		require.Equal(t, []string{"seen"}, kinds(r.take()))
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
		require.Equal(t, []string{guidA + "/2 ringing 444"}, callsOf(r.take()))
		f.send(info(3, `"state":133,"msg":"r-conn"`))
		require.True(t, r.seen(r.take()).OnPhone)
		for _, end := range []string{`"del":true`, `"msg":"del"`} {
			f.send(info(3, `"state":133,"msg":"r-conn"`), info(3, end))
			events := r.take()
			require.Contains(t, callsOf(events), guidA+"/2 ended lost=false")
			require.False(t, r.seen(events).OnPhone)
		}
		f.send(info(4, `"state":5`))
		require.Empty(t, r.take(), "nobody's")

		f.set(func() { f.answers["UserInitialize"] = `"user":5` })
		f.send(info(3, `"state":133`))
		r.take()
		f.send(`{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":{"guid":"` + guidA + `","h323":"a","cn":"Renamed","loc":"master"}}`)
		require.Equal(t, []string{guidA + "/2 ended lost=true"}, callsOf(r.take()))
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
		time.Sleep(15*time.Second + settle)
		seen = r.seen(r.take())
		require.True(t, seen.Counted)
		require.False(t, seen.OnPhone)
	})
}
