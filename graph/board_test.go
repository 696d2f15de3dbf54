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
