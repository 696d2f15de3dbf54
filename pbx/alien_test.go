package pbx_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/presence"
)

func TestAlienCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		up := r.quiet()[0].(pbx.PBXUp)
		id, connection, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		require.EqualValues(t, 7, id)
		require.Equal(t, up.Connection, connection)
		create := f.requests("CreateApi")[0]
		require.Equal(t, "a", create["sip"])
		require.Equal(t, "PbxApi", create["target"])
		add := f.requests("AddAlienCall")[0]
		require.Equal(t, []any{"PbxApi.0", guidA, "a"}, []any{add["api"], add["guid"], add["sip"]})
		require.Empty(t, f.requests("DeleteApi"), "the call may hang on it")

		require.NoError(t, r.server.DelAlienCall(t.Context(), guidA, id))
		synctest.Wait()
		del := f.requests("DelAlienCall")[0]
		require.Equal(t, []any{"PbxApi.0", 7.0}, []any{del["api"], del["id"]})
		require.Equal(t, "PbxApi.0", f.requests("DeleteApi")[0]["target"])
	})
}

func TestDirectAlienCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{AlienCalls: pbx.AlienDirect})
		f := newFake("master").connect(r)
		r.quiet()
		id, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		require.NoError(t, r.server.DelAlienCall(t.Context(), guidA, id))
		synctest.Wait()
		require.Equal(t, "PbxApi", f.requests("AddAlienCall")[0]["api"])
		require.Equal(t, "PbxApi", f.requests("DelAlienCall")[0]["api"])
		require.Empty(t, f.requests("CreateApi"))
		require.Empty(t, f.requests("DeleteApi"))
	})
}

func TestAlienCallThatCannotBe(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options pbx.Options
		prepare func(*fake)
		guid    string
		want    error
	}{
		"switched off":          {pbx.Options{AlienCalls: pbx.AlienOff}, func(*fake) {}, guidA, presence.ErrRefused},
		"no impersonation":      {pbx.Options{}, func(f *fake) { f.apis = `["PbxApi","PbxTableUsers"]` }, guidA, presence.ErrRefused},
		"impersonation refused": {pbx.Options{}, func(f *fake) { f.answers["CreateApi"] = `"error":1` }, guidA, presence.ErrRefused},
		"refused":               {pbx.Options{}, func(f *fake) { f.answers["AddAlienCall"] = `"error":1` }, guidA, presence.ErrRefused},
		"not answered":          {pbx.Options{}, func(f *fake) { f.answers["AddAlienCall"] = "-" }, guidA, pbx.ErrTimeout},
		"no target":             {pbx.Options{}, func(f *fake) { f.answers["CreateApi"] = "" }, guidA, pbx.ErrFrame},
		"no id":                 {pbx.Options{}, func(f *fake) { f.answers["AddAlienCall"] = "" }, guidA, pbx.ErrFrame},
		"unknown user":          {pbx.Options{}, func(*fake) {}, "x", pbx.ErrUnknownUser},
		"home without PbxApi":   {pbx.Options{}, func(f *fake) { f.apis = `["PbxTableUsers","PbxImpersonation"]` }, guidA, presence.ErrRefused},
		"home not connected":    {pbx.Options{}, func(f *fake) { f.rows = []string{rowOf(guidA, "a", "slave")} }, guidA, pbx.ErrNotConnected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, test.options)
				f := newFake("master")
				test.prepare(f)
				f.connect(r)
				r.quiet()
				_, _, err := r.server.AddAlienCall(t.Context(), test.guid)
				require.ErrorIs(t, err, test.want)
				require.ErrorContains(t, err, "add alien call of user "+test.guid)
				require.Equal(t, strings.HasSuffix(name, "PbxApi"), strings.Contains(presence.Advice(err), "PbxApi"))
				synctest.Wait()
				closed := len(f.requests("DeleteApi"))
				require.Equal(t, name == "refused" || name == "no id", closed == 1, "an API opened for nothing is closed")
			})
		})
	}
}

func TestRefusedAlienCallNamesTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.answers["AddAlienCall"] = `"error":1`
		f.connect(r)
		looked := r.seen(r.take())
		_, connection, err := r.server.AddAlienCall(t.Context(), guidA)
		require.ErrorIs(t, err, presence.ErrRefused)
		require.Equal(t, looked.Connection, connection)
	})
}

func TestUnknownAlienCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.connect(r)
		r.quiet()
		id, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		require.ErrorIs(t, r.server.DelAlienCall(t.Context(), guidA, 99), presence.ErrRefused)
		require.ErrorIs(t, r.server.DelAlienCall(t.Context(), guidB, id), presence.ErrRefused)
		require.ErrorIs(t, r.server.DelAlienCall(t.Context(), "x", id), presence.ErrRefused)
		synctest.Wait()
		require.Empty(t, f.requests("DelAlienCall"))
		require.Len(t, f.requests("CreateApi"), 1, "the one of the call")
	})
}

// A deletion that is due again must not hit the call to which the PBX has given the id meanwhile.
func TestIDOfAnAlienCallIsTakenAgain(t *testing.T) {
	t.Parallel()
	for name, guid := range map[string]string{"by another user": guidB, "by the same user": guidA} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{AlienCalls: pbx.AlienDirect})
				f := newFake("master")
				f.answers["DelAlienCall"] = `"error":2`
				f.connect(r)
				id, _, err := r.server.AddAlienCall(t.Context(), guidA)
				require.NoError(t, err)
				require.ErrorContains(t, r.server.DelAlienCall(t.Context(), guidA, id), "may still be there")
				f.set(func() { clear(f.answers) })
				again, _, err := r.server.AddAlienCall(t.Context(), guid)
				require.NoError(t, err)
				require.Equal(t, id, again)
				f.requests("DelAlienCall")
				time.Sleep(5 * time.Minute)
				require.Empty(t, f.requests("DelAlienCall"))
				require.NoError(t, r.server.DelAlienCall(t.Context(), guid, again))
				synctest.Wait()
				require.Len(t, f.requests("DelAlienCall"), 1)
			})
		})
	}
}

func TestAlienCallStaysBehind(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"user moves":  `{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":` + rowOf(guidA, "a", "slave") + `}`,
		"user leaves": `{"api":"PbxTableUsers","mt":"ReplicateDel","columns":{"guid":"` + guidA + `"}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{Master: "master"})
				master, slave := newFake("master").connect(r), newFake("slave").connect(r)
				id, _, err := r.server.AddAlienCall(t.Context(), guidA)
				require.NoError(t, err)
				master.set(func() { master.answers["DelAlienCall"] = "-" })
				master.send(change)
				r.quiet()
				require.Len(t, master.requests("DelAlienCall"), 1)
				require.ErrorIs(t, r.server.DelAlienCall(t.Context(), guidA, id), presence.ErrRefused)
				synctest.Wait()
				require.Empty(t, slave.requests("DelAlienCall"), "it is not there")

				master.set(func() { clear(master.answers) })
				time.Sleep(time.Minute)
				synctest.Wait()
				del := master.requests("DelAlienCall")
				require.Len(t, del, 1, "once more, since nothing was answered")
				require.Equal(t, []any{"PbxApi.0", 7.0}, []any{del[0]["api"], del[0]["id"]})
				require.Len(t, master.requests("DeleteApi"), 1)
				time.Sleep(time.Hour)
				synctest.Wait()
				require.Empty(t, master.requests("DelAlienCall"))
			})
		})
	}
}

func TestUserMovesWhileAlienCallIsAdded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Master: "master"})
		f := newFake("master")
		f.answers["AddAlienCall"] = "-"
		f.connect(r)
		result := make(chan error, 1)
		go func() {
			_, _, err := r.server.AddAlienCall(t.Context(), guidA)
			result <- err
		}()
		r.quiet()
		f.send(`{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":` + rowOf(guidA, "a", "slave") + `}`)
		r.quiet()
		f.send(fmt.Sprintf(`{"api":"PbxApi.0","mt":"AddAlienCallResult","src":%q,"id":7}`, f.requests("AddAlienCall")[0]["src"]))
		err := <-result
		require.ErrorContains(t, err, "has left")
		require.NotErrorIs(t, err, presence.ErrRefused)
		synctest.Wait()
		require.Len(t, f.requests("DelAlienCall"), 1)
		require.Len(t, f.requests("DeleteApi"), 1)
	})
}

func TestAlienCallGivenUpInTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Outstanding: 1, AlienCalls: pbx.AlienDirect})
		f := newFake("master").connect(r)
		f.set(func() { f.answers["SetPresence"] = "-" })
		go func() { _ = r.server.SetPresence(t.Context(), guidB, presence.PBX{}) }()
		r.quiet()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err := r.server.AddAlienCall(ctx, guidA)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Empty(t, f.requests("AddAlienCall"))
		f.send(added(5))
		require.True(t, r.seen(r.quiet()).OnPhone, "no alien call is held")
	})
}

func TestLateAPIIsClosed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.answers["CreateApi"] = "-"
		f.connect(r)
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.ErrorIs(t, err, pbx.ErrTimeout)
		f.send(fmt.Sprintf(`{"api":"PbxImpersonation","mt":"CreateApiResult","src":%q,"target":"PbxApi.3"}`, f.requests("CreateApi")[0]["src"]))
		synctest.Wait()
		require.Equal(t, "PbxApi.3", f.requests("DeleteApi")[0]["target"])
		f.send(`{"api":"PbxImpersonation","mt":"CreateApiResult","error":1}`, `{"api":"PbxImpersonation","mt":"CreateApiResult"}`)
		synctest.Wait()
		require.Empty(t, f.requests("DeleteApi"))
		require.EqualValues(t, 1, r.server.Counters().BadFrames)
	})
}

func TestLateAlienCallIsWithdrawn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.answers["AddAlienCall"] = "-"
		f.connect(r)
		r.quiet()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, _, err := r.server.AddAlienCall(ctx, guidA)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Empty(t, f.requests("DeleteApi"))
		f.send(fmt.Sprintf(`{"api":"PbxApi.0","mt":"AddAlienCallResult","src":%q,"id":12}`, f.requests("AddAlienCall")[0]["src"]))
		synctest.Wait()
		del := f.requests("DelAlienCall")
		require.Len(t, del, 1)
		require.Equal(t, []any{"PbxApi.0", 12.0}, []any{del[0]["api"], del[0]["id"]})
		require.Len(t, f.requests("DeleteApi"), 1)
		require.EqualValues(t, 1, r.server.Counters().Late)
		f.send(added(5))
		require.True(t, r.seen(r.quiet()).OnPhone, "no alien call is held any more")
	})
}

func TestLateRefusalOfAlienCall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.answers["AddAlienCall"] = "-"
		f.connect(r)
		r.quiet()
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.ErrorIs(t, err, pbx.ErrTimeout)
		f.send(added(5))
		require.Empty(t, r.quiet(), "this may be the alien call")
		f.send(fmt.Sprintf(`{"api":"PbxApi.0","mt":"AddAlienCallResult","src":%q,"error":1}`, f.requests("AddAlienCall")[0]["src"]))
		synctest.Wait()
		require.Len(t, f.requests("DeleteApi"), 1)
		require.Empty(t, f.requests("DelAlienCall"))
		f.send(`{"api":"RCC","mt":"CallAdd","call":18,"guid":"` + guidA + `","state":5}`)
		require.True(t, r.seen(r.quiet()).OnPhone)
	})
}

func TestOwnAlienCallIsNoCall(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		messages []string
		onPhone  bool
	}{
		"connected, to nobody":         {[]string{added(5)}, false},
		"set up, to nobody":            {[]string{added(1), rcc("CallUpdate", `"msg":"r-conn","remote":{"h323":"","e164":""}`)}, false},
		"to somebody":                  {[]string{added(1), updated("r-conn", "07031")}, true},
		"to somebody known late":       {[]string{added(5), updated("x-facility", "07031")}, true},
		"beside a call to somebody":    {[]string{added(5), `{"api":"RCC","mt":"CallAdd","call":18,"guid":"` + guidA + `","state":5,"remote":{"h323":"b"}}`}, true},
		"still listed after its end":   {[]string{added(5), "delete", contactsOf(guidA, `[]`)}, false},
		"of another user, who is real": {[]string{`{"api":"RCC","mt":"CallAdd","call":18,"guid":"` + guidB + `","state":5}`}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{CountDialling: true})
				f := newFake("master").connect(r)
				r.quiet()
				id, _, err := r.server.AddAlienCall(t.Context(), guidA)
				require.NoError(t, err)
				onPhone := false
				for _, m := range test.messages {
					if m == "delete" {
						require.NoError(t, r.server.DelAlienCall(t.Context(), guidA, id))
						continue
					}
					f.send(m)
					for _, e := range r.quiet() {
						onPhone = e.(pbx.PresenceSeen).Seen.OnPhone
						require.True(t, test.onPhone || !onPhone)
					}
				}
				require.Equal(t, test.onPhone, onPhone)
			})
		})
	}
}

func TestAlienCallIsToldAfterASlowAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.answers["AddAlienCall"] = "-"
		f.connect(r)
		time.AfterFunc(8*time.Second, func() {
			f.send(fmt.Sprintf(`{"api":"PbxApi.0","mt":"AddAlienCallResult","src":%q,"id":7}`, f.requests("AddAlienCall")[0]["src"]))
		})
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		time.Sleep(time.Second)
		f.send(added(5))
		require.Equal(t, []string{"17 connected alien "}, callsOf(r.take()))
	})
}

func TestUnansweredAlienCallIsGivenUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.answers["AddAlienCall"] = "-"
		f.connect(r)
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.ErrorIs(t, err, pbx.ErrTimeout)
		time.Sleep(3 * time.Minute)
		r.take()
		require.Len(t, f.requests("DeleteApi"), 1, "and whatever hangs on it")
		f.send(added(5))
		require.True(t, r.seen(r.take()).OnPhone, "a call without a number is a real one again")
	})
}

func TestLeftBehindOverTwoLosses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		for range 2 {
			require.NoError(t, f.conn.Close())
			r.take()
			f.introduce(r, "ms365")
		}
		r.take()
		f.send(added(5))
		require.Empty(t, r.quiet(), "the PBX has not noticed yet")
	})
}
