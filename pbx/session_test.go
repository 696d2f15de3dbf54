package pbx_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/presence"
)

func TestStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		newFake("master").connect(r)
		events := r.take()
		require.ElementsMatch(t, []string{"up", "user", "user", "synced", "seen", "seen"}, kinds(events))
		up := events[0].(pbx.PBXUp)
		require.NotZero(t, up.Connection)
		require.Equal(t, pbx.PBXUp{
			Name: "master", Domain: "example.com", Version: "14r2", Build: "1412345", Master: true, Connection: up.Connection,
			APIs: []string{"PbxApi", "PbxTableUsers", "PbxAdminApi", "RCC", "PbxImpersonation"}, Key: up.Key,
		}, up)
		require.NotEqual(t, pbx.Key{}, up.Key)
		require.Contains(t, events, pbx.UserSeen{User: pbx.User{
			GUID: guidA, Name: "a", LongName: "Long a", DisplayName: "Display a", Number: "20", Home: "master", Licensed: true,
		}})
		seen := r.seen(events)
		require.Equal(t, presence.PBXSeen{Counted: true, Home: "master", Connection: up.Connection, Began: seen.Began, At: time.Now().Add(-settle)}, seen)
		require.False(t, seen.Began.IsZero() || seen.Began.After(seen.At))
		require.Equal(t, presence.StateOK, r.light("master PBX").State)
		require.Equal(t, "master, 2 users", r.light("master PBX").Detail)
		require.Equal(t, presence.StateOK, r.light("PBX master").State)
		require.EqualValues(t, 1, r.server.Counters().Logins)
	})
}

func TestReconnect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		first := r.take()[0].(pbx.PBXUp)

		require.NoError(t, f.conn.Close())
		events := r.take()
		require.Equal(t, []string{"down", "lost", "lost"}, kinds(events))
		require.Equal(t, first.Connection, events[0].(pbx.PBXDown).Connection)
		require.Error(t, events[0].(pbx.PBXDown).Err)
		require.ErrorIs(t, events[1].(pbx.PresenceLost).Err, pbx.ErrNotConnected)
		for _, name := range []string{"master PBX", "PBX master"} {
			require.Equal(t, presence.StateStarting, r.light(name).State)
			require.Contains(t, r.light(name).Detail, "expected back within 1m0s")
			require.NotEmpty(t, r.light(name).LastError)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		for _, name := range []string{"master PBX", "PBX master"} {
			require.Equal(t, presence.StateFailed, r.light(name).State)
		}

		f.rows = f.rows[:1]
		f.connect(r)
		events = r.take()
		require.Subset(t, kinds(events), []string{"up", "gone", "synced", "seen"})
		require.NotContains(t, kinds(events), "user", "nothing has changed")
		require.Greater(t, events[0].(pbx.PBXUp).Connection, first.Connection)
		gone, synced := 0, 0
		for i, e := range events {
			switch e.(type) {
			case pbx.UserGone:
				require.Equal(t, pbx.UserGone{GUID: guidB}, e)
				gone = i
			case pbx.UsersSynced:
				synced = i
			}
		}
		require.Less(t, gone, synced)
	})
}

func TestNewConnectionReplacesOld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		older := newFake("master").connect(r)
		first := r.take()[0].(pbx.PBXUp)
		newer := newFake("master")
		newer.presences["a"] = `[{"contact":"tel:","activity":"away"}]`
		newer.connect(r)
		events := r.take()
		require.Equal(t, first.Connection, events[0].(pbx.PBXUp).Replaces)
		require.ElementsMatch(t, []string{"up", "synced", "seen", "seen"}, kinds(events), "nothing is lost in between")

		older.send(contactsOf(guidA, `[{"contact":"tel:","activity":"dnd"}]`))
		require.True(t, older.isClosed())
		require.Empty(t, r.take(), "the late message of the old connection is dropped")
		require.False(t, newer.isClosed())
		require.EqualValues(t, 1, r.server.Counters().Replaced)
	})
}

func TestOtherPBXDoesNotReplace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Master: "master"})
		newFake("master").connect(r)
		newFake("slave").connect(r)
		require.Equal(t, 0, strings.Count(strings.Join(kinds(r.take()), " "), "down"))
	})
}

func TestPresenceMovesWithHomePBX(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Master: "master"})
		master, slave := newFake("master"), newFake("slave")
		master.rows = []string{rowOf(guidA, "a", "slave")}
		master.presences["a"] = `[{"contact":"tel:","activity":"on-the-phone"}]`
		master.connect(r)
		seen := r.seen(r.take())
		require.Equal(t, "master", seen.Home, "the master stands in")
		require.False(t, seen.Counted, "the calls of the slave are not known there")
		require.True(t, seen.OnPhone)

		slave.connect(r)
		events := r.take()
		require.Equal(t, []string{"up", "seen", "seen"}, kinds(events))
		require.True(t, events[1].(pbx.PresenceSeen).Seen.OnPhone, "until the calls are known")
		seen = r.seen(events)
		require.Equal(t, "slave", seen.Home)
		require.True(t, seen.Counted)
		require.False(t, seen.OnPhone)
		require.Empty(t, master.subscribed)
		require.Equal(t, map[string]bool{guidA: true}, slave.subscribed)

		require.NoError(t, slave.conn.Close())
		events = r.take()
		require.Equal(t, []string{"down", "seen"}, kinds(events), "the master stands in at once")
		require.Equal(t, "master", r.seen(events).Home)

		master.send(`{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":` + rowOf(guidA, "a", "master") + `}`)
		events = r.take()
		require.Contains(t, kinds(events), "user")

		slave.connect(r)
		events = r.take()
		require.Equal(t, []string{"up", "seen"}, kinds(events), "the user has moved away from the slave")
		require.False(t, r.seen(events).OnPhone, "and has left no call there")
	})
}

func TestRenamedUserIsSubscribedAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		r.take()
		f.requests("SubscribePresence")
		f.set(func() { f.presences["z"] = `[{"contact":"tel:","activity":"away"}]` })
		f.send(`{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":` + rowOf(guidA, "z", "master") + `}`)
		require.Equal(t, []string{"user", "seen"}, kinds(r.take()))
		require.Equal(t, "a", f.requests("UnsubscribePresence")[0]["sip"])
		require.Equal(t, "z", f.requests("SubscribePresence")[0]["sip"])
	})
}

func TestMasterIsTheFirstWithUsers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		slave := newFake("slave")
		slave.apis = `["PbxApi"]`
		slave.connect(r)
		require.False(t, r.take()[0].(pbx.PBXUp).Master)
		require.Equal(t, presence.StateStarting, r.light("master PBX").State)
		master := newFake("master").connect(r)
		require.True(t, r.take()[0].(pbx.PBXUp).Master)

		require.NoError(t, master.conn.Close())
		r.take()
		newFake("other").connect(r)
		require.False(t, r.take()[0].(pbx.PBXUp).Master, "the master stays the master")
	})
}

func TestNamedMaster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Master: "hq"})
		require.Equal(t, "waiting for hq", r.light("master PBX").Detail)
		newFake("branch").connect(r)
		require.Equal(t, []string{"up"}, kinds(r.take()))
		hq := newFake("hq")
		hq.apis = `["PbxApi"]`
		hq.connect(r)
		r.take()
		require.Equal(t, presence.StateFailed, r.light("master PBX").State)
		require.Contains(t, r.light("master PBX").Todo, "PbxTableUsers")
	})
}

func TestPBXWithoutPresenceAPI(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.apis = `["PbxTableUsers"]`
		f.connect(r)
		require.Equal(t, []string{"up", "user", "user", "synced"}, kinds(r.take()))
		require.Contains(t, r.light("PBX master").Todo, "PbxApi")
		require.Contains(t, r.light("master PBX").Detail, "licences are not checked")
		err := r.server.SetPresence(t.Context(), guidA, presence.PBX{Activity: "away"})
		require.ErrorIs(t, err, presence.ErrRefused)
		require.Contains(t, presence.Advice(err), "PbxApi")
	})
}

func TestSecondAppObjectTakesOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Master: "master"})
		older := newFake("master").connect(r)
		r.take()
		newer := newFake("master").introduce(r, "other")
		time.Sleep(settle)
		require.Contains(t, kinds(r.take()), "synced", "the newer is the master")
		older.requests("ReplicateStart")
		older.set(func() { older.next = 0; older.rows = append(older.rows, rowOf("c", "c", "master")) })

		require.NoError(t, newer.conn.Close())
		events := r.take()
		require.Equal(t, "down", kinds(events)[0])
		require.Contains(t, kinds(events), "synced")
		require.Contains(t, kinds(events), "user", "the older is the master again")
		require.Len(t, older.requests("ReplicateStart"), 1)
		time.Sleep(settle)
		r.take()
		require.Equal(t, presence.StateOK, r.light("master PBX").State)
		require.Equal(t, presence.StateOK, r.light("PBX master").State)
	})
}

// Alien calls are on the connection that the looks name, and on no other.
func TestAlienCallsOfTheOlderAppObjectEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Master: "master", AlienCalls: pbx.AlienDirect})
		older := newFake("master").connect(r)
		id, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		older.set(func() { older.answers["AddAlienCall"] = "-" })
		result := make(chan error, 1)
		go func() {
			_, _, err := r.server.AddAlienCall(t.Context(), guidB)
			result <- err
		}()
		synctest.Wait()
		newer := newFake("master").introduce(r, "other")
		time.Sleep(settle)
		require.Len(t, older.requests("DelAlienCall"), 1)
		require.ErrorIs(t, r.server.DelAlienCall(t.Context(), guidA, id), presence.ErrRefused)
		older.send(fmt.Sprintf(`{"api":"PbxApi","mt":"AddAlienCallResult","src":%q,"id":8}`, older.requests("AddAlienCall")[1]["src"]))
		require.ErrorContains(t, <-result, "has left")
		synctest.Wait()
		require.Len(t, older.requests("DelAlienCall"), 1)
		_, connection, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		require.Equal(t, connection, r.seen(r.take()).Connection)
		require.Len(t, newer.requests("AddAlienCall"), 1)
	})
}

func TestUnsettledLicencesAreTakenOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Master: "master"})
		older := newFake("master")
		older.answers["CheckAppLic"] = "-"
		older.connect(r)
		newer := newFake("master")
		newer.answers["CheckAppLic"] = "-"
		newer.rows = nil
		newer.introduce(r, "other")
		r.take()
		older.set(func() { clear(older.answers); older.next = 0 })
		require.NoError(t, newer.conn.Close())
		require.Subset(t, kinds(r.take()), []string{"down", "user", "synced"})
		require.NoError(t, older.conn.Close())
		require.Contains(t, kinds(r.take()), "down")
		require.Equal(t, presence.StateStarting, r.light("master PBX").State)
	})
}

func TestUserComesHomeToTheSameConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Master: "master"})
		f := newFake("master")
		f.rows = []string{rowOf(guidA, "a", "slave")}
		f.connect(r)
		f.send(added(5))
		seen := r.seen(r.quiet())
		require.True(t, seen.Counted && seen.OnPhone, "that call began before the user moved")
		f.send(rcc("CallDel", `"x":0`))
		time.Sleep(time.Minute)
		seen = r.seen(r.quiet())
		require.False(t, seen.Counted || seen.OnPhone, "the calls of the slave are not known")
		f.send(`{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":` + rowOf(guidA, "a", "master") + `}`)
		events := r.take()
		require.Equal(t, []string{"user", "seen"}, kinds(events))
		require.True(t, r.seen(events).Counted)
	})
}
