package pbx_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/pbx/pbxtest"
	"github.com/pbx365/connector/presence"
)

// callKey is what a consumer tells calls apart by.
type callKey struct {
	connection uint64
	id         string
}

// world is what a consumer of the events knows.
type world struct {
	mu      sync.Mutex // protects following
	users   map[string]pbx.User
	seen    map[string]presence.PBXSeen
	calls   map[callKey]pbx.Call
	synced  int
	corrupt []string // events that contradict the ones before
}

func (w *world) learn(e pbx.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := e.(type) {
	case pbx.UserSeen:
		w.users[e.User.GUID] = e.User
	case pbx.UserGone:
		if _, known := w.users[e.GUID]; !known {
			w.corrupt = append(w.corrupt, "gone without having been seen: "+e.GUID)
		}
		delete(w.users, e.GUID)
	case pbx.UsersSynced:
		w.synced++
	case pbx.PresenceSeen:
		if !w.users[e.GUID].Licensed {
			w.corrupt = append(w.corrupt, "presence of an unlicensed user: "+e.GUID)
		}
		w.seen[e.GUID] = e.Seen
	case pbx.PresenceLost:
		var hidden *pbx.HiddenError
		if _, known := w.seen[e.GUID]; !known && !errors.As(e.Err, &hidden) && !errors.Is(e.Err, pbx.ErrRefused) && !errors.Is(e.Err, pbx.ErrTimeout) {
			w.corrupt = append(w.corrupt, fmt.Sprintf("lost without having been seen: %s: %v", e.GUID, e.Err))
		}
		delete(w.seen, e.GUID)
	case pbx.CallSeen:
		w.calls[callKey{e.Call.Connection, e.Call.ID}] = e.Call
	case pbx.CallEnded:
		key := callKey{e.Call.Connection, e.Call.ID}
		if _, known := w.calls[key]; !known {
			w.corrupt = append(w.corrupt, fmt.Sprintf("ended without having been seen: %+v", e.Call))
		}
		delete(w.calls, key)
	}
}

func (w *world) presence(guid string) (presence.PBXSeen, bool) {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	seen, ok := w.seen[guid]
	return seen, ok
}

// site is a server and simulated PBXs that log in to it in memory.
type site struct {
	*world
	server *pbx.Server
	system *pbxtest.System
	client *http.Client
	t      *testing.T
}

func newSite(t *testing.T, o pbx.Options) *site {
	t.Helper()
	w := &world{users: map[string]pbx.User{}, seen: map[string]presence.PBXSeen{}, calls: map[callKey]pbx.Call{}}
	o.Password, o.OnEvent = password, w.learn
	server, err := pbx.NewServer(o)
	require.NoError(t, err)
	listener := pbxtest.NewListener()
	web := &http.Server{Handler: server}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- server.Run(ctx) }()
	go func() { _ = web.Serve(listener) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
		_ = web.Close()
		require.Empty(t, w.corrupt)
	})
	return &site{world: w, server: server, system: pbxtest.NewSystem("example.com"), client: listener.Client(), t: t}
}

func (s *site) start(o pbxtest.Options) *pbxtest.PBX {
	s.t.Helper()
	o.AppURL = "http://ap.example.com/example.com/ms365/innovaphone-microsoft365"
	o.Password, o.HTTPClient = password, s.client
	p := s.system.AddPBX(o)
	pbxtest.Start(s.t, p)
	time.Sleep(settle)
	synctest.Wait()
	return p
}

func TestSimulatedPBX(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]pbxtest.Options{
		"as it is":           {},
		"fragments":          {FragmentSize: 16},
		"late results":       {ResultDelay: 300 * time.Millisecond},
		"errors as text":     {StringErrors: true},
		"CallDelete":         {CallDelete: true},
		"alien calls in RCC": {AlienCallsInRCC: true},
		"only impersonated":  {AlienCalls: pbxtest.AlienCallsImpersonated, AlienCallsInRCC: true},
		"covered contact":    {OnThePhoneHides: true},
		"pings":              {PingInterval: 700 * time.Millisecond},
		"another contact":    {OnThePhoneContact: "im:"},
		"newer build":        {Version: "14r2", Build: "1412345"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSite(t, pbx.Options{})
				user := s.system.AddUser(pbxtest.User{Name: "a", LongName: "Ä & Ö <1>", Emails: []string{"x"}, Licensed: true})
				s.start(o)
				settle := func() { time.Sleep(5 * time.Second); synctest.Wait() }
				settle()
				seen, ok := s.presence(user.GUID)
				require.True(t, ok)
				require.Equal(t, presence.PBX{}, seen.Value)
				require.Equal(t, []string{"x@example.com"}, s.users[user.GUID].Emails)
				require.Equal(t, 1, s.synced)

				require.NoError(t, s.system.SetPresence(user.GUID, "tel:", "dnd", "note"))
				settle()
				seen, _ = s.presence(user.GUID)
				require.Equal(t, presence.PBX{Activity: "dnd", Note: "note"}, seen.Value)

				call, err := s.system.StartCall(user.GUID, pbxtest.CallOptions{Incoming: true, Remote: "1"})
				require.NoError(t, err)
				settle()
				seen, _ = s.presence(user.GUID)
				require.False(t, seen.OnPhone, "it rings")
				call.Connect()
				settle()
				seen, _ = s.presence(user.GUID)
				require.True(t, seen.OnPhone && seen.Counted)
				require.Equal(t, "dnd", seen.Value.Activity, "the contact stays visible")
				call.HangUp()
				settle()
				seen, _ = s.presence(user.GUID)
				require.False(t, seen.OnPhone)

				require.NoError(t, s.server.SetPresence(t.Context(), user.GUID, presence.PBX{Activity: "away"}))
				require.Equal(t, "away", s.system.Activity(user.GUID))
				require.ErrorIs(t, s.server.SetPresence(t.Context(), user.GUID, presence.PBX{Activity: "on-the-phone"}), presence.ErrRefused)

				id, connection, err := s.server.AddAlienCall(t.Context(), user.GUID)
				require.NoError(t, err)
				require.Equal(t, seen.Connection, connection)
				require.Equal(t, 1, s.system.AlienCalls(user.GUID))
				settle()
				seen, _ = s.presence(user.GUID)
				require.False(t, seen.OnPhone, "it is our own")
				require.Equal(t, "away", seen.Value.Activity)
				require.NoError(t, s.server.DelAlienCall(t.Context(), user.GUID, id))
				require.Zero(t, s.system.AlienCalls(user.GUID))
				require.ErrorIs(t, s.server.DelAlienCall(t.Context(), user.GUID, id), presence.ErrRefused)
				settle()
				seen, _ = s.presence(user.GUID)
				require.False(t, seen.OnPhone)
				require.Zero(t, s.server.Counters().BadFrames)
				require.Empty(t, s.server.Counters().Unknown)
			})
		})
	}
}

func TestSimulatedSystem(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, pbx.Options{Master: "master"})
		here := s.system.AddUser(pbxtest.User{Name: "here", Licensed: true})
		there := s.system.AddUser(pbxtest.User{Name: "there", Home: "slave", Licensed: true})
		hidden := s.system.AddUser(pbxtest.User{Name: "hidden", Licensed: true, Hidden: true})
		poor := s.system.AddUser(pbxtest.User{Name: "poor"})
		master := s.start(pbxtest.Options{Name: "master"})
		slave := s.start(pbxtest.Options{Name: "slave", Slave: true})
		home := func(u pbxtest.User) string {
			seen, _ := s.presence(u.GUID)
			return seen.Home
		}
		require.Equal(t, []string{"master", "slave", "", ""}, []string{home(here), home(there), home(hidden), home(poor)})
		require.Len(t, s.users, 4)
		require.Equal(t, 1, s.system.Subscriptions(there.GUID), "the one on the master was taken back")
		_, _, err := s.server.AddAlienCall(t.Context(), there.GUID)
		require.NoError(t, err)
		require.Equal(t, "slave", s.system.Writes()[0].PBX)

		slave.Pause()
		require.Equal(t, "master", home(there))
		_, _, err = s.server.AddAlienCall(t.Context(), there.GUID)
		require.ErrorIs(t, err, pbx.ErrNotConnected)
		slave.Resume()
		time.Sleep(time.Minute)
		require.Equal(t, "slave", home(there))

		master.Duplicate()
		time.Sleep(time.Minute)
		require.Equal(t, "master", home(here))
		require.EqualValues(t, 1, s.server.Counters().Replaced)

		require.True(t, s.system.SetLicensed(poor.GUID, true))
		require.True(t, s.system.SetLicensed(here.GUID, false))
		require.True(t, s.system.UpdateUser(there.GUID, func(u *pbxtest.User) { u.Home = "master" }))
		time.Sleep(12 * time.Minute)
		require.Equal(t, []string{"", "master", "master"}, []string{home(here), home(there), home(poor)})
		s.system.RemoveUser(there.GUID)
		synctest.Wait()
		require.Len(t, s.users, 3)
	})
}

func TestSimulatedTroubles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, pbx.Options{})
		for i := range 300 {
			s.system.AddUser(pbxtest.User{Name: fmt.Sprintf("u%d", i), Licensed: i%3 > 0})
		}
		n := 0
		var mu sync.Mutex
		master := s.start(pbxtest.Options{Fault: func(api, mt string) pbxtest.Fault {
			mu.Lock()
			defer mu.Unlock()
			n++
			switch {
			case mt == "ReplicateStart" || mt == "Initialize" || n > 3000:
				return pbxtest.FaultNone
			case n%97 == 0:
				return pbxtest.FaultIgnore
			case n%31 == 0 && mt != "CheckAppLic":
				return pbxtest.FaultRefuse
			}
			return pbxtest.FaultNone
		}})
		for range 5 {
			time.Sleep(20 * time.Second)
			master.Drop()
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Len(t, s.users, 300)
		require.Len(t, s.seen, 200)
		for _, h := range s.server.Health() {
			require.Equal(t, presence.StateOK, h.State, "%+v", h)
		}
	})
}

func TestManyUsers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const users = 3000
		s := newSite(t, pbx.Options{})
		for i := range users {
			s.system.AddUser(pbxtest.User{Name: fmt.Sprintf("u%d", i), Licensed: true})
		}
		s.start(pbxtest.Options{})
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 1, s.synced)
		require.Len(t, s.seen, users)
	})
}
