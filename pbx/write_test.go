package pbx_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/presence"
)

func TestSetPresence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		r.take()
		require.NoError(t, r.server.SetPresence(t.Context(), guidA, presence.PBX{Activity: "dnd", Note: "a <b> & c"}))
		sent := f.requests("SetPresence")
		require.Len(t, sent, 1)
		delete(sent[0], "src")
		require.Equal(t, map[string]any{
			"api": "PbxApi", "mt": "SetPresence", "guid": guidA, "contact": "tel:", "activity": "dnd", "note": "a <b> & c",
		}, sent[0])
	})
}

func TestSetPresenceRoute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Master: "master"})
		master, slave := newFake("master"), newFake("slave")
		master.rows = []string{rowOf(guidA, "a", "slave")}
		write := func(guid string) error { return r.server.SetPresence(t.Context(), guid, presence.PBX{}) }

		err := write(guidA)
		require.ErrorIs(t, err, pbx.ErrNotConnected)
		require.NotErrorIs(t, err, presence.ErrRefused)
		master.connect(r)
		r.take()
		require.NoError(t, write(guidA))
		require.Len(t, master.requests("SetPresence"), 1, "the slave is not connected")
		slave.connect(r)
		r.take()
		require.NoError(t, write(guidA))
		require.Len(t, slave.requests("SetPresence"), 1)
		require.NoError(t, write("unknown"))
		require.Len(t, master.requests("SetPresence"), 1, "the master may know a user that was not reported")
	})
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rest    string
		refused string // code
	}{
		"success":             {``, ""},
		"error 0":             {`"error":0`, ""},
		"error as number":     {`"error":1,"errorText":"no such user"`, "1"},
		"error as text":       {`"error":"5","errorText":"expired"`, "5"},
		"error as word":       {`"error":"notFound"`, "notFound"},
		"error as truth":      {`"error":true`, "true"},
		"text of other kind":  {`"error":2,"errorText":{}`, "2"},
		"error that is empty": {`"error":"","errorText":"x"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, pbx.Options{})
				f := newFake("master")
				f.answers["SetPresence"] = test.rest
				f.connect(r)
				r.take()
				err := r.server.SetPresence(t.Context(), guidA, presence.PBX{Note: "private"})
				if test.refused == "" {
					require.NoError(t, err)
					return
				}
				var reply *pbx.ReplyError
				require.ErrorAs(t, err, &reply)
				require.Equal(t, test.refused, reply.Code)
				require.Equal(t, "SetPresence", reply.Request)
				require.Equal(t, "master", reply.PBX)
				require.ErrorIs(t, err, presence.ErrRefused)
				require.NotContains(t, err.Error(), "private")
				require.EqualValues(t, 1, r.server.Counters().Refused)
			})
		})
	}
}

func TestResultsWithoutSrc(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.answers["SetPresence"] = "-"
		f.connect(r)
		r.take()
		results := make(chan error, 2)
		for _, activity := range []string{"away", "busy"} {
			go func() {
				results <- r.server.SetPresence(t.Context(), guidA, presence.PBX{Activity: activity})
			}()
			synctest.Wait()
		}
		f.send(`{"api":"PbxApi","mt":"SetPresenceResult","error":1}`)
		synctest.Wait()
		require.ErrorIs(t, <-results, presence.ErrRefused)
		require.Empty(t, results)
		f.send(`{"api":"PbxApi","mt":"SetPresenceResult"}`)
		require.NoError(t, <-results)
	})
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{RequestTimeout: 3 * time.Second})
		f := newFake("master")
		f.answers["SetPresence"] = "-"
		f.connect(r)
		r.take()
		start := time.Now()
		err := r.server.SetPresence(t.Context(), guidA, presence.PBX{})
		require.ErrorIs(t, err, pbx.ErrTimeout)
		require.NotErrorIs(t, err, presence.ErrRefused)
		require.Equal(t, 3*time.Second, time.Since(start))
		src := f.requests("SetPresence")[0]["src"]
		f.send(fmt.Sprintf(`{"api":"PbxApi","mt":"SetPresenceResult","src":%q}`, src))
		require.Empty(t, r.take())
		require.EqualValues(t, 1, r.server.Counters().Timeouts)
		require.EqualValues(t, 1, r.server.Counters().Late)
		require.False(t, f.isClosed())
	})
}

func TestCallerGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Outstanding: 1})
		f := newFake("master")
		f.answers["SetPresence"] = "-"
		f.connect(r)
		r.take()
		cause := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		other, cancelOther := context.WithCancelCause(t.Context())
		results := make(chan error, 2)
		for _, ctx := range []context.Context{ctx, other} {
			go func() { results <- r.server.SetPresence(ctx, guidA, presence.PBX{}) }()
			synctest.Wait()
		}
		require.Len(t, f.requests("SetPresence"), 1, "the other one waits for its turn")
		cancelOther(cause)
		require.ErrorIs(t, <-results, cause)
		cancel(cause)
		require.ErrorIs(t, <-results, cause)
		f.set(func() { clear(f.answers) })
		require.NoError(t, r.server.SetPresence(t.Context(), guidA, presence.PBX{}), "its place is free")
		require.Len(t, f.requests("SetPresence"), 1, "the one that waited was never sent")
	})
}

func TestOutstanding(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Outstanding: 3})
		f := newFake("master")
		f.answers["SetPresence"] = "-"
		f.connect(r)
		r.take()
		for range 10 {
			go func() { _ = r.server.SetPresence(t.Context(), guidA, presence.PBX{}) }()
		}
		synctest.Wait()
		sent := f.requests("SetPresence")
		require.Len(t, sent, 3)
		f.send(fmt.Sprintf(`{"api":"PbxApi","mt":"SetPresenceResult","src":%q}`, sent[1]["src"]))
		synctest.Wait()
		require.Len(t, f.requests("SetPresence"), 1)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		require.Len(t, f.requests("SetPresence"), 3)
	})
}

func TestLostConnectionFailsRequests(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Outstanding: 2})
		f := newFake("master")
		f.answers["SetPresence"] = "-"
		f.connect(r)
		r.take()
		results := make(chan error, 5)
		for range 5 {
			go func() { results <- r.server.SetPresence(t.Context(), guidA, presence.PBX{}) }()
		}
		synctest.Wait()
		require.NoError(t, f.conn.Close())
		synctest.Wait()
		require.Len(t, results, 5)
		for range 5 {
			require.ErrorIs(t, <-results, pbx.ErrNotConnected)
		}
	})
}

func TestFrameTooLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		r.take()
		note := strings.Repeat("é", pbx.MaxFrame/2)
		err := r.server.SetPresence(t.Context(), guidA, presence.PBX{Note: note})
		require.ErrorIs(t, err, presence.ErrRefused)
		require.NotContains(t, err.Error(), "é")
		require.NoError(t, r.server.SetPresence(t.Context(), guidA, presence.PBX{Note: note[:len(note)-200]}))
		sent, err := json.Marshal(f.requests("SetPresence"))
		require.NoError(t, err)
		require.Greater(t, len(sent), pbx.MaxFrame-200)
	})
}

func TestWriteWhileEventsAreHandled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var server *pbx.Server
		var result error
		written := false
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		r.take()
		server = r.server
		r.hook = func(e pbx.Event) {
			if seen, ok := e.(pbx.PresenceSeen); ok && !written {
				written = true
				result = server.SetPresence(context.Background(), seen.GUID, presence.PBX{})
			}
		}
		f.send(contactsOf(guidA, `[{"contact":"tel:","activity":"away"}]`))
		synctest.Wait()
		require.True(t, written)
		require.NoError(t, result)
	})
}

func TestContactUnnamed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{ContactUnnamed: true})
		f := newFake("master").connect(r)
		r.take()
		require.NoError(t, r.server.SetPresence(t.Context(), guidA, pbx.Presence{}))
		request := f.requests("SetPresence")[0]
		require.NotContains(t, request, "contact")
		require.Equal(t, []any{"", ""}, []any{request["activity"], request["note"]}, "what is taken away is said")
	})
}

func TestHarmlessCodes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{HarmlessCodes: []string{"17"}})
		f := newFake("master").connect(r)
		r.take()
		for answer, refused := range map[string]bool{`"error":17`: false, `"error":"17"`: false, `"error":1`: true, `"error":0`: false} {
			f.set(func() { f.answers["SetPresence"] = answer })
			require.Equal(t, refused, r.server.SetPresence(t.Context(), guidA, pbx.Presence{}) != nil, answer)
		}
	})
}

func TestRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master")
		f.answers["GetNodeInfo"] = `"name":"root","prefix_intl":"000"`
		f.answers["GetGroups"] = `"error":3,"errorText":"unknown"`
		f.answers["GetConfigs"] = "-"
		f.connect(r)
		r.take()
		var node struct {
			Name string `json:"name"`
			Intl string `json:"prefix_intl"`
		}
		require.NoError(t, r.server.Request(t.Context(), "master", "PbxApi", "GetNodeInfo", map[string]any{"q": "<&>"}, &node))
		require.Equal(t, []string{"root", "000"}, []string{node.Name, node.Intl})
		require.Equal(t, "<&>", f.requests("GetNodeInfo")[0]["q"])
		require.NoError(t, r.server.Request(t.Context(), "master", "PbxApi", "GetNodeInfo", struct{}{}, nil))

		var refused *pbx.ReplyError
		require.ErrorAs(t, r.server.Request(t.Context(), "master", "PbxAdminApi", "GetGroups", nil, nil), &refused)
		require.Equal(t, "3", refused.Code)
		require.ErrorIs(t, r.server.Request(t.Context(), "master", "PbxAdminApi", "GetConfigs", nil, nil), pbx.ErrTimeout)
		require.ErrorIs(t, r.server.Request(t.Context(), "slave", "PbxApi", "GetNodeInfo", nil, nil), pbx.ErrNotConnected)
		err := r.server.Request(t.Context(), "master", "Services", "SubscribeServices", nil, nil)
		require.ErrorIs(t, err, pbx.ErrRefused)
		require.Contains(t, presence.Advice(err), "Services")
		for _, params := range []any{7, "x", []int{1}, func() {}, json.RawMessage(`nonsense`)} {
			require.Error(t, r.server.Request(t.Context(), "master", "PbxApi", "GetNodeInfo", params, nil))
		}

		f.send(`{"api":"PbxApi","mt":"NodeInfo","src":"7","x":1}`)
		told := r.take()
		require.Equal(t, []string{"other"}, kinds(told))
		other := told[0].(pbx.Indication)
		require.Equal(t, []string{"master", "PbxApi", "NodeInfo", "7"}, []string{other.PBX, other.API, other.Name, other.Src})
		require.Contains(t, string(other.Body), `"x":1`)
	})
}
