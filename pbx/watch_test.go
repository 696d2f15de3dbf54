package pbx_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/pbx/pbxtest"
	"github.com/pbx365/connector/presence"
)

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
		looked := r.seen(r.take())
		require.Equal(t, "master", looked.Home)
		require.NoError(t, r.server.SetPresence(t.Context(), guidA, pbx.Presence{Activity: "away"}))
		require.Len(t, master.requests("SetPresence"), 1)
		_, connection, err := r.server.AddAlienCall(t.Context(), guidA)
		require.NoError(t, err)
		require.Equal(t, looked.Connection, connection)
		require.Len(t, slave.requests("AddAlienCall"), 1, "only the home PBX can do that")
		slave.send(rcc("CallAdd", `"state":133,"guid":"`+guidA+`","remote":{"e164":"1"}`))
		seen := r.seen(r.take())
		require.True(t, seen.OnPhone && seen.Counted, "and tell that")
	})
}

// The connection of a look is that of an alien call, whichever one the presence comes over.
func TestHomeIsReplacedWhilePresenceIsOnMaster(t *testing.T) {
	t.Parallel()
	for _, calls := range []pbx.CallSource{pbx.CallsOfPBX, pbx.CallsOff} {
		t.Run(string(calls), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{Master: "master", PresenceOnMaster: true, Calls: calls})
				master, slave := pair("slave")
				master.connect(r)
				time.Sleep(time.Minute)
				first := r.seen(r.take())
				require.Zero(t, first.Connection, "there is none")
				for range 2 {
					slave.connect(r)
					_, connection, err := r.server.AddAlienCall(t.Context(), guidA)
					require.NoError(t, err)
					seen := r.seen(r.take())
					require.Equal(t, connection, seen.Connection)
					require.Equal(t, "master", seen.Home)
					require.Equal(t, first.Began, seen.Began, "the master has told it all along")
				}
				require.NoError(t, slave.conn.Close())
				require.Zero(t, r.seen(r.take()).Connection)
				require.Len(t, master.requests("SubscribePresence"), 2)
				time.Sleep(time.Minute)
				replaced := time.Now()
				master.connect(r)
				require.False(t, r.seen(r.take()).Began.Before(replaced), "told anew")
			})
		})
	}
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

func TestHiddenUserIsWatchedInItsOwnName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, pbx.Options{WatchImpersonated: true})
		user := s.system.AddUser(pbxtest.User{Name: "a", Licensed: true, Hidden: true})
		s.start(pbxtest.Options{})
		_, known := s.presence(user.GUID)
		require.True(t, known)
		require.NoError(t, s.system.SetPresence(user.GUID, "tel:", "dnd", ""))
		seen, _ := s.presence(user.GUID)
		require.Equal(t, "dnd", seen.Value.Activity)
		require.Equal(t, 1, s.system.Subscriptions(user.GUID))
		require.Equal(t, "connected", s.server.Health()[1].Detail)

		require.True(t, s.system.SetLicensed(user.GUID, false))
		time.Sleep(11 * time.Minute)
		synctest.Wait()
		require.Zero(t, s.system.Subscriptions(user.GUID), "the API is closed, and the subscription with it")
	})
}

func TestHiddenUserWithoutImpersonation(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{WatchImpersonated: true})
		f := newFake("master")
		f.answers["CreateApi"] = `"error":1`
		f.connect(r)
		r.take()
		down := fmt.Sprintf(`{"api":"PbxApi","mt":"PresenceState","src":%q,"up":false}`, guidA)
		f.send(down, down)
		events := r.take()
		require.Equal(t, []string{"lost"}, kinds(events))
		require.ErrorIs(t, events[0].(pbx.PresenceLost).Err, pbx.ErrRefused)
		f.set(func() { clear(f.answers) })
		time.Sleep(time.Minute)
		require.Equal(t, []string{"seen"}, kinds(r.take()), "the way without is tried again")
		require.Len(t, f.requests("UnsubscribePresence"), 1)
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

func TestSilentSubscription(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, impersonated := range []bool{false, true} {
			r := newRig(t, pbx.Options{WatchImpersonated: impersonated})
			f := newFake("master")
			f.rows = f.rows[:1]
			f.presences["a"] = "" // accepted, and then nothing
			f.connect(r)
			r.take()
			time.Sleep(3 * time.Minute)
			events := r.take()
			require.Equal(t, []string{"lost"}, kinds(events))
			require.ErrorAs(t, events[0].(pbx.PresenceLost).Err, new(*pbx.HiddenError))
			require.Equal(t, impersonated, len(f.requests("CreateApi")) == 1)
			require.NoError(t, f.conn.Close())
		}
	})
}

func TestLastWordOfAnEarlierSubscription(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		r.take()
		f.set(func() { f.presences["z"] = `[]`; f.answers["SubscribePresence"] = "-" })
		f.send(`{"api":"PbxTableUsers","mt":"ReplicateUpdate","columns":`+rowOf(guidA, "z", "master")+`}`,
			fmt.Sprintf(`{"api":"PbxApi","mt":"PresenceState","src":%q,"up":false}`, guidA))
		require.Equal(t, []string{"user"}, kinds(r.take()))
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
