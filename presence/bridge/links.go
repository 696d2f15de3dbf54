package bridge

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
)

// RulesChanged takes that [Options.Rules] gives other rules than before. What each side shows by
// then stays until somebody changes it; only a call that is carried no more is taken back.
func (b *Bridge) RulesChanged() { b.wakeMatch() }

// match brings the links in line with the lists, once both are complete.
func (b *Bridge) match() {
	b.mu.Lock()
	if b.people == nil || !b.synced {
		b.mu.Unlock()
		return
	}
	people, users := b.people, slices.SortedFunc(maps.Values(b.users), byGUID)
	b.mu.Unlock()
	report := b.o.Matcher.Match(people, users)

	b.o.Watch(b.link(report))
}

// link makes links of what was matched, and returns whom to look at.
func (b *Bridge) link(report match.Report) (watch []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.report = report
	for _, r := range b.records {
		b.add(&link{
			teams: r.Teams, guid: r.PBX, name: b.users[r.PBX].Name, goal: presence.TakeBack,
			record: r, memory: memoryOf(r), stored: memoryOf(r), wanted: presence.Rules{}.WithDefaults(),
		})
	}
	b.records = nil // they are links now
	b.apply(report.Matched)
	b.checkIdle()
	// What was seen of everybody else is of no use any more.
	maps.DeleteFunc(b.teams, func(id string, _ *seen[presence.TeamsSeen]) bool { return b.links[id] == nil })
	return slices.Sorted(maps.Keys(b.links))
}

func byGUID(a, c match.PBXUser) int { return strings.Compare(a.GUID, c.GUID) }

// apply links the matched pairs and lets go of every other link.
func (b *Bridge) apply(pairs []match.Pair) {
	wanted := make(map[string]match.Pair, len(pairs))
	if b.goal != presence.TakeBack {
		for _, p := range pairs {
			wanted[p.Teams.ID] = p
		}
	}
	for id, l := range b.links {
		goal, rules, by := presence.TakeBack, l.wanted, ""
		if p, ok := wanted[id]; ok && p.PBX.GUID == l.guid {
			goal, rules, by = presence.Sync, b.o.Rules(p).WithDefaults(), p.Rule
			l.name = p.PBX.Name
		}
		delete(wanted, id) // a person matched with another user waits until the old link is gone
		switch {
		case l.goal != goal || !l.begun:
			b.o.Logger.Info("link changes", "teams_id", id, "pbx_guid", l.guid, "linked", goal == presence.Sync)
			l.timeline.link(linked(goal, rules.Direction, by), time.Now())
		case !l.wanted.Equal(rules):
			b.o.Logger.Debug("link has other rules", "teams_id", id, "pbx_guid", l.guid, "direction", rules.Direction)
			l.timeline.link("other rules, direction "+string(rules.Direction), time.Now())
		default:
			continue
		}
		l.goal, l.wanted, l.begun = goal, rules, true
		b.wake(l)
	}
	for id, p := range wanted {
		if b.byGUID[p.PBX.GUID] != nil {
			continue // the user waits until the link with the other person is gone
		}
		l := &link{teams: id, guid: p.PBX.GUID, name: p.PBX.Name, wanted: b.o.Rules(p).WithDefaults(), begun: true}
		b.add(l)
		l.timeline.link(linked(l.goal, l.wanted.Direction, p.Rule), time.Now())
		b.o.Logger.Info("link begins", "teams_id", id, "pbx_guid", l.guid, "pbx_user", l.name, "rule", p.Rule)
		b.wake(l)
	}
}

// linked says what a link is for.
func linked(goal presence.Goal, direction presence.Direction, rule string) string {
	if goal == presence.TakeBack {
		return "the link ends, and what was written is taken back"
	}
	return fmt.Sprintf("linked by the same %s, direction %s", rule, direction)
}

// add makes l known, with what has been seen of its person so far.
func (b *Bridge) add(l *link) {
	if s := b.teams[l.teams]; s != nil {
		l.timeline.teams(s.look)
	}
	if s := b.pbx[l.guid]; s != nil {
		l.timeline.pbx(s.look)
	}
	b.links[l.teams] = l
	b.byGUID[l.guid] = l
}

// remove forgets a link of which nothing is left. Who waited for it is matched again.
func (b *Bridge) remove(l *link) {
	delete(b.links, l.teams)
	if b.byGUID[l.guid] == l {
		delete(b.byGUID, l.guid)
	}
	b.o.Logger.Info("link ends", "teams_id", l.teams, "pbx_guid", l.guid)
	b.wakeMatch()
}

func (b *Bridge) checkIdle() {
	if b.idle != nil && b.loaded && len(b.links)+len(b.records) == 0 {
		select {
		case <-b.idle:
		default:
			close(b.idle)
		}
	}
}
