package pbxtest_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestSlaveReplicatesItsOwnUsersOnly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, master := connected(t, sys)
		_, slave := connected(t, sys, func(o *pbxtest.Options) { o.Name = "branch" })
		sys.AddUser(pbxtest.User{GUID: "3", Name: "user3", Home: "branch"})
		for _, l := range []*link{master, slave} {
			l.ask(`{"api":"PbxTableUsers","mt":"ReplicateStart","columns":{"h323":{}}}`)
		}
		next := `{"api":"PbxTableUsers","mt":"ReplicateNext"}`
		row := func(mt, columns string) string {
			return `{"api":"PbxTableUsers","mt":"` + mt + `","columns":` + columns + `}`
		}
		for _, name := range []string{"user1", "user2", "user3"} {
			require.Equal(t, row("ReplicateNextResult", `{"h323":"`+name+`"}`), master.ask(next))
		}
		require.Equal(t, row("ReplicateNextResult", `{"h323":"user3"}`), slave.ask(next))

		move := func(guid, home string) {
			sys.UpdateUser(guid, func(u *pbxtest.User) { u.Home = home })
		}
		move(guid1, "branch")
		master.expect(row("ReplicateUpdate", `{"h323":"user1"}`))
		slave.expect(row("ReplicateAdd", `{"h323":"user1"}`))
		move(guid1, "master")
		master.expect(row("ReplicateUpdate", `{"h323":"user1"}`))
		slave.expect(row("ReplicateDel", `{"guid":"`+guid1+`"}`))
		move(guid2, "elsewhere")
		master.expect(row("ReplicateUpdate", `{"h323":"user2"}`))
		slave.silent()
		require.Equal(t, `{"api":"PbxTableUsers","mt":"ReplicateNextResult"}`, slave.ask(next))
	})
}

func TestReplicationStartsAnewOnEachConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		sys := newSystem()
		p := sys.AddPBX(svc.options())
		run(t, p)
		svc.next().ask(`{"api":"PbxTableUsers","mt":"ReplicateStart","columns":{"h323":{}}}`)
		p.Drop()
		l := svc.next()
		sys.AddUser(pbxtest.User{Name: "user3"})
		l.silent()
		require.Contains(t, l.ask(`{"api":"PbxTableUsers","mt":"ReplicateNext"}`), "not started")
	})
}

func TestFormsOfTheEndOfTheCopy(t *testing.T) {
	t.Parallel()
	for form, want := range map[pbxtest.EndOfCopy]string{
		pbxtest.EndWithoutColumns: `{"api":"PbxTableUsers","mt":"ReplicateNextResult","src":"n"}`,
		pbxtest.EndEmptyColumns:   `{"api":"PbxTableUsers","mt":"ReplicateNextResult","src":"n","columns":{}}`,
		pbxtest.EndWithoutGUID:    `{"api":"PbxTableUsers","mt":"ReplicateNextResult","src":"n","columns":{"hide":false}}`,
	} {
		synctest.Test(t, func(t *testing.T) {
			_, l := connected(t, newSystem(), func(o *pbxtest.Options) { o.EndOfCopy = form })
			l.ask(`{"api":"PbxTableUsers","mt":"ReplicateStart","columns":{"guid":{},"h323":{},"hide":{}}}`)
			next := `{"api":"PbxTableUsers","mt":"ReplicateNext","src":"n"}`
			require.Contains(t, l.ask(next), "user1")
			require.Contains(t, l.ask(next), "user2")
			for range 2 {
				require.Equal(t, want, l.ask(next))
			}
		})
	}
}

func TestMalformedParametersAreRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, l := connected(t, sys)
		for _, request := range []string{
			`{"api":"PbxTableUsers","mt":"ReplicateStart","columns":["cn"]}`,
			`{"api":"PbxApi","mt":"SubscribePresence","sip":1}`,
			`{"api":"PbxApi","mt":"SetPresence","activity":1}`,
			`{"api":"PbxApi","mt":"AddAlienCall","sip":1}`,
			`{"api":"PbxApi","mt":"DelAlienCall","id":"7"}`,
			`{"api":"PbxImpersonation","mt":"CreateApi","target":1}`,
			`{"api":"PbxImpersonation","mt":"DeleteApi","target":1}`,
			`{"api":"RCC","mt":"Initialize","limit":"50"}`,
			`{"api":"RCC","mt":"UserInitialize","cn":1}`,
			`{"api":"RCC","mt":"UserEnd","user":"1"}`,
			`{"api":"PbxAdminApi","mt":"CheckAppLic","lic":1}`,
			`{"api":"PbxAdminApi","mt":"GetObject","guid":1}`,
		} {
			require.Contains(t, l.ask(request), `Result","error":1,"errorText":"invalid parameters"}`, request)
		}
	})
}
