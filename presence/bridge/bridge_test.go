package bridge_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
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

func TestAChangeCrossesOnceAndItsEchoIsNone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Hour)
		require.Equal(t, []string{"guid-anna busy"}, r.pbx.take())
		require.Empty(t, r.teams.take())
		r.pbx.show("guid-anna", "dnd")
		r.wait(time.Hour)
		require.Equal(t, []string{"teams-anna preferred DoNotDisturb/DoNotDisturb for 24h0m0s"}, r.teams.take())
		require.Empty(t, r.pbx.take())
	})
}

func TestTheNoteOfAPersonStays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSides()
		s.pbx.notes["guid-anna"] = "home office"
		r := s.start(t, "anna")
		defer r.stop()
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Minute)
		require.Equal(t, "home office", s.pbx.notes["guid-anna"])
	})
}

func TestAWriteIsStoredBeforeItIsMade(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		var stored store.Link
		r.pbx.failWith(func(string) error {
			stored = r.link("anna")
			return nil
		})
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Minute)
		require.Equal(t, "busy", stored.ToPBX.Activity)
		require.Equal(t, string(presence.Pending), stored.ToPBX.State)
		require.Equal(t, string(presence.Stands), r.link("anna").ToPBX.State)
	})
}

func TestNothingIsWrittenWhileTheStoreFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := &brokenStore{Store: memstore.New()}
		s := newSides()
		r := s.startWith(t, bridge.Options{Store: broken}, "anna")
		defer r.stop()
		broken.failing.Store(true)
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Minute)
		require.Empty(t, r.pbx.take())
		require.Equal(t, presence.StateFailed, r.b.Health()[0].State)
		broken.failing.Store(false)
		r.wait(time.Minute)
		require.Equal(t, []string{"guid-anna busy"}, r.pbx.take())
		require.Equal(t, presence.StateOK, r.b.Health()[0].State)
	})
}

type brokenStore struct {
	store.Store
	failing atomic.Bool
	keeping atomic.Bool // deletes nothing
}

func (s *brokenStore) DeleteLink(ctx context.Context, teams string, revision int64) error {
	if s.keeping.Load() {
		return errLost
	}
	return s.Store.DeleteLink(ctx, teams, revision)
}

// A link of which nothing is left ends when the store lets it.
func TestALinkEndsWhenTheStoreWorksAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSides()
		broken := &brokenStore{Store: s.store}
		r := s.startWith(t, bridge.Options{Store: broken}, "anna")
		defer r.stop()
		broken.keeping.Store(true)
		r.people()
		r.wait(time.Minute)
		require.Equal(t, 1, r.b.Status().Leaving)
		broken.keeping.Store(false)
		r.wait(2 * time.Second)
		require.Zero(t, r.b.Status().Leaving)
	})
}

// The note of a person goes along also where the PBX has gone out of sight.
func TestWhatIsTakenBackUnseenKeepsTheNote(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSides()
		s.pbx.notes["guid-anna"] = "back at ten"
		r := s.start(t, "anna")
		defer r.stop()
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Minute)
		r.b.PBXLost("guid-anna")
		_, anna := person("anna")
		anna.Licensed = false
		r.b.PBXUser(anna)
		r.wait(time.Minute)
		require.Equal(t, []string{"guid-anna busy", "guid-anna available"}, r.pbx.take())
		require.Equal(t, "back at ten", r.pbx.notes["guid-anna"])
	})
}

func (s *brokenStore) PutLink(ctx context.Context, l store.Link) (store.Link, error) {
	if s.failing.Load() {
		return store.Link{}, errLost
	}
	return s.Store.PutLink(ctx, l)
}

func TestManyChangesDuringASlowWriteCoalesce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna", "ben")
		defer r.stop()
		blocked := make(chan struct{})
		r.pbx.failWith(func(write string) error {
			if strings.HasPrefix(write, "guid-anna") {
				<-blocked
			}
			return nil
		})
		r.teams.show("teams-anna", "Busy")
		synctest.Wait()
		for range 20 {
			r.teams.show("teams-anna", "DoNotDisturb")
			r.teams.show("teams-anna", "Away")
		}
		r.teams.show("teams-ben", "Busy")
		synctest.Wait()
		require.Equal(t, []string{"guid-anna busy", "guid-ben busy"}, r.pbx.take(), "a slow person holds up nobody else")
		close(blocked)
		r.wait(time.Hour)
		require.Equal(t, []string{"guid-anna away"}, r.pbx.take(), "one write for all that came meanwhile")
	})
}

func TestAFailedWriteIsRepeatedAndTheOtherSideGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.pbx.failWith(func(string) error { return errLost })
		r.teams.show("teams-anna", "Busy")
		r.wait(10 * time.Second)
		tries := len(r.pbx.take())
		require.Greater(t, tries, 1)
		require.Less(t, tries, 12, "the delay grows")
		require.Equal(t, "anna", r.b.Status().Failing[0].Name)
		r.pbx.call("guid-anna", true)
		r.wait(time.Second)
		require.Contains(t, r.teams.take(), "teams-anna session Busy/InACall for 10m0s")
		r.pbx.failWith(nil)
		r.wait(2 * time.Minute)
		require.Contains(t, r.pbx.take(), "guid-anna busy")
		require.Empty(t, r.b.Status().Failing)
	})
}

func TestAReconnectEndsTheDelay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.pbx.failWith(func(string) error { return errLost })
		r.teams.show("teams-anna", "Busy")
		r.wait(10 * time.Minute)
		r.pbx.failWith(nil)
		r.b.PBXLost("guid-anna")
		r.wait(2 * time.Minute)
		r.pbx.take()
		r.pbx.connection = 2
		r.pbx.look("guid-anna")
		synctest.Wait()
		require.Equal(t, []string{"guid-anna busy"}, r.pbx.take())
	})
}

func TestWhatIsToldAnewIsNoEcho(t *testing.T) {
	t.Parallel()
	for again, want := range map[bool][]string{false: nil, true: {"teams-anna preferred Away/Away for 168h0m0s"}} {
		synctest.Test(t, func(t *testing.T) {
			r := newSides().start(t, "anna")
			defer r.stop()
			r.wait(time.Minute)
			r.pbx.silent = true
			r.teams.show("teams-anna", "Busy")
			synctest.Wait()
			require.Equal(t, []string{"guid-anna busy"}, r.pbx.take())
			r.pbx.show("guid-anna", "away")
			r.teams.show("teams-anna", "Available")
			r.wait(2 * time.Second)
			require.Equal(t, []string{"guid-anna available"}, r.pbx.take(), "it shows away until then")
			r.teams.take()

			r.wait(2 * time.Second)
			if again {
				r.pbx.began = time.Now()
			}
			r.pbx.look("guid-anna")
			r.wait(2 * time.Second)
			require.Equal(t, want, r.teams.take())
		})
	}
}

func TestARestartAttributesWhatChangedMeanwhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSides()
		r := s.start(t, "anna", "ben")
		r.wait(time.Minute)
		r.stop()
		s.teams.show("teams-anna", "Busy")
		s.pbx.show("guid-ben", "dnd")
		r = s.start(t, "anna", "ben")
		defer r.stop()
		require.Equal(t, []string{"guid-anna busy"}, r.pbx.take())
		require.Equal(t, []string{"teams-ben preferred DoNotDisturb/DoNotDisturb for 24h0m0s"}, r.teams.take())
	})
}

func TestAStopEndsCallsAndKeepsValues(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna", "ben", "cleo")
		r.pbx.call("guid-anna", true)
		r.teams.show("teams-ben", "InACall")
		r.teams.show("teams-cleo", "Busy")
		r.wait(time.Minute)
		r.teams.take()
		r.pbx.take()
		r.stop()
		require.Equal(t, []string{"teams-anna clear session"}, r.teams.take())
		require.Equal(t, []string{"guid-ben end alien call 7"}, r.pbx.take())
		require.Equal(t, "busy", r.link("cleo").ToPBX.Activity)
	})
}

func TestALinkThatEndsLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(r *rig){
		"the licence is lost": func(r *rig) {
			_, p := anna()
			p.Licensed = false
			r.b.PBXUser(p)
			r.b.PBXLost(p.GUID)
		},
		"the person is gone from Teams": func(r *rig) { r.b.TeamsPeople(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newSides().start(t, "anna")
				defer r.stop()
				r.teams.show("teams-anna", "Busy")
				r.wait(time.Minute)
				r.pbx.call("guid-anna", true)
				r.wait(time.Minute)
				r.pbx.take()
				r.teams.take()
				end(r)
				r.wait(time.Minute)
				require.Equal(t, []string{"guid-anna available"}, r.pbx.take())
				require.Equal(t, []string{"teams-anna clear session"}, r.teams.take())
				_, err := r.store.Link(t.Context(), "teams-anna")
				require.ErrorIs(t, err, store.ErrNotFound)
				require.Zero(t, r.b.Status().Linked)
			})
		})
	}
}

func TestAUserWhoIsGoneFromThePBXIsForgottenThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Minute)
		r.pbx.take()
		r.b.PBXUserGone("guid-anna")
		r.wait(time.Minute)
		require.Empty(t, r.pbx.take())
		_, err := r.store.Link(t.Context(), "teams-anna")
		require.ErrorIs(t, err, store.ErrNotFound)
	})
}

func TestALicenceThatComesBackBeginsAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Minute)
		_, p := anna()
		p.Licensed = false
		r.b.PBXUser(p)
		r.wait(time.Minute)
		p.Licensed = true
		r.pbx.take()
		r.b.PBXUser(p)
		r.pbx.look("guid-anna")
		r.wait(time.Second)
		r.teams.look("teams-anna")
		r.wait(time.Minute)
		require.Equal(t, []string{"guid-anna busy"}, r.pbx.take())
	})
}

func TestReleaseTakesBackEverythingOfEarlierRunsToo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSides()
		r := s.start(t, "anna", "ben", "cleo")
		r.teams.show("teams-anna", "Busy")
		r.pbx.show("guid-ben", "dnd")
		r.teams.show("teams-cleo", "Away")
		r.wait(time.Minute)
		r.stop()
		r = s.start(t, "anna", "ben") // cleo has left the company
		r.b.PBXUser(match.PBXUser{GUID: "guid-cleo", Name: "cleo"})
		r.wait(time.Minute)
		require.NoError(t, r.b.Release(t.Context()))
		require.Contains(t, r.teams.take(), "teams-ben clear preferred")
		require.Contains(t, r.pbx.take(), "guid-anna available")
		r.stop()
		links, err := s.store.Links(t.Context())
		require.NoError(t, err)
		require.Empty(t, links)
		require.Empty(t, s.pbx.activity["guid-anna"])
	})
}

func TestReleaseSaysWhatIsLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Minute)
		r.pbx.failWith(func(string) error { return errLost })
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := r.b.Release(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "1 people")
	})
}

func TestReleaseOfNothingNeedsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSides()
		b, err := bridge.New(bridge.Options{Teams: s.teams, PBX: s.pbx, Store: s.store})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx) }()
		require.NoError(t, b.Release(t.Context()), "no list is needed")
		cancel()
		require.NoError(t, <-ended)
	})
}

func TestReleaseSaysWhatItWaitsFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSides()
		r := s.start(t, "anna")
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Minute)
		r.stop()
		for want, tell := range map[string]func(*bridge.Bridge){
			"people in Teams could not be listed": func(*bridge.Bridge) {},
			"no master PBX has connected":         func(b *bridge.Bridge) { b.TeamsPeople(nil) },
		} {
			b, err := bridge.New(bridge.Options{Teams: s.teams, PBX: s.pbx, Store: s.store})
			require.NoError(t, err)
			run, stop := context.WithCancel(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- b.Run(run) }()
			tell(b)
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			err = b.Release(ctx)
			require.ErrorContains(t, err, want)
			require.ErrorContains(t, err, "1 people")
			cancel()
			stop()
			require.NoError(t, <-ended)
		}
	})
}

func TestNobodyIsLinkedBeforeBothListsAreComplete(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSides()
		r := s.start(t, "anna")
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Minute)
		r.stop()
		r = s.startWith(t, bridge.Options{})
		_ = r // both lists are empty and complete: what was written is taken back
		r.wait(time.Minute)
		_, err := s.store.Link(t.Context(), "teams-anna")
		require.ErrorIs(t, err, store.ErrNotFound)
		r.stop()

		s = newSides()
		r = s.start(t, "anna")
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Minute)
		r.stop()
		b, err := bridge.New(bridge.Options{Teams: s.teams, PBX: s.pbx, Store: s.store, Matcher: match.Default(nil)})
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx) }()
		b.TeamsPeople(nil) // the PBX is not connected yet
		r.wait(time.Hour)
		require.False(t, b.Status().Ready)
		_, err = s.store.Link(t.Context(), "teams-anna")
		require.NoError(t, err, "a PBX that is not there yet is not one without users")
		cancel()
		require.NoError(t, <-ended)
	})
}

func TestUnknownValuesAreCountedAndLoggedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		r := newSides().startWith(t, bridge.Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, "anna", "ben")
		defer r.stop()
		for range 3 {
			r.teams.show("teams-anna", "Juggling")
			r.teams.show("teams-ben", "Juggling")
			r.pbx.show("guid-ben", "worship")
			r.wait(time.Second)
		}
		require.Equal(t, map[string]int{"Teams activity Juggling": 2, "PBX activity worship": 1}, r.b.Status().Unknown)
		require.Equal(t, 2, strings.Count(log.String(), "in no row"))
		require.Empty(t, r.pbx.take())
	})
}

func TestAStaleLookIsDropped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.teams.show("teams-anna", "Busy")
		late := presence.TeamsSeen{
			Value: presence.Teams{Availability: "Available", Activity: "Available"}, Sequence: "A000000000", At: time.Now(),
		}
		r.wait(time.Minute)
		r.b.TeamsSeen("teams-anna", late)
		late.At, late.Notified = time.Now(), true
		r.b.TeamsSeen("teams-anna", late)
		r.wait(time.Minute)
		require.Equal(t, []string{"guid-anna busy"}, r.pbx.take())
	})
}

func TestSequenceNumbersMayBeginAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		values := []string{"Busy", "DoNotDisturb"}
		for hour := range 24 {
			r.teams.mu.Lock()
			r.teams.sequence = 100 - 2*hour
			r.teams.mu.Unlock()
			r.teams.show("teams-anna", values[hour%2]) // told once, as a feed does
			r.wait(time.Hour)
		}
		require.Len(t, r.pbx.take(), 24, "each change crosses")
		r.teams.mu.Lock()
		r.teams.sequence = 0
		r.teams.mu.Unlock()
		r.pbx.show("guid-anna", "away")
		r.wait(time.Hour)
		r.teams.take()
		r.wait(24 * time.Hour)
		require.LessOrEqual(t, len(r.teams.take()), 1, "no look is repeated without end")
	})
}

func TestAReadThatIsOlderThanWhatWasSeenIsRepeatedLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.pbx.show("guid-anna", "dnd")
		r.wait(time.Minute)
		r.b.TeamsSeen("teams-anna", presence.TeamsSeen{
			Value: presence.Teams{Availability: "Busy", Activity: "Busy"}, Sequence: "A999999999", Notified: true, At: time.Now(),
		})
		r.wait(time.Minute)
		looks := len(r.teams.take())
		require.Greater(t, looks, 1)
		require.Less(t, looks, 15, "not in a hot loop")
	})
}

func TestTheFeedMayHoldALockOfItsOwn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSides()
		feed := make(chan struct{}, 1) // a lock that simulated time can see
		r := s.startWith(t, bridge.Options{Watch: func([]string) { feed <- struct{}{}; <-feed }}, "anna")
		defer r.stop()
		feed <- struct{}{}
		r.b.TeamsPeople(nil)
		r.wait(time.Second)                               // the matching waits for the feed
		r.b.TeamsSeen("teams-anna", presence.TeamsSeen{}) // and the feed calls in
		<-feed
	})
}

func TestARefusedReadIsRepeatedLaterAndHoldsUpNoWrite(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.teams.failWith(func(write string) error {
			if strings.HasSuffix(write, "look") {
				return presence.ErrRefused
			}
			return nil
		})
		r.pbx.show("guid-anna", "dnd")
		r.wait(time.Second)
		r.b.TeamsSeen("teams-anna", presence.TeamsSeen{
			Value: presence.Teams{Availability: "Busy", Activity: "Busy"}, Notified: true, At: time.Now(),
		})
		r.wait(time.Minute)
		looks := strings.Count(strings.Join(r.teams.take(), "\n"), "look")
		require.Greater(t, looks, 1)
		require.Less(t, looks, 15, "not in a hot loop")
		r.pbx.call("guid-anna", true)
		r.wait(time.Second)
		require.Contains(t, r.teams.take(), "teams-anna session Busy/InACall for 10m0s")
	})
}

func TestNewNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	s := newSides()
	for want, o := range map[string]bridge.Options{
		"Teams": {PBX: s.pbx, Store: s.store},
		"PBX":   {Teams: s.teams, Store: s.store},
		"Store": {Teams: s.teams, PBX: s.pbx},
	} {
		_, err := bridge.New(o)
		require.ErrorContains(t, err, want)
	}
}

func TestTwoThousandPeopleStartTogether(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSides()
		names := make([]string, 2000)
		for i := range names {
			names[i] = fmt.Sprintf("person%05d", i)
			s.teams.shows["teams-"+names[i]] = presence.Teams{Availability: "Busy", Activity: "Busy"}
		}
		r := s.start(t, names...)
		r.wait(time.Minute)
		require.Len(t, r.pbx.take(), len(names))
		require.Equal(t, len(names), r.b.Status().Linked)
		r.stop()
	})
}
