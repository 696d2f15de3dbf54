package bridge_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/presence/bridge"
	"github.com/pbx365/connector/store/memstore"
)

func (r *rig) explain(name string) bridge.Explanation {
	r.t.Helper()
	e, err := r.b.Explain(name)
	require.NoError(r.t, err)
	return e
}

// story is a timeline in short: what happened and how often.
func story(e bridge.Explanation) (lines []string) {
	for _, ev := range e.Timeline {
		line := string(ev.Kind)
		for _, part := range []any{ev.Side, ev.By, ev.Shows, ev.Rules, ev.Rows, ev.Action, ev.Error, ev.Note} {
			if text := fmt.Sprint(part); text != "" && text != "[]" {
				line += " " + text
			}
		}
		lines = append(lines, fmt.Sprintf("%s ×%d", line, ev.Times))
	}
	return lines
}

func waits(e bridge.Explanation, now time.Time) (lines []string) {
	for _, w := range e.WaitsFor {
		line := w.For
		if !w.Until.IsZero() {
			line += " in " + w.Until.Sub(now).Round(time.Second).String()
		}
		lines = append(lines, line)
	}
	return lines
}

func TestAChangeInTeamsIsExplained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.wait(time.Minute)
		r.teams.show("teams-anna", "Busy")
		for range 300 {
			r.wait(time.Second)
			r.teams.look("teams-anna")
		}
		e := r.explain("anna")
		require.Equal(t, []string{
			"seen Teams read Available/Available ×1",
			"seen PBX PBX available ×1",
			"link linked by the same name, direction both ×1",
			"seen Teams read Busy/Busy ×301",
			"seen PBX PBX busy ×1",
			"write PBX [Teams changed] [Busy → busy] activity busy ×1",
		}, story(e))
		require.Equal(t, "Busy/Busy", e.Teams.Shows)
		require.Equal(t, "busy", e.PBX.Shows)
		require.Equal(t, &bridge.AgreedPair{Teams: "Busy/Busy", PBX: "busy"}, e.Agreed)
		require.Len(t, e.Holds, 1)
		require.Empty(t, e.WaitsFor)
		require.Empty(t, e.Why)
		require.Equal(t, e.Teams.Seen, e.Timeline[3].Until)
		require.Equal(t, e.Teams.Since, e.Timeline[3].At)
	})
}

func TestAFailureIsExplained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.pbx.failWith(func(string) error { return errLost })
		r.teams.show("teams-anna", "Busy")
		r.wait(10 * time.Minute)
		tries := len(r.pbx.take())
		e := r.explain("anna")
		lines := story(e)
		require.Equal(t, fmt.Sprintf("write PBX [Teams changed] [Busy → busy] activity busy connection lost ×%d", tries), lines[len(lines)-1])
		require.Equal(t, []string{"activity busy is not written yet"}, e.Why)
		require.Equal(t, "connection lost", e.Failing.Error)
		require.False(t, e.Failing.Final)
		require.Len(t, e.WaitsFor, 1)
		require.Equal(t, "another try of a write to the PBX, after a failure", e.WaitsFor[0].For)
		wait := time.Until(e.WaitsFor[0].Until)
		require.Positive(t, wait)
		r.pbx.failWith(nil)
		r.wait(wait)
		require.Len(t, r.pbx.take(), 1, "it is tried again just then")
		e = r.explain("anna")
		require.Empty(t, e.Why)
		require.Nil(t, e.Failing)
		require.Empty(t, e.WaitsFor)
	})
}

func TestARefusalIsExplained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.teams.failWith(func(string) error { return fmt.Errorf("403: %w", presence.ErrRefused) })
		r.pbx.call("guid-anna", true)
		r.wait(time.Minute)
		e := r.explain("anna")
		last := e.Timeline[len(e.Timeline)-1]
		require.True(t, last.Refused)
		require.Equal(t, "403: refused", last.Error)
		require.Equal(t, []presence.Row{{Table: "call", Key: "on-the-phone", Value: "Busy/InACall"}}, last.Rows)
		require.True(t, e.Failing.Final)
		require.Equal(t, []string{"Graph refused the session"}, e.Why)
		require.True(t, e.PBX.OnPhone)
	})
}

func TestAnAnswerThatIsAwaitedIsExplained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		blocked := make(chan struct{})
		r.pbx.failWith(func(string) error { <-blocked; return nil })
		r.teams.show("teams-anna", "Busy")
		begun := time.Now()
		r.wait(20 * time.Second)
		e := r.explain("anna")
		require.Equal(t, []string{"the answer of PBX to activity busy, since " + begun.UTC().Format(time.TimeOnly)}, waits(e, time.Now()))
		require.Equal(t, "busy", e.Agreed.PBX, "what is remembered is that of the write")
		require.Equal(t, []string{"activity busy is not written yet"}, e.Why)
		close(blocked)
		r.wait(time.Second)
		e = r.explain("anna")
		require.Empty(t, e.WaitsFor)
		write := e.Timeline[len(e.Timeline)-2]
		require.Equal(t, 20*time.Second, write.Took)
		require.True(t, begun.Equal(write.At))
	})
}

func TestWhatIsHeldIsKnownWithTheAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r *rig
		var stages []presence.Stage
		r = newSides().startWith(t, bridge.Options{OnStep: func(bridge.Step) {
			stages = append(stages, r.explain("anna").Holds[0].Stage)
		}}, "anna")
		defer r.stop()
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Second)
		require.Equal(t, []presence.Stage{presence.Sent}, stages)
	})
}

func TestASettleTimeAndAnExpiryAreExplained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.pbx.show("guid-anna", "lunch")
		r.wait(5 * time.Second)
		require.Equal(t, []string{"preferred presence Away/Away to run out in 167h59m55s"}, waits(r.explain("anna"), time.Now()))
		r.teams.mu.Lock()
		r.teams.b = mute(t) // Teams tells nothing of the next write
		r.teams.mu.Unlock()
		r.pbx.show("guid-anna", "dnd")
		r.wait(5 * time.Second)
		e := r.explain("anna")
		require.Equal(t, []string{
			"Teams to show preferred presence DoNotDisturb/DoNotDisturb in 10s",
			"preferred presence DoNotDisturb/DoNotDisturb to run out in 23h59m55s",
		}, waits(e, time.Now()))
		require.Equal(t, []string{"preferred presence DoNotDisturb/DoNotDisturb is written, and Teams does not show it yet"}, e.Why)
		r.teams.set(r.b)
	})
}

// mute is a bridge that nobody listens to.
func mute(t *testing.T) *bridge.Bridge {
	t.Helper()
	s := newSides()
	b, err := bridge.New(bridge.Options{Teams: s.teams, PBX: s.pbx, Store: s.store})
	require.NoError(t, err)
	return b
}

func TestALostPBXIsExplained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		for range 3 {
			r.b.PBXLost("guid-anna")
			r.wait(time.Second)
		}
		e := r.explain("anna")
		require.True(t, e.PBX.Lost)
		require.Equal(t, []string{"the PBX that serves the person is not connected, or does not tell what it shows"}, e.Why)
		require.Equal(t, "lost PBX ×1", story(e)[3])
		r.pbx.look("guid-anna")
		r.wait(time.Second)
		e = r.explain("anna")
		require.False(t, e.PBX.Lost)
		require.Equal(t, "seen PBX PBX available ×1", story(e)[4])
	})
}

func TestADecisionWithoutAWriteIsExplained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.pbx.show("guid-anna", "dnd")
		r.wait(time.Minute)
		r.teams.show("teams-anna", "Offline")
		r.wait(time.Minute)
		e := r.explain("anna")
		lines := story(e)
		require.Equal(t, "decided [Teams changed nobody is at Teams; what a person set on the PBX stays] [Offline → online] ×1", lines[len(lines)-1])
	})
}

func TestABrokenStoreIsExplainedAndLeavesRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		broken := &brokenStore{Store: memstore.New()}
		r := newSides().startWith(t, bridge.Options{Store: broken}, "anna")
		defer r.stop()
		broken.failing.Store(true)
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Hour)
		e := r.explain("anna")
		lines := story(e)
		require.Equal(t, "seen Teams read Available/Available ×1", lines[0], "it did not push out what was before")
		require.Contains(t, lines[len(lines)-1], "link store the link: connection lost ×")
		require.Greater(t, e.Timeline[len(lines)-1].Times, 1000)
		require.Equal(t, "store the link: connection lost", e.Failing.Error)
	})
}

func TestNothingPrivateIsExplained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSides()
		s.pbx.notes["guid-anna"] = "at the doctor's"
		r := s.start(t, "anna")
		defer r.stop()
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Minute)
		r.pbx.show("guid-anna", "lunch")
		r.wait(time.Minute)
		require.Equal(t, "at the doctor's", s.pbx.notes["guid-anna"])
		text, err := json.Marshal(r.explain("anna"))
		require.NoError(t, err)
		require.NotContains(t, string(text), "doctor")
		require.Contains(t, string(text), "lunch")
	})
}

func TestTheNamesOfAnExplanationAreStable(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t, "anna")
		defer r.stop()
		r.pbx.show("guid-anna", "lunch")
		r.wait(time.Second)
		text, err := json.Marshal(r.explain("anna"))
		require.NoError(t, err)
		var e map[string]any
		require.NoError(t, json.Unmarshal(text, &e))
		require.Equal(t, "anna", e["name"])
		require.Equal(t, "anna@example.com", e["teams"].(map[string]any)["upn"])
		require.Equal(t, "lunch", e["pbx"].(map[string]any)["shows"])
		require.Equal(t, map[string]any{"teams": "Away/Away", "pbx": "lunch"}, e["agreed"])
		require.Equal(t, "preferred presence Away/Away", e["holds"].([]any)[0].(map[string]any)["what"])
		require.Equal(t, "preferred presence Away/Away to run out", e["waits_for"].([]any)[0].(map[string]any)["for"])
		var write map[string]any
		for _, ev := range e["timeline"].([]any) {
			if ev := ev.(map[string]any); ev["kind"] == "write" {
				write = ev
			}
		}
		require.Equal(t, map[string]any{"table": "to_teams", "key": "lunch", "value": "Away/Away for 168h"}, write["rows"].([]any)[0])
		require.Equal(t, "the PBX changed", write["rules"].([]any)[0])
		require.NotEmpty(t, write["at"])
	})
}

func TestAnybodyIsFoundByAnyName(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t)
		defer r.stop()
		r.b.PBXUser(match.PBXUser{GUID: "G1", Name: "ben", LongName: "Benoît Lefèvre", Licensed: true})
		r.b.PBXUser(match.PBXUser{GUID: "G2", Name: "jo1", LongName: "Jo", Emails: []string{"jo1@x"}, Licensed: true})
		r.b.PBXUser(match.PBXUser{GUID: "G3", Name: "jo2", LongName: "Jo", Emails: []string{"jo2@x"}, Licensed: true})
		r.b.PBXUser(match.PBXUser{GUID: "G4", Name: "ute", LongName: "Ute"})
		r.b.PBXUser(match.PBXUser{GUID: "G5", Name: "al1", LongName: "Al", Licensed: true})
		r.b.PBXUser(match.PBXUser{GUID: "G6", Name: "al2", LongName: "Al", Licensed: true})
		r.b.PBXUser(match.PBXUser{GUID: "G7", Name: "hall", LongName: "Hall", Licensed: true})
		r.b.PBXUser(match.PBXUser{GUID: "G8", Name: "jo", LongName: "Joanna", Licensed: true})
		r.b.TeamsPeople([]match.TeamsUser{
			{ID: "T1", DisplayName: "benoît lefèvre", UPN: "ben@x", Mail: "b.lefevre@x"},
			{ID: "T2", DisplayName: "Jo", UPN: "jo1@x"}, {ID: "T3", DisplayName: "Jo", UPN: "jo2@x"},
			{ID: "T4", DisplayName: "Ute", UPN: "ute@x"}, {ID: "T5", DisplayName: "Al", UPN: "al@x"},
			{ID: "T6", DisplayName: "Remote", UPN: "remote@x"}, {ID: "T8", DisplayName: "Joanna", UPN: "j@x"},
		})
		r.wait(time.Second)
		for _, name := range []string{"ben", "BEN", "g1", "BENOÎT LEFÈVRE", " benoît lefèvre ", "Ben@X", "B.Lefevre@x", "t1"} {
			require.Equal(t, "ben", r.explain(name).Name, name)
		}
		require.Equal(t, "Benoît Lefèvre", r.explain("ben").PBX.LongName)
		require.Equal(t, "jo", r.explain("Jo").Name, "the name of one person goes before the names of others")

		for name, want := range map[string]struct {
			reason bridge.Unlinked
			text   string
			todo   string
		}{
			"Ute":    {bridge.Unlicensed, "ute is not linked: the PBX user ute does not hold the licence", "licence"},
			"ute@x":  {bridge.Unlicensed, "ute is not linked", "licence"},
			"al":     {bridge.Ambiguous, "al1 is not linked: al1, al2 could be al@x: same name (al)", "table of people"},
			"AL2":    {bridge.Ambiguous, "could be al@x", "table of people"},
			"Remote": {bridge.OnlyInTeams, "no PBX user has the address or the name of remote@x", "PBX user"},
			"hall":   {bridge.OnlyOnPBX, "nobody with a Teams licence has the address or the name of the PBX user hall", "Teams licence"},
		} {
			_, err := r.b.Explain(name)
			var apart *bridge.NotLinkedError
			require.ErrorAs(t, err, &apart, name)
			require.Equal(t, want.reason, apart.Reason, name)
			require.ErrorContains(t, err, want.text)
			require.Contains(t, presence.Advice(err), want.todo)
		}
		var unknown *bridge.UnknownError
		for _, name := range []string{"nobody", "", "be"} {
			_, err := r.b.Explain(name)
			require.ErrorAs(t, err, &unknown, name)
		}
	})
}

func TestANameOfSeveralIsToldApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newSides().start(t)
		defer r.stop()
		for _, n := range []string{"jo1", "jo2"} {
			r.b.PBXUser(match.PBXUser{GUID: n, Name: n, LongName: "Jo", Emails: []string{n + "@x"}, Licensed: true})
		}
		r.b.TeamsPeople([]match.TeamsUser{{ID: "T2", DisplayName: "Jo", UPN: "jo1@x"}, {ID: "T3", DisplayName: "Jo", UPN: "jo2@x"}})
		r.wait(time.Second)
		_, err := r.b.Explain("jo")
		var several *bridge.SeveralError
		require.ErrorAs(t, err, &several)
		require.Equal(t, []string{"jo1", "jo2"}, several.People)
		require.Equal(t, "jo2", r.explain("jo2").Name)
	})
}

func TestALinkThatBeginsOrEndsIsExplained(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSides()
		b, err := bridge.New(bridge.Options{Teams: s.teams, PBX: s.pbx, Store: s.store})
		require.NoError(t, err)
		var apart *bridge.NotLinkedError
		_, err = b.Explain("anna")
		require.ErrorAs(t, err, &apart)
		require.Equal(t, bridge.Starting, apart.Reason)

		r := s.start(t, "anna")
		defer r.stop()
		r.teams.show("teams-anna", "Busy")
		r.wait(time.Minute)
		r.pbx.failWith(func(string) error { return errLost })
		_, p := anna()
		r.b.TeamsPeople([]match.TeamsUser{{ID: "teams-other", DisplayName: "anna"}})
		r.wait(time.Second)
		_, err = r.b.Explain("teams-other")
		require.ErrorAs(t, err, &apart)
		require.Equal(t, bridge.Waiting, apart.Reason)
		require.ErrorContains(t, err, "the link of anna with another person has to end first")
		e := r.explain("teams-anna")
		require.False(t, e.Linked)
		require.Contains(t, e.Why[0], "the link ends")
		require.Contains(t, strings.Join(story(e), "\n"), "link the link ends, and what was written is taken back ×1")

		r.b.TeamsPeople([]match.TeamsUser{{ID: "teams-anna", DisplayName: "new"}})
		r.b.PBXUser(match.PBXUser{GUID: "guid-new", Name: "new", LongName: "new", Licensed: true})
		r.wait(time.Second)
		for _, name := range []string{"guid-new", "teams-anna"} {
			_, err = r.b.Explain(name)
			require.ErrorAs(t, err, &apart)
			require.Equal(t, bridge.Waiting, apart.Reason, "the person is somebody else's now")
		}
		r.b.TeamsPeople([]match.TeamsUser{{ID: "teams-anna", DisplayName: "anna"}})
		p.Licensed = false
		r.b.PBXUser(p)
		r.wait(time.Second)
		e = r.explain("teams-anna")
		require.False(t, e.Linked, "it is explained while something is left")
		r.pbx.failWith(nil)
		r.wait(2 * time.Minute)
		_, err = r.b.Explain("anna")
		require.ErrorAs(t, err, &apart)
		require.Equal(t, bridge.Unlicensed, apart.Reason)
	})
}
