package bridge_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/presence/bridge"
	"github.com/pbx365/connector/store"
	"github.com/pbx365/connector/store/memstore"
)

// rig is a bridge between two fakes, in simulated time.
type rig struct {
	t     *testing.T
	b     *bridge.Bridge
	teams *fakeTeams
	pbx   *fakePBX
	store store.Store
	stop  func()
}

// sides is what outlives a restart of the connector.
type sides struct {
	teams *fakeTeams
	pbx   *fakePBX
	store store.Store
}

func newSides() sides {
	return sides{
		teams: &fakeTeams{shows: map[string]presence.Teams{}, beneath: map[string]presence.Teams{}},
		pbx:   &fakePBX{activity: map[string]string{}, notes: map[string]string{}, calls: map[string]bool{}, connection: 1},
		store: memstore.New(),
	}
}

func anna() (match.TeamsUser, match.PBXUser) { return person("anna") }

func person(name string) (match.TeamsUser, match.PBXUser) {
	return match.TeamsUser{ID: "teams-" + name, DisplayName: name, UPN: name + "@example.com"},
		match.PBXUser{GUID: "guid-" + name, Name: name, LongName: name, Licensed: true}
}

// start runs a bridge with those people between s. Everybody shows what they show.
func (s sides) start(t *testing.T, names ...string) *rig {
	t.Helper()
	return s.startWith(t, bridge.Options{}, names...)
}

func (s sides) startWith(t *testing.T, o bridge.Options, names ...string) *rig {
	t.Helper()
	o.Matcher = match.Default(nil)
	if o.PBX == nil {
		o.PBX = s.pbx
	}
	if o.Teams == nil {
		o.Teams = s.teams
	}
	if o.Store == nil {
		o.Store = s.store
	}
	b, err := bridge.New(o)
	require.NoError(t, err)
	r := &rig{t: t, b: b, teams: s.teams, pbx: s.pbx, store: s.store}
	s.teams.set(b)
	s.pbx.set(b)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	r.stop = func() {
		cancel()
		require.NoError(t, <-ended)
	}
	r.people(names...)
	for _, name := range names {
		s.teams.look("teams-" + name)
		s.pbx.look("guid-" + name)
	}
	r.wait(time.Second)
	return r
}

// people gives both lists to the bridge.
func (r *rig) people(names ...string) {
	var list []match.TeamsUser
	for _, name := range names {
		t, p := person(name)
		list = append(list, t)
		r.b.PBXUser(p)
	}
	r.b.PBXSynced()
	r.b.TeamsPeople(list)
}

// wait lets simulated time pass and everything come to rest.
func (r *rig) wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func (r *rig) link(name string) store.Link {
	r.t.Helper()
	l, err := r.store.Link(r.t.Context(), "teams-"+name)
	require.NoError(r.t, err)
	return l
}

var errLost = errors.New("connection lost")

// journal records writes, and can fail or block them.
type journal struct {
	mu     sync.Mutex
	b      *bridge.Bridge
	beside *bridge.Bridge // another connector that sees the same
	writes []string
	fail   func(write string) error
}

func (j *journal) set(b *bridge.Bridge) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.b = b
}

func (j *journal) write(format string, args ...any) error {
	text := fmt.Sprintf(format, args...)
	j.mu.Lock()
	j.writes = append(j.writes, text)
	fail := j.fail
	j.mu.Unlock()
	if fail != nil {
		return fail(text)
	}
	return nil
}

func (j *journal) failWith(f func(write string) error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fail = f
}

// take returns the writes since the last take.
func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	w := slices.Clone(j.writes)
	j.writes = nil
	return w
}

// fakeTeams shows the last write on top of what a person shows.
type fakeTeams struct {
	journal
	shows, beneath map[string]presence.Teams
	sequence       int
}

func (f *fakeTeams) show(user, value string) {
	f.mu.Lock()
	f.shows[user] = presence.Teams{Availability: value, Activity: value}
	f.beneath[user] = f.shows[user]
	f.sequence++
	f.mu.Unlock()
	f.look(user)
}

func (f *fakeTeams) put(user string, v presence.Teams, format string, args ...any) error {
	if err := f.write(format, args...); err != nil {
		return err
	}
	f.mu.Lock()
	f.shows[user] = v
	f.sequence++
	f.mu.Unlock()
	f.look(user)
	return nil
}

func (f *fakeTeams) under(user string) presence.Teams {
	f.mu.Lock()
	defer f.mu.Unlock()
	if v, ok := f.beneath[user]; ok {
		return v
	}
	return presence.Teams{Availability: "Available", Activity: "Available"}
}

func (f *fakeTeams) seen(user string) presence.TeamsSeen {
	v := f.under(user)
	f.mu.Lock()
	defer f.mu.Unlock()
	if shown, ok := f.shows[user]; ok {
		v = shown
	}
	return presence.TeamsSeen{Value: v, Sequence: fmt.Sprintf("A%09d", f.sequence), At: time.Now()}
}

func (f *fakeTeams) look(user string) {
	f.b.TeamsSeen(user, f.seen(user))
	if f.beside != nil {
		f.beside.TeamsSeen(user, f.seen(user))
	}
}

func (f *fakeTeams) SetSession(_ context.Context, user string, v presence.Teams, d time.Duration) error {
	return f.put(user, v, "%s session %s for %s", user, v, d)
}

func (f *fakeTeams) RenewSession(_ context.Context, user string, v presence.Teams, d time.Duration) error {
	return f.put(user, v, "%s renew session %s for %s", user, v, d)
}

func (f *fakeTeams) ClearSession(_ context.Context, user string) error {
	return f.put(user, f.under(user), "%s clear session", user)
}

func (f *fakeTeams) SetPreferred(_ context.Context, user string, v presence.Teams, d time.Duration) error {
	return f.put(user, v, "%s preferred %s for %s", user, v, d.Round(time.Minute))
}

func (f *fakeTeams) ClearPreferred(ctx context.Context, user string) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return f.put(user, f.under(user), "%s clear preferred", user)
}

func (f *fakeTeams) Look(_ context.Context, user string) (presence.TeamsSeen, error) {
	return f.seen(user), f.write("%s look", user)
}

type fakePBX struct {
	journal
	activity, notes map[string]string
	calls           map[string]bool
	connection      uint64
	began           time.Time
	silent          bool // what is written is not told
}

func (f *fakePBX) show(guid, activity string) {
	f.mu.Lock()
	f.activity[guid] = activity
	f.mu.Unlock()
	f.look(guid)
}

func (f *fakePBX) shown(guid string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.activity[guid]
}

func (f *fakePBX) call(guid string, on bool) {
	f.mu.Lock()
	f.calls[guid] = on
	f.mu.Unlock()
	f.look(guid)
}

func (f *fakePBX) look(guid string) {
	f.mu.Lock()
	seen := presence.PBXSeen{
		Value: presence.PBX{Activity: f.activity[guid], Note: f.notes[guid]}, OnPhone: f.calls[guid], Counted: true,
		Home: "master", Connection: f.connection, Began: f.began, At: time.Now(),
	}
	f.mu.Unlock()
	f.b.PBXSeen(guid, seen)
	if f.beside != nil {
		f.beside.PBXSeen(guid, seen)
	}
}

func (f *fakePBX) SetPresence(ctx context.Context, guid string, p presence.PBX) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := f.write("%s %s", guid, p); err != nil {
		return err
	}
	f.mu.Lock()
	f.notes[guid] = p.Note
	silent := f.silent
	f.mu.Unlock()
	if !silent {
		f.show(guid, p.Activity)
	}
	return nil
}

func (f *fakePBX) AddAlienCall(_ context.Context, guid string) (int64, uint64, error) {
	err := f.write("%s alien call", guid)
	return 7, f.connection, err
}

func (f *fakePBX) DelAlienCall(_ context.Context, guid string, id int64) error {
	return f.write("%s end alien call %d", guid, id)
}
