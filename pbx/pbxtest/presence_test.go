package pbxtest_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestPresenceSetByAPerson(t *testing.T) {
	t.Parallel()
	sys := newSystem()
	require.NoError(t, sys.SetPresence(guid1, "", "busy", "tea"))
	require.NoError(t, sys.SetPresence(guid1, "calendar:", "meeting", ""))
	require.Equal(t, "busy", sys.Activity(guid1))
	require.Equal(t, []pbxtest.Contact{
		{Contact: "calendar:", Status: "open", Activity: "meeting"},
		{Contact: "tel:", Status: "open", Activity: "busy", Note: "tea"},
		{Contact: "im:", Status: "open"},
	}, sys.Presence(guid1))

	require.ErrorContains(t, sys.SetPresence("nobody", "tel:", "busy", ""), `no user with guid "nobody"`)
	for _, word := range []string{"on-the-phone", "online", "Busy"} {
		require.ErrorContains(t, sys.SetPresence(guid1, "tel:", word, ""), "cannot be set")
	}
	require.Equal(t, "busy", sys.Activity(guid1))
	require.Nil(t, sys.Presence("nobody"))
	require.Empty(t, sys.Activity("nobody"))
	require.False(t, sys.OnThePhone("nobody"))
	require.Zero(t, sys.Subscriptions("nobody"))
}

func TestNotesAreNotPrinted(t *testing.T) {
	t.Parallel()
	for _, v := range []any{
		pbxtest.Contact{Contact: "tel:", Activity: "busy", Note: "secret"},
		pbxtest.Write{Op: "SetPresence", Activity: "busy", Note: "secret", Err: "refused"},
		pbxtest.Options{Name: "busy", Password: "secret"},
	} {
		text := fmt.Sprintf("%v %+v", v, v)
		require.NotContains(t, text, "secret")
		require.Contains(t, text, "busy")
	}
	require.Equal(t, "DelAlienCall on master for a: call 7", pbxtest.Write{
		PBX: "master", GUID: "a", Op: "DelAlienCall", ID: 7,
	}.String())
}

func TestWhereOnThePhoneAppears(t *testing.T) {
	t.Parallel()
	tel := pbxtest.Contact{Contact: "tel:", Status: "open", Activity: "busy"}
	im := pbxtest.Contact{Contact: "im:", Status: "open"}
	phone := func(contact string) pbxtest.Contact {
		return pbxtest.Contact{Contact: contact, Status: "open", Activity: "on-the-phone"}
	}
	for name, tc := range map[string]struct {
		contact string
		hides   bool
		want    []pbxtest.Contact
	}{
		"ahead of tel:":           {"", false, []pbxtest.Contact{phone("tel:"), tel, im}},
		"instead of tel:":         {"", true, []pbxtest.Contact{phone("tel:"), im}},
		"at a contact of its own": {"calls:", true, []pbxtest.Contact{phone("calls:"), tel, im}},
		"instead of im:":          {"im:", true, []pbxtest.Contact{phone("im:"), tel}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sys := newSystem()
			sys.AddPBX(pbxtest.Options{OnThePhoneContact: tc.contact, OnThePhoneHides: tc.hides})
			require.NoError(t, sys.SetPresence(guid1, "tel:", "busy", ""))
			call, err := sys.StartCall(guid1, pbxtest.CallOptions{})
			require.NoError(t, err)
			require.Equal(t, []pbxtest.Contact{tel, im}, sys.Presence(guid1), "ringing is no presence")
			call.Connect()
			require.Equal(t, tc.want, sys.Presence(guid1))
			require.Equal(t, "busy", sys.Activity(guid1))
			call.HangUp()
			require.Equal(t, []pbxtest.Contact{tel, im}, sys.Presence(guid1))
		})
	}
}

func TestPresenceIsSharedByAllPBXs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, master := connected(t, sys)
		branch, slave := connected(t, sys, func(o *pbxtest.Options) { o.Name = "branch" })
		for _, l := range []*link{master, slave} {
			l.ask(`{"api":"PbxApi","mt":"SubscribePresence","src":"s","sip":"user1"}`)
			l.next()
			l.next()
		}
		require.Equal(t, 2, sys.Subscriptions(guid1))
		master.send(`{"api":"PbxApi","mt":"SetPresence","sip":"user1","contact":"tel:","activity":"away"}`)
		require.Contains(t, slave.next(), `"activity":"away"`)
		require.Contains(t, master.next(), `"activity":"away"`)
		branch.Pause()
		require.Equal(t, 1, sys.Subscriptions(guid1))
	})
}

func TestWritesAreRecorded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, l := connected(t, sys, func(o *pbxtest.Options) {
			o.Fault = func(api, mt string) pbxtest.Fault {
				if api == "PbxApi" && mt == "DelAlienCall" {
					return pbxtest.FaultRefuse
				}
				return pbxtest.FaultNone
			}
		})
		l.ask(`{"api":"PbxApi","mt":"SetPresence","sip":"user1","contact":"tel:","activity":"away","note":"n"}`)
		l.ask(`{"api":"PbxApi","mt":"SetPresence","sip":"nobody","contact":"tel:","activity":"away"}`)
		l.ask(`{"api":"PbxApi","mt":"DelAlienCall","id":9}`)
		writes := sys.Writes()
		for i := range writes {
			require.False(t, writes[i].Time.IsZero())
			writes[i].Time = writes[0].Time
		}
		at := writes[0].Time
		require.Equal(t, []pbxtest.Write{
			{Time: at, PBX: "master", GUID: guid1, Op: "SetPresence", Contact: "tel:", Activity: "away", Note: "n"},
			{Time: at, PBX: "master", Op: "SetPresence", Contact: "tel:", Activity: "away", Err: "no such user"},
			{Time: at, PBX: "master", Op: "DelAlienCall", ID: 9, Err: "fault injected", Fault: pbxtest.FaultRefuse},
		}, writes)
	})
}
