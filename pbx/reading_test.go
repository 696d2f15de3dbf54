package pbx_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/pbx/pbxtest"
	"github.com/pbx365/connector/presence"
)

// An alien call goes out once the calls are known that are there, or overdue.
func TestAlienCallWaitsForCalls(t *testing.T) {
	t.Parallel()
	const refused, silence = `"error":1`, "-"
	ofUsers := pbx.Options{Calls: pbx.CallsOfUsers}
	for name, test := range map[string]struct {
		options pbx.Options
		answer  string        // to the question for calls, at first
		told    time.Duration // when that is answered, or may be
		want    time.Duration
	}{
		"told":                       {want: settle},
		"told late":                  {answer: silence, told: 5 * time.Second, want: 5*time.Second + settle},
		"refused at first":           {answer: refused, told: time.Second, want: 15*time.Second + settle},
		"refused":                    {answer: refused, want: 30 * time.Second},
		"silence":                    {answer: silence, want: 30 * time.Second},
		"told of users":              {options: ofUsers, want: settle},
		"told late of users":         {options: ofUsers, answer: silence, told: 5 * time.Second, want: 5*time.Second + settle},
		"refused at first, of users": {options: ofUsers, answer: refused, told: time.Second, want: 15*time.Second + settle},
		"refused of users":           {options: ofUsers, answer: refused, want: 30 * time.Second},
		"not asked for":              {options: pbx.Options{Calls: pbx.CallsOff}},
		"nor watched on its home":    {options: pbx.Options{Calls: pbx.CallsOfUsers, Licence: "none"}},
		"alien calls unseen":         {options: pbx.Options{AlienCallsUnseen: true}, answer: silence},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, test.options)
				f := newFake("master")
				f.rows = f.rows[:1]
				f.handles = map[string]int{guidA: 1}
				if test.options.Licence != "" {
					f.licences[guidA] = `"ok":false`
				}
				if test.answer != "" {
					f.answers["Initialize"], f.answers["UserInitialize"] = test.answer, test.answer
				}
				f.introduce(r, "ms365")
				begin := time.Now()
				r.take()
				if test.told > 0 {
					time.AfterFunc(test.told, func() {
						f.set(func() { clear(f.answers) })
						if test.answer == silence {
							f.send(`{"api":"RCC","mt":"InitializeResult"}`, `{"api":"RCC","mt":"UserInitializeResult","user":1}`)
						}
					})
				}
				_, _, err := r.server.AddAlienCall(t.Context(), guidA)
				require.NoError(t, err)
				require.Equal(t, test.want, time.Since(begin))
				_, _, err = r.server.AddAlienCall(t.Context(), guidA)
				require.NoError(t, err)
				require.Equal(t, test.want, time.Since(begin), "the next one does not wait")
			})
		})
	}
}

func TestAlienCallWaitsOnEachConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		require.NoError(t, f.conn.Close())
		synctest.Wait()
		f.introduce(r, "ms365")
		synctest.Wait()
		begin := time.Now()
		_, _, err = r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		require.Equal(t, settle, time.Since(begin))
	})
}

func TestWaitForCallsEndsEarly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end  func(r *rig, f *fake, cancel, withdraw func())
		want error
	}{
		"connection ends":     {func(r *rig, f *fake, _, _ func()) { require.NoError(r.t, f.conn.Close()) }, pbx.ErrNotConnected},
		"connection replaced": {func(r *rig, _ *fake, _, _ func()) { newFake("master").introduce(r, "ms365") }, pbx.ErrReplaced},
		"server stops":        {func(r *rig, _ *fake, _, _ func()) { r.stop() }, pbx.ErrStopped},
		"given up":            {func(_ *rig, _ *fake, cancel, _ func()) { cancel() }, context.Canceled},
		"withdrawn":           {func(_ *rig, _ *fake, _, withdraw func()) { withdraw() }, presence.ErrWithdrawn},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{})
				f := newFake("master")
				f.answers["Initialize"] = "-"
				f.introduce(r, "ms365")
				r.take()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				ctx, withdraw := presence.Withdrawable(ctx)
				result := make(chan error, 1)
				go func() {
					_, _, err := r.server.AddAlienCall(ctx, guidA)
					result <- err
				}()
				time.Sleep(3 * time.Second)
				require.Empty(t, result)
				begin := time.Now()
				test.end(r, f, cancel, withdraw)
				require.ErrorIs(t, <-result, test.want)
				require.Zero(t, time.Since(begin))
				require.Empty(t, f.requests("CreateApi"))
			})
		})
	}
}

// busy is the context of somebody who gets to look at several things at once only after a while.
type busy struct {
	context.Context
	meanwhile func()
}

func (b busy) Done() <-chan struct{} {
	time.Sleep(time.Millisecond)
	b.meanwhile()
	return b.Context.Done()
}

func TestWithdrawnInTheMomentInWhichCallsAreKnown(t *testing.T) {
	t.Parallel()
	for range 20 { // since chance decides what is looked at first
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t, pbx.Options{})
			f := newFake("master").connect(r)
			var withdraw func()
			ctx, withdraw := presence.Withdrawable(busy{t.Context(), func() { withdraw() }})
			_, _, err := r.server.AddAlienCall(ctx, guidA)
			require.ErrorIs(t, err, presence.ErrWithdrawn)
			require.Empty(t, f.requests("CreateApi"))
		})
	}
}

// Who waits for calls does not wait for an answer that nobody needs any more.
func TestCallsAreAskedOfSomebodyElseMeanwhile(t *testing.T) {
	t.Parallel()
	takenOver := func(r *rig, _, _ *fake) {
		other := newFake("master")
		other.handles = map[string]int{guidA: 1}
		other.introduce(r, "ms365-api")
	}
	for name, test := range map[string]struct {
		calls  pbx.CallSource
		change func(r *rig, master, slave *fake)
	}{
		"another App object":           {pbx.CallsOfPBX, takenOver},
		"another App object, of users": {pbx.CallsOfUsers, takenOver},
		"moved": {pbx.CallsOfPBX, func(_ *rig, master, slave *fake) {
			master.send(moving("slave"))
		}},
		"renamed, of users": {pbx.CallsOfUsers, func(_ *rig, master, _ *fake) {
			master.set(func() { master.handles[guidA] = 2 })
			master.send(`{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":` + rowOf(guidA, "b", "master") + `}`)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{Calls: test.calls, Master: "master"})
				slave := newFake("slave").connect(r)
				master := newFake("master")
				master.handles = map[string]int{guidA: 1}
				master.answers["Initialize"] = "-"
				master.introduce(r, "ms365")
				r.take()
				begin := time.Now()
				time.AfterFunc(settle/2, func() { test.change(r, master, slave) })
				_, _, err := r.server.AddAlienCall(t.Context(), guidA)
				require.NoError(t, err)
				require.LessOrEqual(t, time.Since(begin), time.Second)
			})
		})
	}
}

// The calls may come over another connection than the alien call goes out on.
func TestConnectionOfTheCallsIsLostAndBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		calls := newFake("master")
		calls.apis, calls.answers["Initialize"] = `["RCC"]`, "-"
		rest := newFake("master")
		rest.apis = `["PbxApi","PbxTableUsers","PbxAdminApi","PbxImpersonation"]`
		calls.introduce(r, "calls")
		rest.introduce(r, "ms365")
		r.take()
		begin := time.Now()
		time.AfterFunc(time.Second/2, func() {
			_ = calls.conn.Close()
			calls = newFake("master")
			calls.apis = `["RCC"]`
			calls.introduce(r, "calls")
		})
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		require.LessOrEqual(t, time.Since(begin), 2*time.Second)
	})
}

// Who waits sees to nothing else, and what has changed by then counts.
func TestUserChangesWhileAlienCallWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.answers["Initialize"] = `"error":1`
		f.presences["a"] = `[{"contact":"tel:","activity":"on-the-phone"}]`
		f.presences["z"] = `[{"contact":"tel:","activity":"dnd"},{"contact":"im:","activity":"on-the-phone"}]`
		f.introduce(r, "ms365")
		r.take()
		result := make(chan error, 1)
		go func() {
			_, _, err := r.server.AddAlienCall(t.Context(), guidA)
			result <- err
		}()
		synctest.Wait()
		f.send(`{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":` + rowOf(guidA, "z", "master") + `}`)
		require.Equal(t, []string{"user", "seen"}, kinds(r.take()), "nothing else waits")
		require.Empty(t, result)
		require.NoError(t, <-result)
		require.Equal(t, "z", f.requests("CreateApi")[0]["sip"])
	})
}

// With the calls of single users, only those asked for last count.
func TestRenamedWhileCallsSettle(t *testing.T) {
	t.Parallel()
	for name, next := range map[string]int{"other handles": 1, "the same handle again": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{Calls: pbx.CallsOfUsers, CallsSettle: time.Second})
				f := newFake("master")
				f.rows = f.rows[:1]
				f.handles = map[string]int{guidA: 1}
				f.introduce(r, "ms365")
				for i := range 3 {
					time.Sleep(300 * time.Millisecond)
					f.set(func() { f.handles[guidA] += next })
					f.send(fmt.Sprintf(`{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":{"guid":%q,"h323":"a","cn":"Name %d","loc":"master"}}`, guidA, i%2))
				}
				time.Sleep(900 * time.Millisecond)
				require.Equal(t, next == 0, slices.Contains(kinds(r.take()), "seen"))
				_, _, err := r.server.AddAlienCall(t.Context(), guidA)
				require.NoError(t, err)
				time.Sleep(time.Second)
				require.True(t, next == 0 || !r.seen(r.take()).OnPhone)
			})
		})
	}
}

func TestCallsToldTwice(t *testing.T) {
	t.Parallel()
	type answer struct {
		wait time.Duration
		to   int
		rest string
	}
	for name, answers := range map[string][]answer{
		"at once":                       {{0, 0, ""}, {0, 1, ""}},
		"after its time":                {{0, 0, ""}, {11 * time.Second, 1, ""}},
		"refused once they are known":   {{0, 0, ""}, {time.Second, 1, `,"error":1`}},
		"refused before they have come": {{0, 0, ""}, {settle / 2, 1, `,"error":1`}},
		"refused before":                {{0, 1, `,"error":1`}, {0, 0, ""}},
		"refused, and told once more":   {{0, 0, ""}, {settle / 2, 1, `,"error":1`}, {time.Second, 0, ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{})
				f := newFake("master")
				f.rows = f.rows[:1]
				f.presences["a"] = `[{"contact":"tel:","activity":"on-the-phone"}]`
				f.answers["Initialize"] = "-"
				f.introduce(r, "ms365")
				time.Sleep(26 * time.Second)
				asked := f.requests("Initialize")
				require.Len(t, asked, 2)
				f.set(func() { clear(f.answers) })
				for _, a := range answers {
					time.Sleep(a.wait)
					f.send(fmt.Sprintf(`{"api":"RCC","mt":"InitializeResult","src":%q%s}`, asked[a.to]["src"], a.rest))
				}
				time.Sleep(time.Minute)
				require.Empty(t, f.requests("Initialize"))
				seen := r.seen(r.take())
				require.True(t, seen.Counted)
				require.False(t, seen.OnPhone)
				require.Equal(t, presence.StateOK, r.light("PBX master").State)
			})
		})
	}
}

// Who is refused for good is asked less and less often, and told of once.
func TestCallsAreRefusedForGood(t *testing.T) {
	t.Parallel()
	for calls, mt := range map[pbx.CallSource]string{pbx.CallsOfPBX: "Initialize", pbx.CallsOfUsers: "UserInitialize"} {
		t.Run(string(calls), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{Calls: calls, LicenceEvery: time.Hour})
				f := newFake("master")
				f.rows = f.rows[:1]
				f.answers[mt] = `"error":1`
				f.introduce(r, "ms365")
				warnings := func() int { return strings.Count(r.log.String(), `level=WARN msg="calls not read"`) }
				synctest.Wait()
				require.Len(t, f.requests(mt), 1)
				for _, wait := range []time.Duration{15, 30, 60, 60, 60} {
					time.Sleep(wait*time.Second - time.Millisecond)
					require.Empty(t, f.requests(mt))
					time.Sleep(time.Millisecond)
					synctest.Wait()
					require.Len(t, f.requests(mt), 1)
				}
				require.Equal(t, 1, warnings())
				f.set(func() { f.answers[mt] = `"error":2` })
				time.Sleep(5*time.Minute + 20*time.Second)
				require.Equal(t, 2, warnings(), "that is another reason")
				newFake("other").connect(r)
				f.requests(mt)
				time.Sleep(2 * time.Minute)
				require.LessOrEqual(t, len(f.requests(mt)), 2, "whoever asks in between, nobody asks twice")
			})
		})
	}
}

// A person with a real call is in a call in Teams as well, while the PBX does not tell its calls.
func TestRealCallWhileCallsAreNotTold(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault pbxtest.Fault
		times int32
	}{
		"told":             {pbxtest.FaultNone, 1},
		"slow":             {pbxtest.FaultSlow, 1},
		"late":             {pbxtest.FaultLate, 1},
		"refused":          {pbxtest.FaultRefuse, 1},
		"refused for long": {pbxtest.FaultRefuse, 2},
		"silence":          {pbxtest.FaultIgnore, 1},
		"silence for long": {pbxtest.FaultIgnore, 2},
	} {
		for _, inRCC := range []bool{false, true} {
			for _, before := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, alien calls in RCC %t, told before %t", name, inRCC, before), func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						var faults atomic.Int32
						s := newSite(t, pbx.Options{})
						user := s.system.AddUser(pbxtest.User{Name: "a", Licensed: true})
						p := s.start(pbxtest.Options{AlienCallsInRCC: inRCC, LateBy: 20 * time.Second, Fault: func(_, mt string) pbxtest.Fault {
							if mt == "Initialize" && faults.Add(-1) >= 0 {
								return test.fault
							}
							return pbxtest.FaultNone
						}})
						onPhone := func(wait time.Duration) bool {
							time.Sleep(wait)
							seen, ok := s.presence(user.GUID)
							require.True(t, ok)
							return seen.OnPhone
						}
						if !before {
							p.Pause()
						}
						call, err := s.system.StartCall(user.GUID, pbxtest.CallOptions{Remote: "1"})
						require.NoError(t, err)
						call.Connect()
						faults.Store(test.times)
						if before {
							require.True(t, onPhone(time.Second))
							p.Drop()
						}
						p.Resume()
						time.Sleep(2 * time.Second)
						id, _, err := s.server.AddAlienCall(t.Context(), user.GUID)
						require.NoError(t, err)
						// Calls that come after their time may be alien ones, where nothing tells them apart.
						sure := before || inRCC || test.times == 1
						require.Equal(t, sure, onPhone(time.Minute))
						require.NoError(t, s.server.DelAlienCall(t.Context(), user.GUID, id))
						require.True(t, onPhone(5*time.Second))
						id, _, err = s.server.AddAlienCall(t.Context(), user.GUID)
						require.NoError(t, err)
						require.True(t, onPhone(time.Minute))
						call.HangUp()
						require.False(t, onPhone(0))
						require.NoError(t, s.server.DelAlienCall(t.Context(), user.GUID, id))
						require.False(t, onPhone(time.Minute))
					})
				})
			}
		}
	}
}

// second is a call beside the one of added.
const second = `{"api":"RCC","mt":"CallAdd","call":18,"guid":"` + guidA + `","state":5}`

func TestVerdicts(t *testing.T) {
	t.Parallel()
	const end, wait = "end of the alien call", "wait"
	deleted := rcc("CallDel", `"x":0`)
	for name, test := range map[string]struct {
		messages []string
		want     []string
		onPhone  bool
	}{
		"the first is the alien one":            {[]string{added(5), second}, []string{"17 connected alien ", "18 connected "}, true},
		"it was another one":                    {[]string{added(5), second, deleted}, []string{"17 connected alien ", "18 connected ", "17 ended lost=false", "18 connected alien "}, false},
		"somebody is there":                     {[]string{added(5), second, updated("x-conn", "030")}, []string{"17 connected alien ", "18 connected ", "17 connected 030", "18 connected alien "}, true},
		"it passes to another user":             {[]string{added(5), second, rcc("CallAdd", `"state":5,"guid":"`+guidB+`"`)}, []string{"17 connected alien ", "18 connected ", "18 connected alien ", "17 connected "}, false},
		"a call that rings":                     {[]string{added(129), rcc("CallUpdate", `"msg":"r-conn"`)}, []string{"17 ringing ", "17 connected "}, true},
		"it ends with the alien call":           {[]string{added(5), end, deleted, wait}, []string{"17 connected alien ", "17 ended lost=false"}, false},
		"it ends before":                        {[]string{added(5), deleted, end, wait}, []string{"17 connected alien ", "17 ended lost=false"}, false},
		"it does not end":                       {[]string{added(5), end, wait}, []string{"17 connected alien ", "17 connected "}, true},
		"one that comes too late":               {[]string{wait, added(5)}, []string{"17 connected "}, true},
		"it is told again":                      {[]string{added(5), wait, added(5)}, []string{"17 connected alien "}, false},
		"another one is told again":             {[]string{added(5), second, wait, second, deleted}, []string{"17 connected alien ", "18 connected ", "17 ended lost=false", "18 connected alien "}, false},
		"one that comes afterwards":             {[]string{end, added(5)}, []string{"17 connected "}, true},
		"one that does not end, and the next":   {[]string{added(5), end, second}, []string{"17 connected alien ", "18 connected "}, true},
		"the next comes while nothing has come": {[]string{end, second, wait}, []string{"18 connected "}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{})
				f := newFake("master").connect(r)
				r.take()
				id, _, err := r.server.AddAlienCall(t.Context(), guidA)
				require.NoError(t, err)
				for _, m := range test.messages {
					switch m {
					case end:
						require.NoError(t, r.server.DelAlienCall(t.Context(), guidA, id))
					case wait:
						time.Sleep(5 * time.Second)
					default:
						f.send(m)
					}
					synctest.Wait()
				}
				events := r.take()
				require.Equal(t, test.want, callsOf(events))
				onPhone := told(events)
				require.Equal(t, test.onPhone, len(onPhone) > 0 && onPhone[len(onPhone)-1])
			})
		})
	}
}

// Ids tell of a call that goes on only while a PBX lists what is there.
func TestIDOfARealCallIsTakenAgain(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		silent bool // until the alien call is there
		want   string
	}{
		"after the list": {false, "17 connected alien "},
		"in the list":    {true, "17 connected "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{})
				f := newFake("master").connect(r)
				f.send(added(5))
				require.Contains(t, callsOf(r.take()), "17 connected ")
				require.NoError(t, f.conn.Close())
				synctest.Wait()
				if test.silent {
					f.answers["Initialize"] = "-"
				}
				f.connect(r)
				_, _, err := r.server.AddAlienCall(t.Context(), guidA)
				require.NoError(t, err)
				r.take()
				f.send(added(5))
				require.Equal(t, []string{test.want}, callsOf(r.take()))
			})
		})
	}
}
