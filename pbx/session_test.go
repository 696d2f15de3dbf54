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
		require.Equal(t, presence.PBXSeen{Counted: true, Home: "master", Connection: up.Connection, At: time.Now().Add(-settle)}, seen)
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
		require.Equal(t, []string{"up", "seen"}, kinds(events))
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
		require.Equal(t, []string{"up"}, kinds(r.take()), "the user has moved away from the slave")
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

func TestPresence(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		updates []string
		want    presence.PBX
		onPhone bool
	}{
		"nothing is available":                   {[]string{`[]`}, presence.PBX{}, false},
		"the watched contact counts":             {[]string{`[{"contact":"im:","activity":"away"},{"contact":"tel:","activity":"dnd","note":"n"}]`}, presence.PBX{Activity: "dnd", Note: "n"}, false},
		"a missing contact is available":         {[]string{`[{"contact":"tel:","activity":"dnd"}]`, `[{"contact":"im:","activity":"away"}]`}, presence.PBX{}, false},
		"the newest of two counts":               {[]string{`[{"contact":"tel:","activity":"away"},{"contact":"tel:","activity":"dnd"}]`}, presence.PBX{Activity: "away"}, false},
		"on-the-phone in another contact":        {[]string{`[{"contact":"x:","activity":"On-The-Phone"},{"contact":"tel:","activity":"dnd"}]`}, presence.PBX{Activity: "dnd"}, true},
		"on-the-phone covers what was set":       {[]string{`[{"contact":"tel:","activity":"dnd"}]`, `[{"contact":"tel:","activity":"on-the-phone"}]`}, presence.PBX{Activity: "dnd"}, true},
		"on-the-phone beside what was set":       {[]string{`[{"contact":"tel:","activity":"on-the-phone"},{"contact":"tel:","activity":"busy"}]`}, presence.PBX{Activity: "busy"}, true},
		"members may be missing":                 {[]string{`[{"contact":"tel:"}]`}, presence.PBX{}, false},
		"null is no contact":                     {[]string{`[null]`}, presence.PBX{}, false},
		"on-the-phone is over, the value stands": {[]string{`[{"contact":"tel:","activity":"on-the-phone"}]`, `[{"contact":"tel:","activity":"away"}]`}, presence.PBX{Activity: "away"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{})
				f := newFake("master")
				f.apis = `["PbxApi","PbxTableUsers"]`
				f.rows = f.rows[:1]
				f.presences["a"] = `[{"contact":"tel:","activity":"vacation"}]`
				f.connect(r)
				r.take()
				for _, u := range test.updates {
					f.send(contactsOf(guidA, u))
				}
				seen := r.seen(r.take())
				require.Equal(t, test.want, seen.Value)
				require.Equal(t, test.onPhone, seen.OnPhone)
				require.False(t, seen.Counted)
			})
		})
	}
}

func TestOtherContact(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Contact: "teams:"})
		f := newFake("master")
		f.presences["a"] = `[{"contact":"tel:","activity":"dnd"},{"contact":"teams:","activity":"away"}]`
		f.rows = f.rows[:1]
		f.connect(r)
		require.Equal(t, "away", r.seen(r.take()).Value.Activity)
		require.NoError(t, r.server.SetPresence(t.Context(), guidA, presence.PBX{}))
		require.Equal(t, "teams:", f.requests("SetPresence")[0]["contact"])
	})
}

func TestNothingIsToldTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		r.take()
		f.send(contactsOf(guidA, `[{"contact":"tel:","activity":"dnd","note":"n"}]`))
		require.Equal(t, []string{"seen"}, kinds(r.take()))
		f.send(contactsOf(guidA, `[{"contact":"tel:","activity":"dnd","note":"n"},{"contact":"app:","note":"#badge:3"}]`))
		require.Empty(t, r.take())
		f.send(contactsOf(guidA, `[{"contact":"tel:","activity":"dnd","note":"m"}]`))
		require.Equal(t, "m", r.seen(r.take()).Value.Note)
	})
}

func TestPhoneContact(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Calls: pbx.CallsOff, PhoneContact: "im:"})
		f := newFake("master").connect(r)
		r.take()
		require.Empty(t, f.requests("Initialize"))
		f.send(contactsOf(guidA, `[{"contact":"tel:","activity":"on-the-phone"},{"contact":"tel:","activity":"away"}]`))
		require.False(t, r.seen(r.take()).OnPhone)
		f.send(contactsOf(guidA, `[{"contact":"im:","activity":"on-the-phone"}]`))
		require.True(t, r.seen(r.take()).OnPhone)
	})
}

func TestPresenceOnMaster(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Master: "master", PresenceOnMaster: true})
		master, slave := newFake("master"), newFake("slave")
		master.rows = []string{rowOf(guidA, "a", "slave")}
		slave.connect(r)
		master.connect(r)
		require.Equal(t, "master", r.seen(r.take()).Home)
		require.NoError(t, r.server.SetPresence(t.Context(), guidA, pbx.Presence{Activity: "away"}))
		require.Len(t, master.requests("SetPresence"), 1)
		_, _, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		require.Len(t, slave.requests("AddAlienCall"), 1, "only the home PBX can do that")
	})
}

func TestPresenceDown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		r.take()
		down := fmt.Sprintf(`{"api":"PbxApi","mt":"PresenceState","src":%q,"up":false}`, guidA)
		f.send(down, down)
		hidden := &pbx.HiddenError{PBX: "master", User: "a"}
		require.Equal(t, []pbx.Event{pbx.PresenceLost{GUID: guidA, Err: hidden}}, r.take())
		require.Contains(t, presence.Advice(hidden), "Visibility")
		f.send(fmt.Sprintf(`{"api":"PbxApi","mt":"PresenceState","src":%q,"up":true}`, guidA))
		require.Empty(t, r.take(), "the contacts are not known yet")
		f.send(contactsOf(guidA, `[]`))
		require.Equal(t, []string{"seen"}, kinds(r.take()))
	})
}

func TestRefusedSubscriptionIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.rows = f.rows[:1]
		delete(f.presences, "a")
		f.connect(r)
		require.NotContains(t, kinds(r.take()), "seen")
		require.EqualValues(t, 1, r.server.Counters().Refused)
		require.Contains(t, r.light("PBX master").Detail, "hidden from the App object: 1")
		f.set(func() { f.presences["a"] = `[]` })
		time.Sleep(time.Minute)
		require.Equal(t, []string{"seen"}, kinds(r.take()))
		require.Equal(t, "connected", r.light("PBX master").Detail)
	})
}

func TestHiddenUsersAreCounted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		r.take()
		state := func(up bool) string {
			f.send(fmt.Sprintf(`{"api":"PbxApi","mt":"PresenceState","src":%q,"up":%t}`, guidA, up))
			r.take()
			return r.light("PBX master").Detail
		}
		require.Equal(t, "connected; hidden from the App object: 1", state(false))
		require.Equal(t, "connected; hidden from the App object: 1", state(true), "the contacts have not come")
		f.send(contactsOf(guidA, `[]`))
		r.take()
		require.Equal(t, "connected", r.light("PBX master").Detail)
		state(false)
		f.send(`{"api":"PbxTableUsers","mt":"ReplicateDel","columns":{"guid":"` + guidA + `"}}`)
		r.take()
		require.Equal(t, "connected", r.light("PBX master").Detail, "the user is gone")
	})
}

func TestUnansweredSubscription(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.rows = f.rows[:1]
		f.answers["SubscribePresence"] = "-"
		f.connect(r)
		time.Sleep(11 * time.Second)
		require.NotContains(t, kinds(r.take()), "seen")
		require.Equal(t, "connected; hidden from the App object: 1", r.light("PBX master").Detail)

		f.send(contactsOf(guidA, `[{"contact":"tel:","activity":"busy"}]`))
		require.Equal(t, "busy", r.seen(r.take()).Value.Activity, "it stands after all")
		f.requests("SubscribePresence")
		time.Sleep(time.Hour)
		require.Empty(t, r.take())
		require.Empty(t, f.requests("SubscribePresence"), "nothing is to be repaired")
		require.NoError(t, f.conn.Close())
		require.Equal(t, []string{"down", "lost"}, kinds(r.take()))
	})
}

func TestSubscriptionLosesItsAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.rows = f.rows[:1]
		f.answers["SubscribePresence"] = "-"
		f.connect(r)
		f.send(contactsOf(guidA, `[]`))
		require.Contains(t, kinds(r.take()), "seen")
		time.Sleep(11 * time.Second)
		require.Equal(t, []string{"lost"}, kinds(r.take()))
		f.send(added(5))
		require.Empty(t, r.quiet(), "what was known does not hold")
		f.set(func() { clear(f.answers) })
		time.Sleep(time.Minute)
		require.True(t, r.seen(r.take()).OnPhone)
		require.Len(t, f.requests("UnsubscribePresence"), 1, "there may be a subscription")
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
		require.Equal(t, presence.StateOK, r.light("master PBX").State)
		require.Equal(t, presence.StateOK, r.light("PBX master").State)
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
		require.False(t, seen.Counted || seen.OnPhone)
		f.send(`{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":` + rowOf(guidA, "a", "master") + `}`)
		events := r.take()
		require.Equal(t, []string{"user", "seen"}, kinds(events))
		seen = r.seen(events)
		require.True(t, seen.Counted && seen.OnPhone)
	})
}
