package pbxtest_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestUsersAreFoundByTheirCurrentNames(t *testing.T) {
	t.Parallel()
	sys := newSystem()
	require.True(t, sys.UpdateUser(guid1, func(u *pbxtest.User) {
		u.GUID, u.Name = "other", "renamed"
		u.Emails[0] = "changed@example.com"
	}))
	_, ok := sys.UserByName("user1")
	require.False(t, ok)
	u, ok := sys.UserByName("renamed")
	require.True(t, ok)
	require.Equal(t, guid1, u.GUID)
	require.Equal(t, []string{"changed@example.com"}, u.Emails)
	u.Emails[0] = "mine"
	same, ok := sys.User(guid1)
	require.True(t, ok)
	require.Equal(t, []string{"changed@example.com"}, same.Emails)

	require.False(t, sys.UpdateUser("nobody", func(*pbxtest.User) { t.Error("called") }))
	require.False(t, sys.SetLicensed("nobody", true))
	sys.RemoveUser("nobody")
	require.Len(t, sys.Users(), 2)
	sys.RemoveUser(guid1)
	_, ok = sys.User(guid1)
	require.False(t, ok)
	require.Equal(t, guid2, sys.Users()[0].GUID)
}

func TestAddUserFillsInGUIDAndHome(t *testing.T) {
	t.Parallel()
	sys := pbxtest.NewSystem("example.com")
	early := sys.AddUser(pbxtest.User{Name: "early"})
	require.Regexp(t, "^[0-9a-f]{32}$", early.GUID)
	require.Empty(t, early.Home)
	sys.AddPBX(pbxtest.Options{Name: "branch", Slave: true})
	sys.AddPBX(pbxtest.Options{Name: "main"})
	early, _ = sys.User(early.GUID)
	require.Equal(t, "main", early.Home)
	require.Equal(t, "main", sys.AddUser(pbxtest.User{Name: "late"}).Home)

	again := sys.AddUser(pbxtest.User{GUID: early.GUID, Name: "again", Home: "branch"})
	require.Equal(t, "branch", again.Home)
	require.Len(t, sys.Users(), 2)
}

func TestAwaitReturnsWithTheChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		go func() {
			pass(time.Hour)
			_ = sys.SetPresence(guid1, "tel:", "away", "")
			pass(time.Hour)
			_ = sys.SetPresence(guid1, "tel:", "busy", "")
		}()
		start, calls := time.Now(), 0
		require.NoError(t, sys.Await(t.Context(), func() bool {
			calls++
			return sys.Activity(guid1) == "busy"
		}))
		require.Equal(t, 2*time.Hour, time.Since(start))
		require.Equal(t, 3, calls, "once at first and once for each change")
	})
}

func TestAwaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := newSystem().Await(ctx, func() bool { return false })
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

func TestTwentyThousandUsers(t *testing.T) {
	t.Parallel()
	const people = 20_000
	synctest.Test(t, func(t *testing.T) {
		sys := pbxtest.NewSystem("example.com")
		for i := range people {
			sys.AddUser(pbxtest.User{GUID: fmt.Sprint(i), Name: fmt.Sprint("user", i)})
		}
		p, l := connected(t, sys)
		go func() {
			for i := range people {
				_ = l.write(fmt.Sprintf(`{"api":"PbxApi","mt":"SubscribePresence","src":"%d","sip":"user%d"}`, i, i))
			}
		}()
		for range 3 * people {
			l.next()
		}
		for i := range people {
			require.NoError(t, sys.SetPresence(fmt.Sprint(i), "tel:", "busy", ""))
		}
		for i := range people {
			text := l.next()
			require.True(t, strings.Contains(text, fmt.Sprintf(`"src":"%d"`, i)), text)
		}
		require.True(t, p.Connected())
		p.Drop()
		require.Zero(t, sys.Subscriptions("0"))
	})
}

func TestLogsAreBounded(t *testing.T) {
	t.Parallel()
	var list []int
	for i := range 5 * pbxtest.LogLimit {
		list = pbxtest.AppendBounded(list, i)
		require.LessOrEqual(t, len(list), 2*pbxtest.LogLimit)
	}
	require.GreaterOrEqual(t, len(list), pbxtest.LogLimit)
	for i, item := range list {
		require.Equal(t, 5*pbxtest.LogLimit-len(list)+i, item, "the newest ones, in order")
	}
}
