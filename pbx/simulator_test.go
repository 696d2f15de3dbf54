package pbx_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
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
	slow time.Duration // what it takes for each event

	mu      sync.Mutex // protects following
	users   map[string]pbx.User
	seen    map[string]presence.PBXSeen
	lost    map[string]bool
	calls   map[callKey]pbx.Call
	synced  int
	corrupt []string // events that contradict the ones before
}

func newWorld() *world {
	return &world{users: map[string]pbx.User{}, seen: map[string]presence.PBXSeen{}, lost: map[string]bool{}, calls: map[callKey]pbx.Call{}}
}

// activity is what a user shows.
func (w *world) activity(guid string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen[guid].Value.Activity
}

// people returns the users that are known.
func (w *world) people() map[string]pbx.User {
	w.mu.Lock()
	defer w.mu.Unlock()
	return maps.Clone(w.users)
}

// talks returns how many calls are seen.
func (w *world) talks() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.calls)
}

// copies returns how often all users were known.
func (w *world) copies() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.synced
}

// sees waits until nothing moves any more and returns how many users are seen.
func (w *world) sees() int {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.seen)
}

func (w *world) learn(e pbx.Event) {
	time.Sleep(w.slow)
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := e.(type) {
	case pbx.UserSeen:
		w.users[e.User.GUID] = e.User
	case pbx.UserGone:
		delete(w.lost, e.GUID)
		if _, known := w.users[e.GUID]; !known {
			w.corrupt = append(w.corrupt, "gone without having been seen: "+e.GUID)
		}
		delete(w.users, e.GUID)
	case pbx.UsersSynced:
		w.synced++
	case pbx.PresenceSeen:
		if u, known := w.users[e.GUID]; !known || !u.Licensed {
			w.corrupt = append(w.corrupt, "presence of an unlicensed user: "+e.GUID)
		}
		before, known := w.seen[e.GUID]
		if before.At = e.Seen.At; known && before == e.Seen {
			w.corrupt = append(w.corrupt, fmt.Sprintf("seen twice: %s: %+v", e.GUID, e.Seen))
		}
		w.seen[e.GUID] = e.Seen
		delete(w.lost, e.GUID)
	case pbx.PresenceLost:
		var hidden *pbx.HiddenError
		if _, known := w.seen[e.GUID]; !known && !errors.As(e.Err, &hidden) && !errors.Is(e.Err, pbx.ErrRefused) && !errors.Is(e.Err, pbx.ErrTimeout) {
			w.corrupt = append(w.corrupt, fmt.Sprintf("lost without having been seen: %s: %v", e.GUID, e.Err))
		}
		if w.lost[e.GUID] {
			w.corrupt = append(w.corrupt, fmt.Sprintf("lost twice: %s: %v", e.GUID, e.Err))
		}
		delete(w.seen, e.GUID)
		w.lost[e.GUID] = true
	case pbx.CallSeen:
		key := callKey{e.Call.Connection, e.Call.ID}
		if before, known := w.calls[key]; known && before == e.Call {
			w.corrupt = append(w.corrupt, fmt.Sprintf("call seen twice: %+v", e.Call))
		}
		w.calls[key] = e.Call
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
	w := newWorld()
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
	synctest.Wait()
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
		"as it is":                 {},
		"fragments":                {FragmentSize: 16},
		"late results":             {ResultDelay: 300 * time.Millisecond},
		"errors as text":           {StringErrors: true},
		"results without src":      {ResultsWithoutSrc: true},
		"empty columns at the end": {EndOfCopy: pbxtest.EndEmptyColumns},
		"no guid at the end":       {EndOfCopy: pbxtest.EndWithoutGUID},
		"CallDelete":               {CallDelete: true},
		"alien calls in RCC":       {AlienCallsInRCC: true},
		"only impersonated":        {AlienCalls: pbxtest.AlienCallsImpersonated, AlienCallsInRCC: true},
		"covered contact":          {OnThePhoneHides: true},
		"pings":                    {PingInterval: 700 * time.Millisecond},
		"another contact":          {OnThePhoneContact: "im:"},
		"newer build":              {Version: "14r2", Build: "1412345"},
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
				require.Equal(t, []string{"x@example.com"}, s.people()[user.GUID].Emails)
				require.Equal(t, 1, s.copies())

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
				require.Equal(t, "dnd", seen.Value.Activity, "the contact stays visible, or what it held")
				require.Equal(t, o.OnThePhoneHides, seen.Covered)
				require.NoError(t, s.system.SetPresence(user.GUID, "tel:", "meeting", "note"))
				settle()
				seen, _ = s.presence(user.GUID)
				require.Equal(t, !o.OnThePhoneHides, seen.Value.Activity == "meeting")
				call.HangUp()
				settle()
				seen, _ = s.presence(user.GUID)
				require.False(t, seen.OnPhone || seen.Covered)
				require.Equal(t, "meeting", seen.Value.Activity)

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
		require.Len(t, s.people(), 4)
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
		require.Len(t, s.people(), 3)
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
			case mt == "ReplicateStart" || mt == "Initialize" || n > 1500:
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
		require.Len(t, s.people(), 300)
		require.Equal(t, 200, s.sees())
		for _, h := range s.server.Health() {
			require.Equal(t, presence.StateOK, h.State, "%+v", h)
		}
	})
}

// While one connection takes over from another, nobody goes out of sight, however slow it is.
func TestNobodyIsLostWhenALargeConnectionIsReplaced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const users = 1000
		s := newSite(t, pbx.Options{})
		for i := range users {
			s.system.AddUser(pbxtest.User{Name: fmt.Sprintf("u%d", i), Licensed: true})
		}
		p := s.start(pbxtest.Options{ResultDelay: time.Second})
		time.Sleep(20 * time.Minute)
		require.Equal(t, users, s.sees())
		p.Duplicate()
		for range 60 {
			time.Sleep(10 * time.Second)
			require.Equal(t, users, s.sees())
		}
		require.EqualValues(t, 1, s.server.Counters().Replaced)
	})
}

func TestManyUsers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const users = 20_000
		s := newSite(t, pbx.Options{})
		for i := range users {
			s.system.AddUser(pbxtest.User{Name: fmt.Sprintf("u%d", i), Licensed: true})
		}
		p := s.start(pbxtest.Options{})
		time.Sleep(time.Minute)
		require.Equal(t, users, s.sees())
		p.Drop()
		time.Sleep(time.Minute)
		require.Equal(t, users, s.sees())
		require.Zero(t, s.server.Counters().Timeouts)
	})
}

// A page of the simulator, whose cryptography is its own.
func TestSimulatedPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSite(t, pbx.Options{Apps: []string{"adminapp"}, OnPage: func(ctx context.Context, p *pbx.Page) {
			_ = p.Send(ctx, map[string]any{
				"mt": "Hello", "name": p.Visitor.Name, "app": p.Visitor.App,
				"secret": p.Visitor.Key.Encrypt("seed", "a secret"), "hash": p.Visitor.Key.Hash("seed", "a secret"),
			})
			<-ctx.Done()
		}})
		user := s.system.AddUser(pbxtest.User{Name: "ada", LongName: "Ada & <Löve>", Licensed: true})
		master := s.start(pbxtest.Options{})
		for _, o := range []pbxtest.BrowserOptions{{User: user.GUID}, {User: user.GUID, WithoutInfo: true}, {App: "adminapp"}} {
			page := master.Browser(o)
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- page.Run(ctx) }()
			m, err := page.Receive(t.Context())
			require.NoError(t, err)
			var hello struct{ Name, App, Secret, Hash string }
			require.NoError(t, json.Unmarshal(m, &hello))
			secret, err := page.Decrypt("seed", hello.Secret)
			require.NoError(t, err)
			require.Equal(t, "a secret", secret)
			require.Equal(t, page.Hash("seed", secret), hello.Hash)
			require.Equal(t, o.User == "", hello.App == "adminapp" && hello.Name == "adminapp")
			ok, err := page.CheckLogin(t.Context())
			require.NoError(t, err)
			require.True(t, ok)
			cancel()
			require.NoError(t, <-ended)
		}
		require.EqualValues(t, 3, s.server.Counters().UserLogins)
	})
}
