package main

import (
	"context"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/presence"
)

// reloading is a running stage whose configuration can be read again.
type reloading struct {
	*stage
	t   *testing.T
	log *lines
	r   *reloader
}

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// take returns what was logged since the last time.
func (l *lines) take() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	return l.text.String()
}

func newReloading(t *testing.T, feed string, keys map[string]any) *reloading {
	t.Helper()
	s := running(t, feed, keys, nil)
	s.until(t, func(st status) bool { return green(st.Lights) && st.Bridge.Linked == 8 })
	c, err := s.readConfig()
	require.NoError(t, err)
	log := &lines{}
	s.connector.log = slog.New(slog.NewTextHandler(log, nil))
	return &reloading{s, t, log, &reloader{service: s.connector, transport: s.tenant.Client().Transport, read: s.readConfig, inUse: c}}
}

// change writes keys into the configuration file, with what must not be there taken out.
func (s *reloading) change(keys map[string]any) {
	s.t.Helper()
	text, err := os.ReadFile(s.file)
	require.NoError(s.t, err)
	values := map[string]any{}
	require.NoError(s.t, yaml.Unmarshal(text, &values))
	maps.Copy(values, keys)
	maps.DeleteFunc(values, func(_ string, v any) bool { return v == nil })
	text, err = yaml.Marshal(values)
	require.NoError(s.t, err)
	require.NoError(s.t, os.WriteFile(s.file, text, 0o600))
}

// newKey writes a new key for notifications, and returns its file and id.
func newKey(t *testing.T) (file, id string) {
	t.Helper()
	data, err := keyOf(time.Now())
	require.NoError(t, err)
	keys, err := parseNotifyKeys(data)
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "notify.pem")
	require.NoError(t, os.WriteFile(file, data, 0o600))
	return file, keys[0].ID
}

// ids are those of the subscriptions there are.
func (s *reloading) ids() map[string]bool {
	ids := map[string]bool{}
	for _, sub := range s.tenant.Subscriptions() {
		ids[sub.ID] = true
	}
	return ids
}

// moved waits until every subscription is another one, and fits.
func (s *reloading) moved(before map[string]bool, fits func(graphtest.Subscription) bool) {
	s.t.Helper()
	require.True(s.t, s.await(s.t.Context(), func() bool {
		subs := s.tenant.Subscriptions()
		for _, sub := range subs {
			if before[sub.ID] || !fits(sub) {
				return false
			}
		}
		return len(subs) == len(before)
	}), "subscriptions: %+v", s.tenant.Subscriptions())
}

// TestRotationUnderLoad changes everything that Graph knows the webhook by, while people change
// all the time. Nobody is read but across a gap, so that a lost change would stay lost.
func TestRotationUnderLoad(t *testing.T) {
	t.Parallel()
	s := newReloading(t, "auto", map[string]any{"sweep-every": "1h", "reconcile-every": "1h"})
	require.True(t, s.await(t.Context(), func() bool { return len(s.tenant.Subscriptions()) == 3 }))
	hangup := make(chan os.Signal)
	ctx, stop := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	ended.Go(func() { s.r.run(ctx, hangup) })
	defer ended.Wait()
	defer stop()

	elsewhere := strings.Replace(s.publicURL, "127.0.0.1", "localhost", 1)
	file, id := newKey(t)
	for _, c := range []struct {
		name string
		keys map[string]any
		fits func(graphtest.Subscription) bool
	}{
		{"address", map[string]any{"public-url": elsewhere}, func(sub graphtest.Subscription) bool {
			return sub.NotificationURL == elsewhere+notifyPath
		}},
		{"secret", map[string]any{"graph-notify-secret": "another"}, func(graphtest.Subscription) bool { return true }},
		{"key", map[string]any{"graph-notify-key": file, "graph-notify-secret": nil}, func(sub graphtest.Subscription) bool {
			return !sub.Rich || sub.CertificateID == id
		}},
		{"everything", map[string]any{"public-url": s.publicURL, "graph-notify-secret": "a third", "graph-notify-key": nil}, func(sub graphtest.Subscription) bool {
			return sub.NotificationURL == s.publicURL+notifyPath && (!sub.Rich || sub.CertificateID != id)
		}},
	} {
		s.rotate(c.name, hangup, c.keys, c.fits)
	}
	counts := s.connector.webhook.Counts()
	counts.Received, counts.Lifecycle = 0, 0
	require.Equal(t, graph.Counts{}, counts)
}

// rotate changes the configuration while everybody changes, and waits for both to come to rest.
func (s *reloading) rotate(name string, hangup chan<- os.Signal, keys map[string]any, fits func(graphtest.Subscription) bool) {
	s.t.Helper()
	before, words := s.ids(), []string{"Busy/Busy busy", "Away/Away away", "DoNotDisturb/DoNotDisturb dnd", "Available/Available available", "Busy/InAMeeting meeting"}
	want := make([]string, len(s.cast.actors))
	show := func(i int) {
		pair, word, _ := strings.Cut(words[rand.IntN(len(words))], " ")
		availability, activity, _ := strings.Cut(pair, "/")
		s.tenant.Show(s.cast.actors[i].id, availability, activity)
		want[i] = word
	}
	ctx, stop := context.WithCancel(s.t.Context())
	var load sync.WaitGroup
	load.Go(func() {
		for tick := time.NewTicker(2 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
				show(rand.IntN(len(want)))
			}
		}
	})
	s.change(keys)
	hangup <- syscall.SIGHUP
	s.moved(before, fits)
	stop()
	load.Wait()
	for i, a := range s.cast.actors {
		shown := func() bool { return want[i] == "" || s.pbxShows(a) == want[i] } // whoever has changed
		require.True(s.t, s.await(s.t.Context(), shown), "%s: %s shows %s, not %s", name, a.name, s.pbxShows(a), want[i])
	}
}

func TestABadConfigurationChangesNothing(t *testing.T) {
	t.Parallel()
	s := newReloading(t, "auto", nil)
	require.True(t, s.await(t.Context(), func() bool { return len(s.tenant.Subscriptions()) == 3 }))
	good, err := os.ReadFile(s.file)
	require.NoError(t, err)
	garbage := filepath.Join(t.TempDir(), "garbage")
	require.NoError(t, os.WriteFile(garbage, []byte("no PEM"), 0o600))
	ids, keys, inUse := s.ids(), s.connector.notifyKeys.file, s.r.inUse
	for name, c := range map[string]struct {
		keys map[string]any
		want string
	}{
		"no address":       {map[string]any{"public-url": "http://elsewhere.example"}, "public-url cannot be used"},
		"misspelt":         {map[string]any{"public-ulr": "x"}, "there is no key public-ulr; did you mean public-url?"},
		"not understood":   {map[string]any{"settle": "soon"}, "settle is not understood"},
		"missing":          {map[string]any{"graph-tenant": nil}, "graph.tenant is missing"},
		"no keys":          {map[string]any{"graph-notify-key": garbage}, "graph-notify-key cannot be used: keys for notifications, " + garbage},
		"no table":         {map[string]any{"people-table": "/nowhere"}, "people-table cannot be read"},
		"no such pair":     {map[string]any{"tables-to-teams": map[string]any{"lunch": "Busy/InAMeeting"}}, "tables cannot be used"},
		"no certificate":   {map[string]any{"graph-client-secret": nil, "graph-certificate": garbage}, "graph cannot be used: certificate"},
		"no row":           {map[string]any{"tables-to-teams": map[string]any{"lunch": "Busy"}}, "tables cannot be used: to_teams, row"},
		"no TLS":           {map[string]any{"tls-key": garbage}, "tls-cert cannot be used"},
		"a secret is gone": {map[string]any{"graph-notify-secret": "file:/nowhere"}, "graph-notify-secret cannot be read: open /nowhere"},
		"a long password":  {map[string]any{"pbx-password": "much-too-long-a-password"}, "pbx cannot be used: option Password is longer"},
	} {
		keys := map[string]any{"public-url": "https://elsewhere.example", "graph-notify-secret": "another"}
		maps.Copy(keys, c.keys)
		s.change(keys)
		s.r.reload()
		log := s.log.take()
		require.Contains(t, log, "the configuration is wrong and stays as it was", name)
		require.Contains(t, log, c.want, name)
		require.Contains(t, log, "configuration "+s.file, name)
		require.NotContains(t, log, "another", name)
		require.NoError(t, os.WriteFile(s.file, good, 0o600))
	}
	require.Equal(t, inUse, s.r.inUse)
	require.Equal(t, keys, s.connector.notifyKeys.file)
	s.r.reload()
	require.NotContains(t, s.log.take(), "restart")
	s.tenant.Show(s.cast.anna.id, "Busy", "InAMeeting")
	require.True(t, s.await(t.Context(), func() bool { return s.pbxShows(s.cast.anna) == "meeting" }))
	require.Equal(t, ids, s.ids(), "nothing was made anew")
}

func TestWhatCannotChangeIsNamed(t *testing.T) {
	t.Parallel()
	s := newReloading(t, "auto", nil)
	s.r.reload()
	require.NotContains(t, s.log.take(), "restart")
	password := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(password, []byte("quite-secret"), 0o600))
	s.change(map[string]any{
		"canary": map[string]any{"every": "20s"}, "pbx-password": "file:" + password, "store": filepath.Join(t.TempDir(), "new.db"),
	})
	for range 2 {
		s.r.reload()
		log := s.log.take()
		require.Contains(t, log, `"needs a restart: store, pbx-password, canary.every"`)
		require.NotContains(t, log, "configuration read again")
		require.NotContains(t, log, "quite-secret")
	}
	c, err := s.readConfig()
	require.NoError(t, err)
	left, err := filepath.Glob(c.Store + "*")
	require.NoError(t, err)
	require.Empty(t, left, "nothing is made for what is not in use yet")
	s.tenant.Show(s.cast.anna.id, "Busy", "InAMeeting")
	require.True(t, s.await(t.Context(), func() bool { return s.pbxShows(s.cast.anna) == "meeting" }))
}

func TestAHangupHasWatchedFilesReadAtOnce(t *testing.T) {
	t.Parallel()
	s := newReloading(t, "auto", nil)
	require.True(t, s.await(t.Context(), func() bool { return len(s.tenant.Subscriptions()) == 3 }))
	file, id := newKey(t)
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	before := s.ids()
	require.NoError(t, writeFile(s.connector.notifyKeys.file, data))
	s.r.reload()
	s.moved(before, func(sub graphtest.Subscription) bool { return !sub.Rich || sub.CertificateID == id })
	writeTLS(t, s.dir, 4711, time.Now().AddDate(1, 0, 0))
	s.r.reload()
	require.EqualValues(t, 4711, s.connector.tls.loaded.Leaf.SerialNumber.Int64())
	require.NotContains(t, s.log.take(), "wrong")
}

func TestRulesChangeWithoutARestart(t *testing.T) {
	t.Parallel()
	s := newReloading(t, "sweep", nil)
	shows := func(a actor, activity, want string) {
		t.Helper()
		s.tenant.Show(a.id, "Busy", activity)
		require.True(t, s.await(t.Context(), func() bool { return s.pbxShows(a) == want }), "%s shows %s", a.name, s.pbxShows(a))
	}
	shows(s.cast.anna, "InAMeeting", "meeting")
	s.change(map[string]any{
		"settle": "20s", "tables-to-pbx": map[string]any{"InAMeeting": "busy", "Juggling": "dnd"},
		"groups": []any{
			map[string]any{"name": "phones only", "people": []string{"anna.mueller"}, "direction": "pbx-to-teams"},
			map[string]any{"name": "nobody", "people": []string{"nobody"}, "direction": "both"},
		},
	})
	s.r.reload()
	log := s.log.take()
	require.Contains(t, log, `applied="tables-to-pbx, groups, settle"`)
	require.Contains(t, log, "a row for Juggling, which Teams is not known to show")
	require.NotContains(t, log, "restart")
	require.Equal(t, []string{"nobody: nobody who is kept the same is called nobody"}, s.connector.status().People.UnusedGroups)
	s.until(t, func(status) bool {
		e, p := s.connector.explain("anna.mueller")
		return p == nil && e.Direction == presence.PBXToTeams
	})
	s.tenant.Show(s.cast.anna.id, "DoNotDisturb", "DoNotDisturb")
	shows(s.cast.ben, "InAMeeting", "busy")
	require.Equal(t, "meeting", s.pbxShows(s.cast.anna))
	s.r.reload()
	require.Contains(t, s.log.take(), "nothing has changed")

	s.change(map[string]any{"groups": []any{}, "direction": "pbx-to-teams", "tables-to-pbx": map[string]any{"InAMeeting": "bizzy"}})
	s.r.reload()
	require.Contains(t, s.log.take(), `row \"InAMeeting\": the PBX does not know \"bizzy\"`)
	shows(s.cast.ben, "Juggling", "dnd")

	s.change(map[string]any{"direction": nil, "tables-to-pbx": nil})
	s.r.reload()
	require.Contains(t, s.log.take(), `applied="tables.to_pbx, groups"`)
	s.until(t, func(status) bool {
		e, p := s.connector.explain("anna.mueller")
		return p == nil && e.Direction == presence.Both
	})
	shows(s.cast.anna, "Busy", "busy")
	shows(s.cast.ben, "InAMeeting", "meeting")
}

func TestWhatWasAppliedIsInUse(t *testing.T) {
	t.Parallel()
	s := newReloading(t, "auto", nil)
	require.True(t, s.await(t.Context(), func() bool { return len(s.tenant.Subscriptions()) == 3 }))
	before := s.ids()
	s.change(map[string]any{"graph-notify-secret": "another"})
	s.r.reload()
	require.Contains(t, s.log.take(), "applied=graph-notify-secret")
	s.moved(before, func(graphtest.Subscription) bool { return true })
	s.r.reload()
	require.Contains(t, s.log.take(), `"configuration read again: nothing has changed"`)

	before = s.ids()
	require.NoError(t, s.stopConnector())
	require.NoError(t, s.startConnector())
	s.until(t, func(st status) bool { return green(st.Lights) && green(st.More) })
	require.Equal(t, before, s.ids(), "a restart goes on with them")
}

func TestKeysThatAreReplacedStayBehind(t *testing.T) {
	t.Parallel()
	key := func(id string) graph.Key { return graph.Key{ID: id} }
	for want, c := range map[string]struct{ keys, old []graph.Key }{
		"a":     {[]graph.Key{key("a")}, nil},
		"b a":   {[]graph.Key{key("b")}, []graph.Key{key("a")}},
		"b a c": {[]graph.Key{key("b"), key("a")}, []graph.Key{key("a"), key("c")}},
	} {
		var ids []string
		for _, k := range withBehind(c.keys, c.old) {
			ids = append(ids, k.ID)
		}
		require.Equal(t, want, strings.Join(ids, " "))
	}
}

// Every setting has to be told apart: a change of it is applied, or named.
func TestEveryChangeIsSeen(t *testing.T) {
	t.Parallel()
	a, err := parse(t, goodFile)
	require.NoError(t, err)
	require.Empty(t, changes(a, a))
	for flag, want := range map[string]string{
		"--public-url=https://elsewhere.example": "public-url", "--listen=:1": "listen", "--tls-cert=x": "tls-cert", "--log-level=debug": "log-level",
		"--sweep-every=3s": "sweep-every", "--feed=sweep": "feed", "--users=presence@example.com": "users", "--people-table=x": "people-table",
		"--groups=[{people: [x], direction: both}]": "groups", "--pbx-watch-hidden": "pbx-watch-hidden", "--graph-client-secret=other": "graph-client-secret",
	} {
		b, err := parse(t, goodFile, flag)
		require.NoError(t, err)
		require.Equal(t, []string{want}, changes(a, b))
	}
}

// The program itself answers the signal. That is seen in the key it makes.
func TestTheSignalIsHeard(t *testing.T) {
	s := newReloading(t, "auto", nil)
	require.NoError(t, s.stopConnector())
	quiet := make(chan os.Signal, 1) // until the program listens, the signal would end it
	signal.Notify(quiet, syscall.SIGHUP)
	defer signal.Stop(quiet)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan int)
	go func() { ended <- run(ctx, []string{"serve", "--config", s.file, "--log-level", "error"}) }()
	file := filepath.Join(t.TempDir(), "made.pem")
	require.Eventually(t, func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.publicURL, "https://"))
		return err == nil && conn.Close() == nil
	}, time.Minute, 50*time.Millisecond, "it has read its configuration")
	s.change(map[string]any{"graph-notify-key": file})
	require.Eventually(t, func() bool {
		_, err := os.Stat(file)
		return err == nil || syscall.Kill(os.Getpid(), syscall.SIGHUP) != nil
	}, time.Minute, 50*time.Millisecond)
	require.FileExists(t, file)
	stop()
	require.Zero(t, <-ended)
}
