package bridge

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/store/memstore"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func teamsLook(activity string, notified bool, at time.Time) presence.TeamsSeen {
	return presence.TeamsSeen{Value: presence.Teams{Availability: "Busy", Activity: activity}, Notified: notified, At: at}
}

func pbxLook(activity string, onPhone bool, at time.Time) presence.PBXSeen {
	return presence.PBXSeen{Value: presence.PBX{Activity: activity, Note: "private"}, OnPhone: onPhone, At: at}
}

func TestLooksThatShowTheSameTakeOneEntry(t *testing.T) {
	t.Parallel()
	var l timeline
	l.teams(teamsLook("Busy", true, noon))
	for s := range 3600 {
		at := noon.Add(time.Duration(s) * time.Second)
		l.teams(teamsLook("Busy", false, at))
		l.pbx(pbxLook("busy", false, at)) // a busy side does not tear the other apart
	}
	require.Equal(t, []Event{
		{Kind: EventSeen, Side: presence.SideTeams, By: ByNotification, At: noon, Until: noon.Add(3599 * time.Second), Times: 3601, Read: 3600, Shows: "Busy/Busy"},
		{Kind: EventSeen, Side: presence.SidePBX, By: ByPBX, At: noon, Until: noon.Add(3599 * time.Second), Times: 3600, Shows: "busy"},
	}, l.events())
	l.pbx(pbxLook("busy", true, noon))
	l.lost(noon)
	l.pbx(pbxLook("busy", true, noon))
	require.Len(t, l.events(), 5, "a call, a loss and what is seen after it are news")
}

func TestRepetitionsTakeOneEntry(t *testing.T) {
	t.Parallel()
	var l timeline
	decided := presence.Decision{
		Rules: []presence.Rule{presence.RuleTeams}, Rows: []presence.Row{{Table: "to_pbx", Key: "Busy", Value: "busy"}},
		Action: presence.SetActivity{Activity: "busy"},
	}
	again := presence.Decision{Action: decided.Action}
	l.wrote(decided, errors.New("lost 1"), noon, time.Second)
	l.wrote(again, errors.New("lost 2"), noon.Add(time.Minute), time.Second)
	l.wrote(again, errors.New("lost 3"), noon.Add(2*time.Minute), 3*time.Second)
	l.wrote(again, nil, noon.Add(3*time.Minute), time.Millisecond)
	require.Equal(t, []Event{
		{
			Kind: EventWrite, Side: presence.SidePBX, At: noon, Until: noon.Add(2 * time.Minute), Times: 3,
			Rules: decided.Rules, Rows: decided.Rows, Action: "activity busy", Took: 3 * time.Second, Error: "lost 3",
		},
		{Kind: EventWrite, Side: presence.SidePBX, At: noon.Add(3 * time.Minute), Times: 1, Action: "activity busy", Took: time.Millisecond},
	}, l.events())

	l.wrote(again, fmt.Errorf("no: %w", presence.ErrRefused), noon, 0)
	l.wrote(decided, errors.New("lost"), noon, 0)
	l.wrote(presence.Decision{Action: presence.SetActivity{Activity: "away"}}, errors.New("lost"), noon, 0)
	require.Len(t, l.events(), 5, "another outcome, cause or action is news")
	require.True(t, l.events()[1].Refused)

	l.wrote(presence.Decision{Action: presence.SetActivity{Activity: "away"}}, presence.ErrWithdrawn, noon.Add(time.Hour), 0)
	require.True(t, l.events()[5].Withdrawn, "and is no failure")
	require.Empty(t, l.events()[5].Error)

	l.link("ends", noon.Add(2*time.Hour))
	l.link("ends", noon.Add(2*time.Hour))
	l.decided(presence.Decision{}, noon)
	require.Len(t, l.events(), 7, "a decision without a rule is none")
	require.Equal(t, 2, l.events()[6].Times)
}

func TestAWriteStandsBeforeWhatItBringsAbout(t *testing.T) {
	t.Parallel()
	var l timeline
	l.pbx(pbxLook("busy", false, noon.Add(time.Second)))
	l.wrote(presence.Decision{Action: presence.SetActivity{Activity: "busy"}}, nil, noon, 2*time.Second)
	require.Equal(t, []Kind{EventWrite, EventSeen}, []Kind{l.events()[0].Kind, l.events()[1].Kind})
}

// However events come, a timeline stays within its bounds, counts each look once, and has
// the latest of everything.
func TestATimelineStaysSmall(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var l timeline
		word := rapid.OneOf(rapid.SampledFrom([]string{"Busy", "Away"}), rapid.StringN(0, 300, -1))
		for i := range rapid.IntRange(0, 100).Draw(t, "events") {
			at := noon.Add(time.Duration(i) * time.Second)
			text := word.Draw(t, "text")
			total := uint32(0)
			for _, e := range l.entries {
				total += e.times
			}
			entries := len(l.entries)
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0:
				l.teams(teamsLook(text, rapid.Bool().Draw(t, "notified"), at))
				require.Equal(t, clip("Busy/"+text), l.entry(l.teamsRun).text)
			case 1:
				on := rapid.Bool().Draw(t, "on the phone")
				l.pbx(pbxLook(text, on, at))
				require.Equal(t, clip(presence.PBX{Activity: text}.String()), l.entry(l.pbxRun).text)
				require.Equal(t, on, l.entry(l.pbxRun).deed.Value().onPhone)
			case 2:
				l.lost(at)
				require.Nil(t, l.entry(l.pbxRun))
			case 3:
				var err error
				if text != "" {
					err = errors.New(text)
				}
				l.wrote(presence.Decision{Action: presence.SetActivity{Activity: "busy"}}, err, at, time.Second)
				require.Equal(t, clip(text), l.entries[len(l.entries)-1].text)
			case 4:
				l.link(text, at)
			}
			after, texts := uint32(0), 0
			for _, e := range l.entries {
				after += e.times
				texts += len(e.text)
				require.LessOrEqual(t, len(e.text), maxText)
			}
			require.Equal(t, texts, l.texts)
			require.LessOrEqual(t, texts, maxTexts)
			require.LessOrEqual(t, len(l.entries), maxEvents)
			if len(l.entries) >= entries && entries < maxEvents {
				require.Equal(t, total+1, after)
			}
			require.Len(t, l.events(), len(l.entries))
			for side, n := range map[presence.Side]int{presence.SideTeams: l.teamsRun, presence.SidePBX: l.pbxRun} {
				if run := l.entry(n); run != nil {
					require.Equal(t, side, run.deed.Value().side)
					require.Equal(t, EventSeen, run.deed.Value().kind)
				}
			}
		}
	})
}

func TestALongTextIsCutBetweenLetters(t *testing.T) {
	t.Parallel()
	require.Equal(t, "short", clip("short"))
	cut := clip(strings.Repeat("ä", 200))
	require.Equal(t, strings.Repeat("ä", 126)+"…", cut)
	require.LessOrEqual(t, len(cut), maxText)
}

// worst fills a timeline as badly as it can be: events that have nothing in common, with
// as much text as there is room for.
func worst(person int) *timeline {
	l := &timeline{}
	for i := range maxEvents {
		at := noon.Add(time.Duration(i) * time.Minute)
		l.teams(teamsLook(fmt.Sprintf("person %d thinks of %d %s", person, i, strings.Repeat("x", 20)), false, at))
		l.wrote(presence.Decision{
			Rules: []presence.Rule{presence.RuleTeams}, Rows: []presence.Row{{Table: "to_pbx", Key: "Busy", Value: "busy"}},
			Action: presence.SetActivity{Activity: "busy"},
		}, fmt.Errorf("Graph answered 503 (request %08d-%08d-0000-0000)", person, i), at, time.Second)
	}
	return l
}

// perTimeline is the memory that one of n timelines takes, in bytes.
func perTimeline(n int, full func(int) *timeline) float64 {
	heap := func() float64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	before := heap()
	kept := make([]*timeline, n)
	for i := range kept {
		kept[i] = full(i)
	}
	after := heap()
	runtime.KeepAlive(kept)
	return (after - before) / float64(n)
}

func TestFullTimelinesAreSmall(t *testing.T) { // not parallel: it measures the heap
	size := perTimeline(2_000, worst)
	t.Logf("%.0f bytes each at worst", size)
	require.Less(t, size, 4096.0)
	require.Greater(t, size, 2048.0, "they are full")
}

// BenchmarkObservation is a look that shows nothing new, with the decision that it causes. timeline-ns is the part of the
// timeline in that, of-path the same as a ratio, and worst-bytes/link what a full one takes.
func BenchmarkObservation(b *testing.B) {
	records := memstore.New()
	br, err := New(Options{Teams: struct{ Teams }{}, PBX: struct{ PBX }{}, Store: records, Matcher: match.Default(nil)})
	require.NoError(b, err)
	ctx, stop := context.WithCancel(b.Context())
	ended := make(chan error, 1)
	linked := make(chan struct{}, 100)
	br.o.Watch = func([]string) { linked <- struct{}{} }
	go func() { ended <- br.Run(ctx) }()
	br.PBXUser(match.PBXUser{GUID: "guid", Name: "anna", LongName: "anna", Licensed: true})
	br.PBXSynced()
	br.TeamsPeople([]match.TeamsUser{{ID: "teams", DisplayName: "anna"}})
	<-linked
	br.PBXSeen("guid", pbxLook("", false, noon))

	look := presence.TeamsSeen{Value: presence.Teams{Availability: "Available", Activity: "Available"}, At: noon}
	working := func() bool {
		br.mu.Lock()
		defer br.mu.Unlock()
		return br.links["teams"].running
	}
	for b.Loop() {
		for br.TeamsSeen("teams", look); working(); {
			runtime.Gosched()
		}
	}
	path := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
	const many = 1_000_000
	var l timeline
	begin := time.Now()
	for range many {
		l.teams(look)
	}
	own := float64(time.Since(begin).Nanoseconds()) / many
	b.ReportMetric(own, "timeline-ns")
	b.ReportMetric(own/path, "of-path")
	b.ReportMetric(perTimeline(10_000, worst), "worst-bytes/link")
	stop()
	require.NoError(b, <-ended)
}
