package pbx_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/presence"
)

func TestPing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		time.Sleep(time.Hour)
		require.False(t, f.isClosed())
		f.wire.mu.Lock()
		require.InDelta(t, 120, f.pings, 1)
		f.mute = true
		f.wire.mu.Unlock()
		r.take()
		time.Sleep(91 * time.Second)
		events := r.take()
		require.Equal(t, "down", kinds(events)[0])
		require.ErrorContains(t, events[0].(pbx.PBXDown).Err, "ping")
	})
}

func TestPeerThatDoesNotRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{Master: "master"})
		newFake("master").connect(r)
		slow := newFake("slow").connect(r)
		r.take()
		token := <-slow.reading
		t.Cleanup(func() { slow.reading <- token })
		slow.send(`{"mt":"AppInfo"}`, `{"mt":"AppInfo"}`)
		start := time.Now()
		for range 5 {
			time.Sleep(time.Second)
			require.NoError(t, r.server.SetPresence(t.Context(), guidA, presence.PBX{}), "nobody else is held up")
		}
		time.Sleep(10 * time.Second)
		events := r.take()
		require.Len(t, events, 1)
		require.Equal(t, "slow", events[0].(pbx.PBXDown).Name)
		require.ErrorIs(t, events[0].(pbx.PBXDown).Err, pbx.ErrSlow)
		require.Equal(t, 15*time.Second, time.Since(start))
	})
}

func TestFloodOfQuestions(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		w := r.dial("/")
		require.True(t, w.login(asPBX("hq")))
		w.send(`{"mt":"PbxInfo","pbx":"hq","apis":[]}`)
		r.take()
		token := <-w.reading
		go func() {
			for range 1000 {
				w.send(`{"mt":"AppInfo"}`)
			}
		}()
		synctest.Wait()
		w.reading <- token
		time.Sleep(time.Minute)
		events := r.take()
		require.Len(t, events, 1)
		require.ErrorIs(t, events[0].(pbx.PBXDown).Err, pbx.ErrSlow)
	})
}

func TestBadFramesAfterLogin(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		r.take()
		f.send(`nonsense`, `[]`, `{"mt":7}`, ``, `{"api":"PbxApi","mt":"PresenceUpdate","presence":7}`, `{"api":"PbxApi","mt":"PresenceState","up":7}`)
		f.frame(0x82, []byte{1, 2, 3})
		f.send(`{"api":"PbxApi","mt":"Future"}`, contactsOf(guidA, `[{"contact":"tel:","activity":"away"}]`))
		require.Equal(t, []string{"other", "seen"}, kinds(r.take()), "the connection goes on")
		require.EqualValues(t, 7, r.server.Counters().BadFrames)
		require.Equal(t, map[string]uint64{"Future": 1}, r.server.Counters().Unknown)
		require.Contains(t, r.log.String(), "bad frame")
		require.NotContains(t, r.log.String(), "nonsense")
	})
}

func TestManyUnknownNames(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		for i := range 150 {
			f.send(fmt.Sprintf(`{"mt":"Name%d"}`, i))
		}
		f.send(`{"mt":"Name0"}`)
		synctest.Wait()
		unknown := r.server.Counters().Unknown
		require.Len(t, unknown, 101)
		require.EqualValues(t, 50, unknown["other"])
		require.EqualValues(t, 2, unknown["Name0"])
	})
}

func TestFragmentsAndLargeFrames(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{ReadLimit: 200_000})
		f := newFake("master").connect(r)
		r.take()
		large := contactsOf(guidA, `[{"contact":"tel:","activity":"dnd","note":"`+strings.Repeat("n", 150_000)+`"}]`)
		f.frame(0x01, []byte(large[:4096]))
		f.frame(0x00, []byte(large[4096:8192]))
		f.frame(0x80, []byte(large[8192:]))
		seen := r.seen(r.take())
		require.Len(t, seen.Value.Note, 150_000)
		require.NotContains(t, r.log.String(), "nnnn")

		go f.send(strings.Repeat(" ", 300_000))
		<-f.closed
		require.Contains(t, kinds(r.take()), "down")
	})
}

func TestStopEndsConnections(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{})
		f := newFake("master").connect(r)
		guest := r.dial("/") // about to log in
		r.take()
		r.stop()
		require.True(t, f.isClosed())
		require.EqualValues(t, 1001, f.close)
		require.True(t, guest.isClosed())
		require.Zero(t, r.server.Counters().RefusedLogins)
		require.Empty(t, r.take(), "no event after Run")
		require.ErrorIs(t, r.server.Run(context.Background()), pbx.ErrStopped)
	})
}
