package bridge_test

import (
	"bytes"
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/presence/bridge"
	"github.com/pbx365/connector/store"
)

// gate is a Teams port whose writes wait until it opens, unless they are withdrawn.
type gate struct {
	*fakeTeams
	open chan struct{} // guarded like the journal
}

// shut closes the gate again.
func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = make(chan struct{})
}

func (g *gate) pass(ctx context.Context) error {
	g.mu.Lock()
	open := g.open
	g.mu.Unlock()
	select {
	case <-open:
		return nil
	case <-presence.Wanted(ctx).Done():
		return presence.ErrWithdrawn
	}
}

func (g *gate) SetSession(ctx context.Context, user string, v presence.Teams, d time.Duration) error {
	if err := g.pass(ctx); err != nil {
		return err
	}
	return g.fakeTeams.SetSession(ctx, user, v, d)
}

func (g *gate) SetPreferred(ctx context.Context, user string, v presence.Teams, d time.Duration) error {
	if err := g.pass(ctx); err != nil {
		return err
	}
	return g.fakeTeams.SetPreferred(ctx, user, v, d)
}

// gated runs a bridge behind a gate that is closed. The steps tell what it did.
func gated(t *testing.T, o bridge.Options) (r *rig, g *gate, steps func() []string) {
	t.Helper()
	s := newSides()
	g = &gate{s.teams, make(chan struct{})}
	var all []string
	o.Teams = g
	o.OnStep = func(s bridge.Step) {
		text := s.Action.String()
		if s.Err != nil {
			text += ": " + s.Err.Error()
		}
		all = append(all, text)
	}
	return s.startWith(t, o, "anna"), g, func() []string { defer func() { all = nil }(); return all }
}

func TestAnObsoleteWriteIsWithdrawnAndWasNeverDecided(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		r, g, steps := gated(t, bridge.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		defer r.stop()
		before := r.memory()
		r.pbx.call("guid-anna", true)
		r.wait(time.Second)
		require.Equal(t, string(presence.Pending), r.link("anna").Session.State, "it may be sent at any moment")
		r.pbx.call("guid-anna", false)
		r.wait(time.Second)
		require.Equal(t, []string{"session Busy/InACall: withdrawn before it was sent"}, steps())
		require.Equal(t, before, r.memory())
		close(g.open)
		r.wait(time.Hour)
		require.Empty(t, r.teams.take())
		require.Equal(t, bridge.Counts{Withdrawn: 1}, r.b.Status().Writes)
		require.Empty(t, r.b.Status().Failing)
		require.NotContains(t, log.String(), "WARN")
	})
}

// memory is what is stored of anna, whatever the number of changes.
func (r *rig) memory() store.Link {
	l := r.link("anna")
	l.Revision = 0
	return l
}

func TestOnlyTheNewestOfManyValuesIsWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, g, steps := gated(t, bridge.Options{})
		defer r.stop()
		for _, activity := range []string{"dnd", "lunch", "busy", "dnd", "away"} {
			r.pbx.show("guid-anna", activity)
			r.wait(time.Second)
		}
		require.Len(t, steps(), 4)
		close(g.open)
		r.wait(time.Hour)
		require.Equal(t, []string{"teams-anna preferred Away/Away for 168h0m0s"}, r.teams.take())
		require.EqualValues(t, 4, r.b.Status().Writes.Withdrawn)
	})
}

// Whatever is seen meanwhile, a write that would be decided again keeps its place.
func TestAWriteThatIsStillWantedGoesOnWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, g, steps := gated(t, bridge.Options{})
		defer r.stop()
		r.pbx.show("guid-anna", "dnd")
		for range 10 {
			r.wait(time.Second)
			r.pbx.look("guid-anna")
			r.teams.look("teams-anna")
		}
		r.teams.show("teams-anna", "Available")
		r.wait(time.Second)
		require.Empty(t, steps())
		close(g.open)
		r.wait(time.Hour)
		require.Equal(t, []string{"teams-anna preferred DoNotDisturb/DoNotDisturb for 24h0m0s"}, r.teams.take())
		require.Zero(t, r.b.Status().Writes.Withdrawn)
	})
}

// Rules that change are something else to decide by.
func TestAWriteThatItsNewRulesDoNotWantIsWithdrawn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var oneWay atomic.Bool
		r, g, steps := gated(t, bridge.Options{Rules: func(match.Pair) presence.Rules {
			if oneWay.Load() {
				return presence.Rules{Direction: presence.TeamsToPBX}
			}
			return presence.Rules{}
		}})
		defer r.stop()
		r.pbx.show("guid-anna", "dnd")
		r.wait(time.Second)
		oneWay.Store(true)
		r.people("anna")
		r.wait(time.Second)
		require.Len(t, steps(), 1)
		close(g.open)
		r.wait(time.Hour)
		require.Empty(t, r.teams.take())
	})
}

// What changes between a decision and its write is not missed.
func TestAWriteThatIsObsoleteBeforeItBeginsIsWithdrawn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r *rig
		stored := &watchedStore{}
		s := newSides()
		stored.Store = s.store
		g := &gate{s.teams, make(chan struct{})}
		r = s.startWith(t, bridge.Options{Teams: g, Store: stored}, "anna")
		defer r.stop()
		stored.put = func(l store.Link) {
			if l.Session != nil {
				stored.put = nil
				r.pbx.call("guid-anna", false)
			}
		}
		r.pbx.call("guid-anna", true)
		r.wait(time.Second)
		require.EqualValues(t, 1, r.b.Status().Writes.Withdrawn)
		require.Nil(t, r.link("anna").Session)
	})
}

// watchedStore tells of a link that is about to be stored.
type watchedStore struct {
	store.Store
	put func(store.Link)
}

func (s *watchedStore) PutLink(ctx context.Context, l store.Link) (store.Link, error) {
	if s.put != nil {
		s.put(l)
	}
	return s.Store.PutLink(ctx, l)
}

// An attempt that may have arrived is taken back, although the next one was withdrawn.
func TestWithdrawingForgetsNoEarlierAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, g, _ := gated(t, bridge.Options{})
		defer r.stop()
		r.teams.failWith(func(string) error { return errLost })
		close(g.open)
		r.pbx.call("guid-anna", true)
		synctest.Wait()
		g.shut()
		r.wait(10 * time.Second)
		r.teams.failWith(nil)
		r.teams.take()
		r.pbx.call("guid-anna", false)
		r.wait(time.Minute)
		require.EqualValues(t, 1, r.b.Status().Writes.Withdrawn)
		require.Equal(t, []string{"teams-anna clear session"}, r.teams.take())
		require.Empty(t, r.b.Status().Failing)
	})
}
