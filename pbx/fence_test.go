package pbx_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/pbx/pbxtest"
)

// The last call of a long list is no alien one, however long it takes to come.
func TestAlienCallWaitsForTheLastCall(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		options pbx.Options
		users   int
		slow    time.Duration // for each event
		frame   time.Duration // for each message
	}{
		"the service is behind":            {pbx.Options{}, 1000, time.Millisecond, 0},
		"the line is slow":                 {pbx.Options{AlienCalls: pbx.AlienDirect}, 1000, 0, time.Millisecond},
		"the line is slow, calls of users": {pbx.Options{AlienCalls: pbx.AlienDirect, Calls: pbx.CallsOfUsers}, 1, 0, 300 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, test.options)
				s.slow = test.slow
				var last pbxtest.User
				for i := range test.users {
					last = s.system.AddUser(pbxtest.User{Name: fmt.Sprint("u", i), LongName: fmt.Sprint("User ", i), Licensed: true})
				}
				p := s.start(pbxtest.Options{FrameTime: test.frame})
				time.Sleep(time.Minute)
				require.Equal(t, test.users, s.sees())
				p.Pause()
				synctest.Wait()
				for guid := range s.people() {
					call, err := s.system.StartCall(guid, pbxtest.CallOptions{})
					require.NoError(t, err)
					call.Connect()
				}
				p.Resume()
				_, _, err := s.server.AddAlienCall(t.Context(), last.GUID)
				for errors.Is(err, pbx.ErrNotConnected) {
					time.Sleep(time.Millisecond)
					_, _, err = s.server.AddAlienCall(t.Context(), last.GUID)
				}
				require.NoError(t, err)
				time.Sleep(10 * time.Second)
				seen, ok := s.presence(last.GUID)
				require.True(t, ok)
				require.True(t, seen.OnPhone)
			})
		})
	}
}

// An answer that does not come says nothing, and a refusal as much as any other.
func TestFence(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		calls pbx.CallSource
		fault pbxtest.Fault
		known time.Duration // after the PBX has come
	}{
		"answered":                 {pbx.CallsOfPBX, pbxtest.FaultNone, settle},
		"refused":                  {pbx.CallsOfPBX, pbxtest.FaultRefuse, settle},
		"slow":                     {pbx.CallsOfPBX, pbxtest.FaultSlow, settle + 3*time.Second},
		"unanswered":               {pbx.CallsOfPBX, pbxtest.FaultIgnore, settle + 10*time.Second + 15*time.Second + settle},
		"late":                     {pbx.CallsOfPBX, pbxtest.FaultLate, settle + 10*time.Second + 15*time.Second + settle},
		"answered, calls of users": {pbx.CallsOfUsers, pbxtest.FaultNone, settle},
		"refused, calls of users":  {pbx.CallsOfUsers, pbxtest.FaultRefuse, settle},
		"late, calls of users":     {pbx.CallsOfUsers, pbxtest.FaultLate, settle + 10*time.Second + 15*time.Second + settle},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, pbx.Options{Calls: test.calls})
				user := s.system.AddUser(pbxtest.User{Name: "a", LongName: "User", Licensed: true})
				asked, fence := 0, 1
				if test.calls == pbx.CallsOfUsers {
					fence = 2
				}
				begin := time.Now()
				s.start(pbxtest.Options{Fault: func(_, mt string) pbxtest.Fault {
					if mt == "UserInitialize" {
						if asked++; asked == fence {
							return test.fault
						}
					}
					return pbxtest.FaultNone
				}})
				_, _, err := s.server.AddAlienCall(t.Context(), user.GUID)
				require.NoError(t, err)
				require.Equal(t, test.known, time.Since(begin))
				seen, _ := s.presence(user.GUID)
				require.True(t, seen.Counted)
				time.Sleep(time.Minute)
				require.Empty(t, s.system.Violations())
				require.Zero(t, s.server.Counters().BadFrames)
			})
		})
	}
}

// A call that was told goes on while the PBX is asked for the calls of its user once more.
func TestCallGoesOnWhileCallsAreAskedForAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Calls: pbx.CallsOfUsers})
		f := newFake("master")
		f.rows = f.rows[:1]
		f.handles = map[string]int{guidA: 1}
		f.introduce(r, "ms365")
		synctest.Wait()
		f.set(func() { f.answers["UserInitialize"] = "-" })
		f.send(info(1, `"state":133,"peer":{"e164":"444"}`))
		time.Sleep(settle + 10*time.Second)
		f.set(func() { clear(f.answers) })
		f.requests("UserInitialize")
		time.Sleep(15 * time.Second)
		synctest.Wait()
		require.Len(t, f.requests("UserInitialize"), 1)
		f.send(info(1, `"state":133,"peer":{"e164":"444"}`))
		time.Sleep(settle)
		require.Equal(t, []bool{true}, told(r.take()))
		f.send(info(1, `"del":true`))
		require.Equal(t, []bool{false}, told(r.take()))
	})
}

func TestFenceGoesAheadOfWhatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Outstanding: 1})
		f := newFake("master")
		f.answers["SubscribePresence"], f.answers["UserInitialize"] = "-", "-"
		f.introduce(r, "ms365")
		time.Sleep(15 * time.Second)
		require.Len(t, f.requests("SubscribePresence"), 1, "the other one waits")
		require.Len(t, f.requests("UserInitialize"), 1)
		require.Equal(t, "reading calls", r.light("PBX master").Detail)
		time.Sleep(10 * time.Second)
		require.Contains(t, r.light("PBX master").LastError, "no answer in time")
		f.send(`{"api":"RCC","mt":"UserInitializeResult","error":1}`, `{"api":"RCC","mt":"UserInitializeResult","user":5}`)
		synctest.Wait()
		require.Len(t, f.requests("UserEnd"), 1, "a late answer is given back")
		require.Zero(t, r.server.Counters().BadFrames, "and a late refusal is none")
	})
}
