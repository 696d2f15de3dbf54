package pbx_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
)

// told returns what events say of whether user a is on the phone.
func told(events []pbx.Event) []bool {
	all := []bool{}
	for _, e := range events {
		if e, ok := e.(pbx.PresenceSeen); ok && e.GUID == guidA {
			all = append(all, e.Seen.OnPhone)
		}
	}
	return all
}

// moving returns the message that moves user a.
func moving(home string) string {
	return `{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":` + rowOf(guidA, "a", home) + `}`
}

// pair is a master and a slave on which user a lives.
func pair(home string) (master, slave *fake) {
	master, slave = newFake("master"), newFake("slave")
	master.rows = []string{rowOf(guidA, "a", home), rowOf(guidB, "b", "slave")}
	return master, slave
}

// After a start nobody knows where somebody has lived before.
func TestNoCallIsToldOnlyByAllPBXs(t *testing.T) {
	t.Parallel()
	for _, home := range []string{"master", "slave"} {
		for _, first := range []string{"master", "slave"} {
			for _, call := range []string{"master", "slave", ""} {
				t.Run("lives on "+home+", first comes "+first+", call on "+call, func(t *testing.T) {
					t.Parallel()
					synctest.Test(t, func(t *testing.T) {
						r := newRig(t, pbx.Options{Master: "master"})
						master, slave := pair(home)
						pbxs := []*fake{master, slave}
						if first == "slave" {
							pbxs = []*fake{slave, master}
						}
						want := []bool{}
						for i, f := range pbxs {
							time.Sleep(10 * time.Second)
							f.introduce(r, "ms365")
							synctest.Wait()
							if f.name == call {
								f.send(added(5))
							}
							time.Sleep(settle)
							if i == 1 && call == "" {
								want = []bool{false}
							}
						}
						got := told(r.take())
						if call != "" {
							require.NotContains(t, got, false)
							require.NotEmpty(t, got)
							return
						}
						require.Equal(t, want, got)
					})
				})
			}
		}
	}
}

// Who has a call nobody knows of is in doubt for a moment after a start, and not until the last PBX
// is there.
func TestPBXThatNeverComesIsNotAwaitedForLong(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]pbx.Options{
		"calls of PBXs":  {Master: "master"},
		"on the master":  {Master: "master", PresenceOnMaster: true},
		"a shorter time": {Master: "master", ReconnectWithin: 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, o)
				master, _ := pair("master")
				master.connect(r)
				time.Sleep(9 * time.Second)
				require.Empty(t, told(r.take()))
				time.Sleep(6 * time.Second)
				require.Equal(t, []bool{false}, told(r.take()))
			})
		})
	}
}

// A user with a call on the master has moved to the slave.
func TestCallOfAUserWhoHasMoved(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		play func(r *rig, master, slave *fake)
		want []bool // what is told of the phone after the move
	}{
		"goes on": {func(*rig, *fake, *fake) {}, []bool{}},
		"ends":    {func(_ *rig, master, _ *fake) { master.send(rcc("CallDel", `"x":0`)) }, []bool{false}},
		"the old PBX is away": {func(r *rig, master, slave *fake) {
			require.NoError(r.t, master.conn.Close())
			time.Sleep(time.Minute - time.Second)
		}, []bool{}},
		"the old PBX does not come back": {func(r *rig, master, slave *fake) {
			require.NoError(r.t, master.conn.Close())
			time.Sleep(time.Minute)
		}, []bool{false}},
		"the old PBX comes back with it": {func(r *rig, master, slave *fake) {
			require.NoError(r.t, master.conn.Close())
			time.Sleep(10 * time.Second)
			master.introduce(r, "ms365")
			synctest.Wait()
			master.send(added(5))
			time.Sleep(time.Hour)
		}, []bool{}},
		"the old PBX comes back without it": {func(r *rig, master, slave *fake) {
			require.NoError(r.t, master.conn.Close())
			time.Sleep(10 * time.Second)
			master.introduce(r, "ms365")
			time.Sleep(settle)
		}, []bool{false}},
		"the old PBX refuses to tell, and then tells it": {func(r *rig, master, slave *fake) {
			require.NoError(r.t, master.conn.Close())
			master.answers["Initialize"] = `"error":1`
			master.introduce(r, "ms365")
			time.Sleep(time.Second)
			master.set(func() { clear(master.answers) })
			time.Sleep(14 * time.Second)
			master.send(added(5))
			time.Sleep(time.Hour)
		}, []bool{}},
		"both are away": {func(r *rig, master, slave *fake) {
			require.NoError(r.t, master.conn.Close())
			require.NoError(r.t, slave.conn.Close())
			slave.connect(r)
			time.Sleep(10 * time.Second)
		}, []bool{}},
		"the old PBX has another connection": {func(r *rig, master, slave *fake) {
			again, _ := pair("slave")
			again.introduce(r, "ms365").send(added(5))
			time.Sleep(time.Hour)
		}, []bool{}},
		"the new home has another connection": {func(r *rig, master, slave *fake) {
			newFake("slave").connect(r)
			time.Sleep(time.Hour)
		}, []bool{true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{Master: "master"})
				master, slave := pair("master")
				master.connect(r)
				slave.connect(r)
				r.take()
				master.send(added(5))
				require.Equal(t, []bool{true}, told(r.take()))
				master.rows[0] = rowOf(guidA, "a", "slave")
				master.send(moving("slave"))
				require.Equal(t, []bool{true}, told(r.take()), "seen on the slave")
				test.play(r, master, slave)
				require.Equal(t, test.want, told(r.take()))
			})
		})
	}
}

// What is told of a user while nobody knows whether the call goes on.
func TestHomeIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Master: "master"})
		master, slave := pair("slave")
		master.connect(r)
		slave.connect(r)
		r.take()
		slave.send(added(5))
		require.Equal(t, []bool{true}, told(r.take()))

		require.NoError(t, slave.conn.Close())
		require.Equal(t, []bool{true}, told(r.take()), "seen on the master")
		master.send(contactsOf(guidA, `[{"contact":"tel:","activity":"dnd"}]`))
		seen := r.seen(r.take())
		require.Equal(t, "dnd", seen.Value.Activity, "what people set goes on")
		require.True(t, seen.OnPhone)
		master.send(moving("master"))
		require.Equal(t, []bool{true}, told(r.take()), "home is connected now, but the slave may tell the call yet")
		slave.introduce(r, "ms365")
		time.Sleep(settle / 2)
		require.Empty(t, told(r.take()))
		time.Sleep(settle)
		require.Equal(t, []bool{false}, told(r.take()))
	})
}

func TestMovesWhileHomeIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Master: "master"})
		master, slave := pair("slave")
		master.connect(r)
		slave.connect(r)
		require.Equal(t, []bool{false}, told(r.take()))
		require.NoError(t, slave.conn.Close())
		r.take()
		master.send(contactsOf(guidA, `[{"contact":"tel:","activity":"on-the-phone"}]`))
		require.Equal(t, []bool{true}, told(r.take()), "a call began")
		master.send(moving("master"))
		require.Equal(t, []bool{true}, told(r.take()), "home is connected now, but the call is where the user was")
		time.Sleep(time.Minute)
		require.Equal(t, []bool{false}, told(r.take()))
	})
}

func TestSilenceHoldsUpOnlyWhoMayHaveACall(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Master: "master"})
		master, slave := pair("master")
		master.connect(r)
		slave.connect(r)
		synctest.Wait()
		require.NoError(t, slave.conn.Close())
		r.take()
		master.send(added(5))
		require.Equal(t, []bool{true}, told(r.take()))
		master.send(rcc("CallDel", `"x":0`))
		require.Equal(t, []bool{false}, told(r.take()), "the slave has told that there is none")
	})
}

func TestHomesAreNotKnownBeforeTheCopy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.answers["ReplicateNext"] = "-"
		f.connect(r)
		f.send(moving("master"))
		require.Contains(t, kinds(r.take()), "user")
		f.set(func() { clear(f.answers); f.next = 1 })
		time.Sleep(59 * time.Second)
		require.Empty(t, told(r.take()), "the next user may live on another PBX")
		time.Sleep(time.Second)
		require.Equal(t, []bool{false}, told(r.take()))
	})
}
