package graph_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/presence"
)

// Graph may say that something has changed before it shows what.
func TestBoardLooksAgainWhereAReadDoesNotShowWhatWasAnnounced(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		p.show("aa", "Available")
		p.push.Watch([]string{"aa"})
		defer p.start()()
		pass(time.Minute)
		p.seen.take()
		reads := p.count("getPresences")
		p.deliver(p.item("aa"))
		pass(time.Second)
		require.Equal(t, 1, p.count("getPresences")-reads)
		p.show("aa", "Busy")
		pass(8 * time.Second)
		require.Empty(t, p.seen.take())
		pass(2 * time.Second)
		require.Equal(t, []string{"aa Busy"}, p.seen.take())
		pass(time.Minute)
		require.Equal(t, 2, p.count("getPresences")-reads, "and once is enough")

		p.show("aa", "Away")
		p.deliver(p.item("aa"))
		pass(time.Minute)
		require.Equal(t, []string{"aa Away"}, p.seen.take())
		require.Equal(t, 3, p.count("getPresences")-reads, "nor is it needed where the change is shown")
	})
}

// The hint is not used up by a read that fails.
func TestBoardKeepsAHintOverAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := newPushing(t, graph.PushOptions{})
		p.show("aa", "Available")
		p.push.Watch([]string{"aa"})
		defer p.start()()
		pass(time.Minute)
		p.seen.take()
		p.failing(once(http.StatusServiceUnavailable))
		p.deliver(p.item("aa"))
		pass(4 * time.Second) // it was read by now, and shows nothing yet
		p.show("aa", "Busy")
		pass(10 * time.Second)
		require.Equal(t, []string{"aa Busy"}, p.seen.take())
	})
}

func TestBoardPassesOnNothingOlderThanItKnows(t *testing.T) {
	t.Parallel()
	shows := func(activity, number string) presence.TeamsSeen {
		return presence.TeamsSeen{Value: teams(activity), Sequence: number, At: time.Now()}
	}
	synctest.Test(t, func(t *testing.T) {
		b := graph.NewBoard([]string{"aa"})
		require.Equal(t, []string{"aa"}, b.Take())
		b.Answer(shows("Available", "A3"))
		b.Notice("AA", shows("Busy", "A5"))
		require.Equal(t, "Busy", b.Shown("aa"))
		b.Notice("aa", shows("Away", "A4"))
		require.Equal(t, "Busy", b.Shown("aa"))
		pass(4 * time.Second)
		require.Equal(t, []string{"aa"}, b.Take(), "it is read instead")
		b.Answer(shows("Busy", "A5"))
		require.Equal(t, "Busy", b.Shown("aa"))

		pass(time.Minute)
		require.Empty(t, b.Take())
		b.Notice("aa", shows("Away", "A1"))
		require.Equal(t, "Busy", b.Shown("aa"))
		pass(4 * time.Second)
		require.Equal(t, []string{"aa"}, b.Take())
		b.Answer(shows("Away", "A1"))
		pass(10 * time.Second)
		require.Equal(t, []string{"aa"}, b.Take())
		b.Answer(shows("Away", "A1"))
		require.Equal(t, "Away", b.Shown("aa"), "the numbers have begun anew")
		b.Notice("aa", shows("Busy", "A2"))
		require.Equal(t, "Busy", b.Shown("aa"))
	})
}

// Whoever is read every second is doubted as long as anybody else.
func TestBoardDoubtsSmallerNumbersForItsTime(t *testing.T) {
	t.Parallel()
	shows := func(activity, number string) presence.TeamsSeen {
		return presence.TeamsSeen{Value: teams(activity), Sequence: number, At: time.Now()}
	}
	synctest.Test(t, func(t *testing.T) {
		b := graph.NewBoard([]string{"aa"})
		b.Take()
		b.Answer(shows("Busy", "A9"))
		for second := range 10 {
			pass(time.Second)
			b.Ask(1)
			require.Equal(t, []string{"aa"}, b.Take())
			b.Answer(shows("Away", "A1"))
			require.Equal(t, "Busy", b.Shown("aa"), "after %d s", second)
		}
		pass(time.Second)
		require.Equal(t, []string{"aa"}, b.Take())
		b.Answer(shows("Away", "A1"))
		require.Equal(t, "Away", b.Shown("aa"))
	})
}

// What a read shows that was under way when something may have been missed is as old as its begin.
func TestBoardTakesAReadAcrossAGapForNoEvidence(t *testing.T) {
	t.Parallel()
	shows := func(activity string) presence.TeamsSeen {
		return presence.TeamsSeen{Value: teams(activity), At: time.Now()}
	}
	for name, across := range map[string]bool{"across": true, "after": false} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := graph.NewBoard([]string{"aa"})
				b.Take()
				b.Answer(shows("Busy"))
				b.Cover(0, []string{"aa"})
				pass(time.Hour)
				b.Ask(2)
				b.Take()
				slow := shows("Busy")
				pass(5 * time.Second)
				b.Gap(0)
				pass(time.Second)
				if !across {
					slow = shows("Busy")
				}
				b.Answer(slow)
				require.NotEmpty(t, b.Take(), "it is read again because of the gap")
				b.Answer(shows("Away"))
				pass(time.Hour)
				require.NoError(t, b.Check())
				require.Equal(t, across, b.Trusted(0))
			})
		})
	}
}

// Who is due when a read ends wakes the reader, whose batch may go on for long.
func TestBoardWakesForWhoIsDueAfterItsRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := graph.NewBoard([]string{"aa"})
		b.Take()
		b.Woken()
		b.Hint("aa")
		require.False(t, b.Woken(), "it is being read")
		b.Answer(presence.TeamsSeen{Value: teams("Busy"), At: time.Now()})
		require.True(t, b.Woken())
		require.Equal(t, []string{"aa"}, b.Take())
	})
}

func TestBoardWatchesWhoeverIsNamedTwiceOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := graph.NewBoard([]string{"aa", "AA", "aa"})
		require.Equal(t, []string{"aa"}, b.Take())
		b.Answer(presence.TeamsSeen{Value: teams("Busy"), At: time.Now()})
		require.Equal(t, "Busy", b.Shown("aa"))
		b.Watch([]string{"Aa", "aa", "bb"})
		require.Equal(t, []string{"bb"}, b.Take(), "who is known is not read again")
		b.Watch(nil)
		require.NoError(t, b.Check())
		require.Zero(t, b.Size())
	})
}

// timeless is a test of which nobody asks how much time it has, which a bubble forbids.
type timeless struct{ rapid.TB }

// Whatever happens in whatever order, everybody who is watched is filed once, and is due, being
// read, or known to the reader.
func TestBoardForgetsNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(timeless{t}, func(t *rapid.T) {
			ids := []string{"a", "b", "c", "d", "e", "A", "B"}
			some := rapid.SliceOfN(rapid.SampledFrom(ids), 0, 6)
			value := rapid.SampledFrom([]string{"Available", "Busy", "InACall"})
			number := rapid.SampledFrom([]string{"", "1", "2", "3"})
			seen := func(t *rapid.T) presence.TeamsSeen {
				return presence.TeamsSeen{Value: teams(value.Draw(t, "value")), Sequence: number.Draw(t, "number"), At: time.Now()}
			}
			b := graph.NewBoard(ids[:3])
			t.Repeat(map[string]func(*rapid.T){
				"watch":  func(t *rapid.T) { b.Watch(some.Draw(t, "watched")) },
				"cover":  func(t *rapid.T) { b.Cover(rapid.IntRange(0, 1).Draw(t, "voice"), some.Draw(t, "covered")) },
				"hint":   func(t *rapid.T) { b.Hint(rapid.SampledFrom(ids).Draw(t, "who")) },
				"notice": func(t *rapid.T) { b.Notice(rapid.SampledFrom(ids).Draw(t, "who"), seen(t)) },
				"take":   func(*rapid.T) { b.Take() },
				"answer": func(t *rapid.T) { b.Answer(seen(t)) },
				"fail":   func(*rapid.T) { b.Fail() },
				"aside":  func(*rapid.T) { b.SetAside() },
				"round":  func(t *rapid.T) { b.Ask(rapid.IntRange(0, 2).Draw(t, "pace")) },
				"gap":    func(t *rapid.T) { b.Gap(rapid.IntRange(0, 1).Draw(t, "voice")) },
				"wait":   func(t *rapid.T) { pass(time.Duration(rapid.IntRange(1, 200).Draw(t, "seconds")) * time.Second) },
				"":       func(t *rapid.T) { require.NoError(t, b.Check()) },
			})
			b.Ask(2)
			require.Empty(t, b.Forgotten(), "a round is for everybody")
		})
	})
}
