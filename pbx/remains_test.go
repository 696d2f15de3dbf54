package pbx_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/pbx/pbxtest"
)

// A connection may tell calls of the users watched there beside the newer one of the same PBX.
func TestCallsOfUsersEndWithAnyConnection(t *testing.T) {
	t.Parallel()
	const going = `"state":133,"peer":{"e164":"444"}`
	again := func(r *rig, newer *fake) {
		newer.handles = map[string]int{guidA: 1}
		newer.introduce(r, "ms365")
		synctest.Wait()
	}
	for name, test := range map[string]struct {
		change func(r *rig, older, newer *fake)
		want   []string
	}{
		"replaced":               {func(r *rig, _, newer *fake) { again(r, newer) }, []string{guidA + "/2 ended lost=false"}},
		"replaced, and it is on": {func(r *rig, _, newer *fake) { again(r, newer); newer.send(info(1, going)) }, nil},
		"lost":                   {func(_ *rig, older, _ *fake) { _ = older.conn.Close() }, []string{guidA + "/2 ended lost=true"}},
		"lost, and it is on": {func(r *rig, older, newer *fake) {
			_ = older.conn.Close()
			synctest.Wait()
			again(r, newer)
			newer.send(info(1, going))
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{Calls: pbx.CallsOfUsers})
				older, calls := newFake("master"), newFake("master")
				older.handles = map[string]int{guidA: 1}
				older.connect(r)
				calls.apis = `["RCC"]`
				calls.introduce(r, "calls")
				older.send(info(1, going))
				require.Equal(t, []string{guidA + "/2 connected 444"}, callsOf(r.take()))
				test.change(r, older, newFake("master"))
				time.Sleep(time.Minute)
				require.Equal(t, test.want, callsOf(r.take()))
			})
		})
	}
}

// A call that began while a PBX was away may be the alien one of the connection before, for as long as
// that may be there, and not those of all connections since.
func TestRealCallOverManyLosses(t *testing.T) {
	t.Parallel()
	for _, calls := range []pbx.CallSource{pbx.CallsOfPBX, pbx.CallsOfUsers} {
		for name, lose := range map[string]func(*pbxtest.PBX){"lost": (*pbxtest.PBX).Drop, "replaced": (*pbxtest.PBX).Duplicate} {
			t.Run(string(calls)+", "+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					s := newSite(t, pbx.Options{Calls: calls})
					user := s.system.AddUser(pbxtest.User{Name: "a", LongName: "User", Licensed: true})
					p := s.start(pbxtest.Options{})
					add := func() {
						_, _, err := s.server.AddAlienCall(t.Context(), user.GUID)
						require.NoError(t, err)
					}
					add()
					p.Pause()
					call, err := s.system.StartCall(user.GUID, pbxtest.CallOptions{})
					require.NoError(t, err)
					call.Connect()
					p.Resume()
					for i := range 10 {
						time.Sleep(20 * time.Second)
						seen, ok := s.presence(user.GUID)
						require.True(t, ok)
						require.Equal(t, i >= 2, seen.OnPhone, i)
						add()
						lose(p)
					}
				})
			})
		}
	}
}

// What a PBX has not listed once is not there any more.
func TestAlienCallThatWasNotListedIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		require.NoError(t, f.conn.Close())
		synctest.Wait()
		f.connect(r)
		synctest.Wait()
		require.NoError(t, f.conn.Close())
		r.take()
		f.introduce(r, "ms365").send(added(5))
		require.Equal(t, []string{"17 connected "}, callsOf(r.take()))
	})
}

// The calls of a user who is renamed are asked for anew, beside an alien call.
func TestRealCallOfAUserWhoIsRenamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Calls: pbx.CallsOfUsers})
		f := newFake("master")
		f.rows = f.rows[:1]
		f.handles = map[string]int{guidA: 1}
		f.connect(r)
		f.send(info(1, `"state":5`))
		require.Equal(t, []string{guidA + "/2 connected "}, callsOf(r.take()))
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		f.set(func() { f.handles[guidA] = 3 })
		f.send(`{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":{"guid":"` + guidA + `","h323":"a","cn":"Renamed","loc":"master"}}`)
		require.Equal(t, []string{guidA + "/2 ended lost=true"}, callsOf(r.take()))
		f.send(info(3, `"state":5`))
		time.Sleep(settle)
		events := r.take()
		require.Equal(t, []string{guidA + "/2 connected "}, callsOf(events))
		require.NotContains(t, told(events), false)
	})
}

// That the calls of one user are known says nothing of those of another.
func TestAlienCallLeftBehindOfTheOtherUser(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Calls: pbx.CallsOfUsers})
		f := newFake("master")
		f.handles = map[string]int{guidA: 1, guidB: 2}
		f.connect(r)
		_, _, err := r.server.AddAlienCall(t.Context(), guidB)
		require.NoError(t, err)
		require.NoError(t, f.conn.Close())
		synctest.Wait()
		delete(f.handles, guidB)
		f.connect(r)
		r.take()
		f.set(func() { f.handles[guidB] = 2 })
		time.Sleep(15*time.Second - settle/2) // it is just asked for again
		f.send(info(2, `"state":5`))
		require.Equal(t, []string{guidB + "/2 connected alien "}, callsOf(r.take()))
	})
}
