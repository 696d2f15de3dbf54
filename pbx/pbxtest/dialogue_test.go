package pbxtest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

const (
	guid1 = "00000000000000000000000000000001"
	guid2 = "00000000000000000000000000000002"
)

// newSystem has two users and no PBX.
func newSystem() *pbxtest.System {
	sys := pbxtest.NewSystem("example.com")
	sys.AddUser(pbxtest.User{
		GUID: guid1, Name: "user1", LongName: "User One", DisplayName: "One, User", Number: "201",
		Node: "root", Emails: []string{"user1@example.com"}, Licensed: true,
	})
	sys.AddUser(pbxtest.User{GUID: guid2, Name: "user2", Number: "202", NameIsEmail: true})
	return sys
}

// connected is a PBX of the system on its way through a login, and the service's end.
func connected(t *testing.T, sys *pbxtest.System, set ...func(*pbxtest.Options)) (*pbxtest.PBX, *link) {
	t.Helper()
	svc := newService(t)
	o := svc.options()
	for _, f := range set {
		f(&o)
	}
	p := sys.AddPBX(o)
	run(t, p)
	return p, svc.next()
}

// TestDialogues plays the files of testdata: lines with > come from the service, lines
// with < must come from the PBX in exactly that form and order, ! is done by a person
// to user1. Ids of conferences and calls stand as #.
func TestDialogues(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			synctest.Test(t, func(t *testing.T) {
				sys := newSystem()
				_, l := connected(t, sys)
				play(t, sys, l, string(text))
				l.silent()
				require.Empty(t, sys.Violations())
			})
		})
	}
}

func play(t *testing.T, sys *pbxtest.System, l *link, script string) {
	t.Helper()
	ids := regexp.MustCompile(`"(conf|conf-id|call-id)":"[0-9a-f]{32}"`)
	act := person(t, sys)
	for line := range strings.Lines(script) {
		kind, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch kind {
		case ">":
			l.send(text)
		case "<":
			require.Equal(t, text, ids.ReplaceAllString(l.next(), `"$1":"#"`))
		case "!":
			synctest.Wait()
			act(text)
		case "#":
		default:
			require.Fail(t, "no such line", line)
		}
	}
}

// person performs the actions of a dialogue.
func person(t *testing.T, sys *pbxtest.System) func(action string) {
	var call *pbxtest.Call
	edit := func(f func(*pbxtest.User)) { require.True(t, sys.UpdateUser(guid1, f)) }
	return func(action string) {
		verb, rest, _ := strings.Cut(action, " ")
		first, second, _ := strings.Cut(rest, " ")
		switch verb {
		case "presence":
			require.NoError(t, sys.SetPresence(guid1, first, second, ""))
		case "note":
			require.NoError(t, sys.SetPresence(guid1, "tel:", first, second))
		case "badge":
			require.NoError(t, sys.SetBadge(guid1, len(first)))
		case "status":
			require.NoError(t, sys.SetStatus(guid1, first, second == "open"))
		case "call":
			var err error
			call, err = sys.StartCall(guid1, pbxtest.CallOptions{
				Incoming: first != "out", Waiting: first == "waiting", Remote: second,
			})
			require.NoError(t, err)
		case "connect":
			call.Connect()
		case "hold":
			call.Hold(first == "remote", first == "user")
		case "park":
			call.Park()
		case "transfer":
			var err error
			call, err = call.Transfer(first)
			require.NoError(t, err)
		case "hangup":
			call.HangUp()
		case "hide":
			edit(func(u *pbxtest.User) { u.Hidden = true })
		case "hide-calls":
			edit(func(u *pbxtest.User) { u.HidesCalls = first == "yes" })
		case "hide-notes":
			edit(func(u *pbxtest.User) { u.HidesNotes = first == "yes" })
		case "show":
			edit(func(u *pbxtest.User) { u.Hidden = false })
		case "rename":
			edit(func(u *pbxtest.User) { u.LongName = rest })
		case "unlicense":
			require.True(t, sys.SetLicensed(guid1, false))
		case "remove":
			sys.RemoveUser(guid1)
		case "add":
			sys.AddUser(pbxtest.User{GUID: rest, Name: rest})
		case "drop":
			u, ok := sys.UserByName(rest)
			require.True(t, ok)
			sys.RemoveUser(u.GUID)
		default:
			require.Fail(t, "no such action", action)
		}
	}
}
