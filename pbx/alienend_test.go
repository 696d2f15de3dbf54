package pbx_test

import (
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/pbx/pbxtest"
	"github.com/pbx365/connector/presence"
)

func TestAlienCallThatThePBXHasForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.answers["DelAlienCall"] = `"error":2`
		f.connect(r)
		r.quiet()
		id, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		require.NoError(t, r.server.DelAlienCall(t.Context(), guidA, id), "it is not there, as was wanted")
		require.ErrorIs(t, r.server.DelAlienCall(t.Context(), guidA, id), presence.ErrRefused)
		synctest.Wait()
		require.Len(t, f.requests("DelAlienCall"), 1)
		require.Len(t, f.requests("DeleteApi"), 1)
	})
}

// A call that would not be deleted ends with its API, or is deleted once more where it has none.
func TestAlienCallThatIsHardToEnd(t *testing.T) {
	t.Parallel()
	const refused, silence, done = `"error":2`, "-", `"ok":true`
	type try struct {
		answer string
		wait   time.Duration // before the next one
		want   string        // to be known of the call
	}
	for name, tries := range map[string][]try{
		"ended":                    {{done, 0, "ended"}},
		"refused":                  {{refused, 0, "stays"}},
		"silence":                  {{silence, 0, "stays"}},
		"refused, then ended":      {{refused, 0, "stays"}, {done, 0, "ended"}},
		"refused, then silence":    {{refused, 0, "stays"}, {silence, 0, "stays"}},
		"refused twice at once":    {{refused, time.Second, "stays"}, {refused, 0, "stays"}},
		"refused again, later":     {{refused, 10 * time.Second, "stays"}, {refused, 0, "gone"}},
		"silence, and it was gone": {{silence, 0, "stays"}, {refused, 0, "gone"}},
		"ended at last":            {{refused, 0, "stays"}, {silence, time.Hour, "stays"}, {silence, 0, "stays"}, {done, 0, "ended"}},
	} {
		for how, asked := range map[pbx.AlienCalls]string{pbx.AlienImpersonated: "DeleteApi", pbx.AlienDirect: "DelAlienCall"} {
			t.Run(name+", "+string(how), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					r := newRig(t, pbx.Options{AlienCalls: how})
					f := newFake("master")
					f.rows = f.rows[:1]
					f.answers["DelAlienCall"] = refused
					f.connect(r)
					id, _, err := r.server.AddAlienCall(t.Context(), guidA)
					require.NoError(t, err)
					f.send(added(5))
					r.take()
					var want string
					if how == pbx.AlienDirect { // as the others begin
						require.Error(t, r.server.DelAlienCall(t.Context(), guidA, id))
						f.requests(asked)
					}
					for _, try := range tries {
						want = try.want
						f.set(func() { f.answers[asked] = try.answer })
						err := r.server.DelAlienCall(t.Context(), guidA, id)
						require.Equal(t, want == "ended", err == nil)
						require.Equal(t, want == "gone", errors.Is(err, presence.ErrRefused))
						require.Len(t, f.requests(asked), 1)
						time.Sleep(try.wait)
					}
					time.Sleep(5 * time.Second)
					require.Equal(t, want != "stays", len(callsOf(r.take())) > 0, "what is still there is a real call, once that is over")
					f.set(func() { f.answers[asked] = done })
					if want == "stays" {
						require.NoError(t, r.server.DelAlienCall(t.Context(), guidA, id))
						require.Len(t, f.requests(asked), 1)
					}
					require.ErrorIs(t, r.server.DelAlienCall(t.Context(), guidA, id), presence.ErrRefused)
					time.Sleep(time.Hour)
					require.Empty(t, f.requests(asked))
				})
			})
		}
	}
}

// Who has an alien call deleted hears of it as long as it may be there.
func TestAlienCallThatStaysIsReported(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]pbxtest.Fault{"refused": pbxtest.FaultRefuse, "silence": pbxtest.FaultIgnore} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var faulty atomic.Bool
				faulty.Store(true)
				s := newSite(t, pbx.Options{})
				user := s.system.AddUser(pbxtest.User{Name: "a", Licensed: true})
				p := s.start(pbxtest.Options{Fault: func(_, mt string) pbxtest.Fault {
					switch {
					case mt == "DelAlienCall":
						return pbxtest.FaultRefuse
					case mt == "DeleteApi" && faulty.Load():
						return fault
					}
					return pbxtest.FaultNone
				}})
				id, _, err := s.server.AddAlienCall(t.Context(), user.GUID)
				require.NoError(t, err)
				err = s.server.DelAlienCall(t.Context(), user.GUID, id)
				require.Error(t, err)
				require.NotErrorIs(t, err, presence.ErrRefused)
				require.Equal(t, 1, s.system.AlienCalls(user.GUID))
				faulty.Store(false)
				require.NoError(t, s.server.DelAlienCall(t.Context(), user.GUID, id))
				require.Zero(t, s.system.AlienCalls(user.GUID))
				require.ErrorIs(t, s.server.DelAlienCall(t.Context(), user.GUID, id), presence.ErrRefused)

				faulty.Store(true)
				id, _, err = s.server.AddAlienCall(t.Context(), user.GUID)
				require.NoError(t, err)
				require.NotErrorIs(t, s.server.DelAlienCall(t.Context(), user.GUID, id), presence.ErrRefused)
				p.Drop()
				time.Sleep(time.Minute)
				require.Zero(t, s.system.AlienCalls(user.GUID), "it ends with its connection")
				require.ErrorIs(t, s.server.DelAlienCall(t.Context(), user.GUID, id), presence.ErrRefused)
			})
		})
	}
}

// An API that was opened in the name of a user does not stay open for good.
func TestAPIIsClosedInTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, pbx.Options{})
		user := s.system.AddUser(pbxtest.User{Name: "a", Licensed: true})
		var asked atomic.Int32
		s.start(pbxtest.Options{Fault: func(_, mt string) pbxtest.Fault {
			if mt == "DeleteApi" && asked.Add(1) <= 3 {
				return pbxtest.FaultIgnore
			}
			return pbxtest.FaultNone
		}})
		id, _, err := s.server.AddAlienCall(t.Context(), user.GUID)
		require.NoError(t, err)
		require.NoError(t, s.server.DelAlienCall(t.Context(), user.GUID, id))
		time.Sleep(time.Hour)
		require.EqualValues(t, 4, asked.Load())
	})
}

// Names of APIs are given again, and what is to be closed must not be the new one.
func TestNameOfAnAPIIsTakenAgain(t *testing.T) {
	t.Parallel()
	for name, deleted := range map[string]string{"deleted": "", "may still be there": `"error":2`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{})
				f := newFake("master")
				f.answers["DelAlienCall"], f.answers["DeleteApi"] = deleted, "-"
				f.connect(r)
				id, _, err := r.server.AddAlienCall(t.Context(), guidA)
				require.NoError(t, err)
				err = r.server.DelAlienCall(t.Context(), guidA, id)
				require.Equal(t, deleted == "", err == nil)
				id, _, err = r.server.AddAlienCall(t.Context(), guidA)
				require.NoError(t, err)
				f.set(func() { clear(f.answers) })
				f.requests("DelAlienCall")
				f.requests("DeleteApi")
				time.Sleep(time.Hour)
				require.Empty(t, f.requests("DeleteApi"))
				require.NoError(t, r.server.DelAlienCall(t.Context(), guidA, id))
				synctest.Wait()
				require.Len(t, f.requests("DelAlienCall"), 1)
				require.Len(t, f.requests("DeleteApi"), 1)
			})
		})
	}
}

// By the time of a second question the PBX may have given what it names to somebody else.
func TestEndIsNotAskedForTwiceAtOnce(t *testing.T) {
	t.Parallel()
	for _, mt := range []string{"DelAlienCall", "DeleteApi"} {
		t.Run(mt, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{Master: "master"})
				f := newFake("master")
				f.answers[mt] = "-"
				f.connect(r)
				newFake("slave").connect(r)
				_, _, err := r.server.AddAlienCall(t.Context(), guidA)
				require.NoError(t, err)
				time.Sleep(58 * time.Second)
				f.send(moving("slave"))
				time.Sleep(5 * time.Second)
				require.Len(t, f.requests(mt), 1)
				time.Sleep(time.Minute)
				require.Len(t, f.requests(mt), 1, "since that was left unanswered")
			})
		})
	}
}

func TestEndIsRefusedOnceTheNameIsTakenAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.answers["DelAlienCall"] = "-"
		f.connect(r)
		id, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		result := make(chan error, 1)
		go func() { result <- r.server.DelAlienCall(t.Context(), guidA, id) }()
		synctest.Wait()
		_, _, err = r.server.AddAlienCall(t.Context(), guidB)
		require.NoError(t, err)
		f.send(fmt.Sprintf(`{"api":"PbxApi.0","mt":"DelAlienCallResult","src":%q,"error":2}`, f.requests("DelAlienCall")[0]["src"]))
		require.NoError(t, <-result)
		synctest.Wait()
		require.Empty(t, f.requests("DeleteApi"), "that would end the call of somebody else")
	})
}

func TestEndOfAnAlienCallGoesAheadOfWhatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Outstanding: 1})
		f := newFake("master").connect(r)
		id, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		f.set(func() { f.answers["SubscribePresence"] = "-" })
		f.requests("SubscribePresence")
		for _, name := range []string{"x", "y"} { // who are renamed are subscribed anew
			f.send(`{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":` + rowOf(guidA, "a"+name, "master") + `}`)
			f.send(`{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":` + rowOf(guidB, "b"+name, "master") + `}`)
		}
		synctest.Wait()
		require.NoError(t, r.server.DelAlienCall(t.Context(), guidA, id))
		require.Len(t, f.requests("SubscribePresence"), 1)
		require.Len(t, f.requests("DelAlienCall"), 1)
	})
}

func TestAlienCallEndsWithTheNameOfItsAPI(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		gone, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		f.set(func() { f.answers["AddAlienCall"] = `"id":8` })
		id, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		require.ErrorIs(t, r.server.DelAlienCall(t.Context(), guidA, gone), presence.ErrRefused)
		require.Empty(t, f.requests("DelAlienCall"), "it would have taken the API of the other one along")
		require.NoError(t, r.server.DelAlienCall(t.Context(), guidA, id))
	})
}

// A call without an id and an API of its own can only be forgotten.
func TestDirectAlienCallWithoutID(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{AlienCalls: pbx.AlienDirect})
		f := newFake("master")
		f.answers["AddAlienCall"] = ""
		f.connect(r)
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.ErrorIs(t, err, pbx.ErrFrame)
		r.take()
		f.send(added(5))
		require.Equal(t, []string{"17 connected "}, callsOf(r.take()))
		require.Empty(t, f.requests("DeleteApi"))
	})
}
