package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/pbx365/connector/pbx/pbxtest"
)

// chapter of a story.
type chapter struct {
	at   time.Time
	text string
}

// stories tells how it came to that.
func (c *crowd) stories(people []lost) (all []string) {
	writes, losses := writtenIn(c.tenant.Writes(), c.system.Writes()), c.system.Losses()
	c.mu.Lock()
	defer c.mu.Unlock()
	broken := interruptions(c.kills, losses)
	for _, l := range people {
		all = append(all, l.name+": "+l.why+l.story(time.Now(), writes, broken))
	}
	return all
}

// interruptions are what has kept the connector from learning of its writes.
func interruptions(kills []time.Time, losses []pbxtest.Loss) (all []chapter) {
	for _, at := range kills {
		all = append(all, chapter{at, "× the connector is killed"})
	}
	for _, l := range losses {
		all = append(all, chapter{l.Time, "× the connection of the " + l.PBX + " is lost"})
	}
	return all
}

// story tells what a person did, what was written for them around a time, and what of the
// interruptions may have had that written.
func (p *character) story(around time.Time, writes []written, broken []chapter) string {
	var lines []chapter
	for _, in := range p.inputs {
		lines = append(lines, chapter{in.at, fmt.Sprintf("%s %v%s: %v, then %v", in.act.kind, in.act.pair, in.act.word, in.before, in.after)})
	}
	for _, w := range writes {
		if w.who == p.id || w.who == p.guid {
			lines = append(lines, chapter{w.at, w.String()})
		}
	}
	inOrder := func(a, b chapter) int { return a.at.Compare(b.at) }
	slices.SortStableFunc(lines, inOrder)
	then, text := len(lines), ""
	if i := slices.IndexFunc(lines, func(l chapter) bool { return l.at.After(around) }); i >= 0 {
		then = i
	}
	lines = lines[max(0, then-12):min(len(lines), then+4)]
	for _, b := range broken {
		if b.at.After(around.Add(-learnt)) && b.at.Before(around.Add(underway)) {
			lines = append(lines, b)
		}
	}
	slices.SortStableFunc(lines, inOrder)
	for _, l := range lines {
		text += "\n    " + l.at.Format("15:04:05.000") + " " + l.text
	}
	return text
}
