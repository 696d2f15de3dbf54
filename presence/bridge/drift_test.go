package bridge_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/presence/bridge"
)

func TestDriftMeasuresWhatIsNotShownYet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		apart func(r *rig)
		wait  time.Duration
		heal  func(r *rig)
	}{
		"a write that fails": {
			func(r *rig) {
				r.pbx.failWith(func(string) error { return errLost })
				r.teams.show("teams-anna", "Busy")
			}, 10 * time.Minute, func(r *rig) { r.pbx.failWith(nil) },
		},
		"a write that takes long": {
			func(r *rig) {
				r.pbx.failWith(func(string) error { <-time.After(time.Minute); return nil })
				r.teams.show("teams-anna", "Busy")
			}, 50 * time.Second, func(*rig) {},
		},
		"a PBX that cannot be seen": {
			func(r *rig) { r.b.PBXLost("guid-anna"); r.teams.show("teams-anna", "Busy") },
			time.Hour, func(r *rig) { r.pbx.look("guid-anna") },
		},
		"a call in Teams while the PBX cannot be seen": {
			func(r *rig) { r.b.PBXLost("guid-anna"); r.teams.show("teams-anna", "InACall") },
			time.Hour, func(r *rig) { r.pbx.look("guid-anna") },
		},
		"a value that flaps": {
			func(r *rig) {
				r.teams.show("teams-anna", "Away")
				synctest.Wait()
				r.teams.show("teams-anna", "Busy")
			}, 900 * time.Millisecond, func(*rig) {},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newSides().start(t, "anna", "ben")
				defer r.stop()
				r.wait(time.Minute)
				require.Zero(t, r.b.Status().Drift.OutOfStep)
				begin := time.Now()
				c.apart(r)
				r.wait(c.wait)
				d := r.b.Status().Drift
				require.Equal(t, 1, d.OutOfStep)
				require.Equal(t, []bridge.Lag{{Name: "anna", Since: begin}}, d.People)
				require.InDelta(t, c.wait.Seconds(), d.OldestChange, 0.001)
				c.heal(r)
				r.wait(2 * time.Minute)
				d = r.b.Status().Drift
				require.Zero(t, d.OutOfStep)
				require.Empty(t, d.People)
				require.Zero(t, d.OldestChange)
			})
		})
	}
}

func TestWhoDisagreesOnPurposeIsInStep(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna", "ben")
		defer r.stop()
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Minute)
		r.pbx.show("guid-anna", "")
		r.pbx.call("guid-ben", true)
		r.wait(time.Hour)
		require.Zero(t, r.b.Status().Drift.OutOfStep)
		r.b.PBXLost("guid-anna")
		r.teams.look("teams-anna")
		r.wait(time.Minute)
		require.Zero(t, r.b.Status().Drift.OutOfStep)
		r.pbx.call("guid-ben", false)
		r.wait(time.Millisecond)
		require.Zero(t, r.b.Status().Drift.OutOfStep)
	})
}

func TestDriftNamesTwentyAndCountsAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var names []string
		for i := range 30 {
			names = append(names, fmt.Sprintf("person%02d", 29-i))
		}
		r := newSides().start(t, names...)
		defer r.stop()
		r.pbx.failWith(func(string) error { return errLost })
		for _, name := range names {
			r.teams.show("teams-"+name, "Busy")
			r.wait(time.Second)
		}
		d := r.b.Status().Drift
		require.Equal(t, 30, d.OutOfStep)
		require.Len(t, d.People, 20)
		require.Equal(t, "person29", d.People[0].Name, "who has waited longest")
		require.Equal(t, "person10", d.People[19].Name)
		require.InDelta(t, 30, d.OldestChange, 0.001)
	})
}

func TestDriftTellsHowWellEachSideIsSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna", "ben")
		defer r.stop()
		r.wait(59 * time.Second)
		r.pbx.look("guid-anna")
		r.teams.look("teams-ben")
		r.wait(time.Minute)
		d := r.b.Status().Drift
		require.Equal(t, []any{0, 120.0, "ben"}, []any{d.PBX.Unseen, d.PBX.OldestLook, d.PBX.OldestLookOf})
		require.Equal(t, []any{0, 120.0, "anna"}, []any{d.Teams.Unseen, d.Teams.OldestLook, d.Teams.OldestLookOf})
		r.b.PBXLost("guid-ben")
		d = r.b.Status().Drift
		require.Equal(t, []any{1, 60.0, "anna"}, []any{d.PBX.Unseen, d.PBX.OldestLook, d.PBX.OldestLookOf})
		r.people("anna", "ben", "cleo")
		r.wait(time.Second)
		d = r.b.Status().Drift
		require.Equal(t, []int{1, 2}, []int{d.Teams.Unseen, d.PBX.Unseen})
	})
}

// shows has the feed tell of a person, by a notification or a read.
func (r *rig) shows(user, activity string, notified bool) {
	r.b.TeamsSeen(user, presence.TeamsSeen{Value: presence.Teams{Availability: activity, Activity: activity}, Notified: notified, At: time.Now()})
}

func TestChangesFirstShownByARead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		for i, c := range []struct {
			shows    string
			notified bool
			want     uint64
		}{
			{"Busy", false, 0}, // nobody has told of anna yet
			{"Away", true, 0},
			{"Away", false, 0}, // the read that follows
			{"Busy", false, 1}, // missed
			{"Away", false, 1}, // she is told of no more
			{"Away", true, 1},
			{"DoNotDisturb", false, 2},
		} {
			r.shows("teams-anna", c.shows, c.notified)
			r.wait(time.Minute)
			require.Equal(t, c.want, r.b.Status().Drift.Repairs.FirstRead, "look %d", i)
		}
	})
}

func TestOwnReadsAreNoRepairs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.pbx.show("guid-anna", "dnd")
		r.wait(time.Minute)
		r.teams.mu.Lock()
		r.teams.shows["teams-anna"] = presence.Teams{Availability: "Away", Activity: "Away"} // nobody tells
		r.teams.mu.Unlock()
		r.shows("teams-anna", "Busy", true) // late, so the bridge looks
		r.wait(time.Minute)
		require.Contains(t, r.teams.take(), "teams-anna look")
		require.Contains(t, r.pbx.take(), "guid-anna away")
		require.Zero(t, r.b.Status().Drift.Repairs.FirstRead)
	})
}

func TestWhatALostConnectionTookIsWrittenAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.teams.show("teams-anna", "InACall")
		r.wait(time.Minute)
		require.Zero(t, r.b.Status().Drift.Repairs.WrittenAgain)
		r.pbx.connection = 2
		r.pbx.look("guid-anna")
		r.wait(time.Minute)
		require.EqualValues(t, 1, r.b.Status().Drift.Repairs.WrittenAgain)
		require.Equal(t, []string{"guid-anna alien call", "guid-anna alien call"}, r.pbx.take())
	})
}

// waitingPBX is a PBX port whose alien calls wait, unless they are withdrawn.
type waitingPBX struct {
	*fakePBX
	wait atomic.Bool
	open chan struct{}
}

func (p *waitingPBX) AddAlienCall(ctx context.Context, guid string) (int64, uint64, error) {
	if p.wait.Load() {
		select {
		case <-p.open:
		case <-presence.Wanted(ctx).Done():
			return 0, 0, presence.ErrWithdrawn
		}
	}
	return p.fakePBX.AddAlienCall(ctx, guid)
}

func TestWhatIsWrittenAgainIsCountedOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		meanwhile func(*rig)
		withdrawn uint64
		want      uint64
	}{
		"it is written":             {func(*rig) {}, 0, 1},
		"it is withdrawn":           {func(r *rig) { r.teams.show("teams-anna", "Available") }, 1, 0},
		"something else goes first": {func(r *rig) { r.pbx.call("guid-anna", true) }, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSides()
				p := &waitingPBX{fakePBX: s.pbx, open: make(chan struct{})}
				r := s.startWith(t, bridge.Options{PBX: p}, "anna")
				defer r.stop()
				r.teams.show("teams-anna", "InACall")
				r.wait(time.Minute)
				p.wait.Store(true)
				r.pbx.connection = 2
				r.pbx.look("guid-anna")
				r.wait(time.Minute)
				c.meanwhile(r)
				r.wait(time.Minute)
				close(p.open)
				r.wait(time.Minute)
				require.Equal(t, c.withdrawn, r.b.Status().Writes.Withdrawn)
				require.Equal(t, c.want, r.b.Status().Drift.Repairs.WrittenAgain)
			})
		})
	}
}

func TestStatusHasStableNames(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(bridge.Status{
		Drift:     bridge.Drift{People: []bridge.Lag{{Name: "anna"}}, Teams: bridge.Sight{OldestLookOf: "ben"}},
		Conflicts: []bridge.Conflict{{Name: "anna", Side: presence.SidePBX}},
	})
	require.NoError(t, err)
	require.JSONEq(t, `{
		"ready": false, "linked": 0, "leaving": 0, "writes": {"done": 0, "refused": 0, "failed": 0, "withdrawn": 0},
		"drift": {
			"out_of_step": 0, "people": [{"name": "anna", "since": "0001-01-01T00:00:00Z"}], "oldest_change_seconds": 0,
			"teams": {"unseen": 0, "oldest_look_seconds": 0, "oldest_look_of": "ben"}, "pbx": {"unseen": 0, "oldest_look_seconds": 0},
			"repairs": {"first_shown_by_a_read": 0, "written_again": 0}
		},
		"conflicts": [{
			"name": "anna", "side": "PBX", "ours": "", "theirs": "", "todo": "",
			"since": "0001-01-01T00:00:00Z", "until": "0001-01-01T00:00:00Z"
		}]
	}`, string(text))
}

// BenchmarkStatus asks for the state of 10,000 people who are in step, and of as many half of
// whom cannot be seen on the PBX and are not.
func BenchmarkStatus(b *testing.B) {
	for name, apart := range map[string]int{"in step": 0, "half apart": 5_000} {
		b.Run(name, func(b *testing.B) { benchmarkStatus(b, apart) })
	}
}

func benchmarkStatus(b *testing.B, apart int) {
	s := newSides()
	engine, err := bridge.New(bridge.Options{Teams: s.teams, PBX: s.pbx, Store: s.store, Matcher: match.Default(nil)})
	require.NoError(b, err)
	s.teams.set(engine)
	s.pbx.set(engine)
	ctx := b.Context()
	go func() { _ = engine.Run(ctx) }()
	var people []match.TeamsUser
	for i := range 10_000 {
		t, p := person(fmt.Sprintf("person%05d", i))
		people = append(people, t)
		engine.PBXUser(p)
	}
	engine.PBXSynced()
	engine.TeamsPeople(people)
	require.Eventually(b, func() bool { return engine.Status().Linked == len(people) }, time.Minute, time.Millisecond)
	for _, p := range people {
		s.pbx.look("guid-" + p.DisplayName)
		s.teams.look(p.ID)
	}
	require.Eventually(b, func() bool { return engine.Status().Drift.OutOfStep == 0 }, time.Minute, time.Millisecond)
	for _, p := range people[:apart] {
		engine.PBXLost("guid-" + p.DisplayName)
		s.teams.show(p.ID, "Busy")
	}
	require.Eventually(b, func() bool { return engine.Status().Drift.OutOfStep == apart }, time.Minute, time.Millisecond)
	for b.Loop() {
		engine.Status()
	}
}
