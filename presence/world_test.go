package presence_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

// world is both systems in miniature, with one person, and the loop that keeps
// them the same.
type world struct {
	t     require.TestingT
	rules presence.Rules
	now   time.Time
	mem   presence.Memory
	goal  presence.Goal

	client       presence.Teams // the person's own Teams client; zero while signed out
	slot         presence.Teams // preferred presence
	slotUntil    time.Time
	session      presence.Teams // of the application
	sessionUntil time.Time
	sequence     int
	shown        presence.Teams

	activity   string // of the PBX contact
	onPhone    bool   // a real call
	alien      bool
	covered    bool // a call hides the contact, which has shown covers before
	covers     string
	counted    bool
	noAlien    bool
	home       string
	connection uint64

	phase                float64
	teamsSince, pbxSince time.Time
	lastTeams, lastPBX   string

	writes []string
	rulesF []presence.Rule
	wake   time.Time
	lag    bool // Teams shows old values until seen() is called with lag off
	stale  *presence.TeamsSeen
	fail   func(presence.Action) error
}

func newWorld(t require.TestingT) *world {
	return &world{
		t: t, rules: presence.Rules{}.WithDefaults(), now: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC),
		client: pair("Available/Available"), counted: true, home: "master", connection: 1,
	}
}

func pair(s string) presence.Teams {
	availability, activity, _ := strings.Cut(s, "/")
	return presence.Teams{Availability: availability, Activity: activity}
}

// strength orders sessions as Graph does.
func strength(t presence.Teams) int {
	return map[string]int{"DoNotDisturb": 4, "Busy": 3, "Available": 2, "Away": 1, "BeRightBack": 1}[t.Availability]
}

// teams aggregates what others see of the person.
func (w *world) teams() presence.Teams {
	if !w.now.Before(w.slotUntil) {
		w.slot = presence.Teams{}
	}
	if !w.now.Before(w.sessionUntil) {
		w.session = presence.Teams{}
	}
	switch {
	case w.client.IsZero() && w.session.IsZero():
		return pair("Offline/Offline")
	case !w.slot.IsZero():
		return w.slot
	case strength(w.session) > strength(w.client):
		return w.session
	}
	return w.client
}

func (w *world) seen() *presence.TeamsSeen {
	shows := w.teams()
	if shows != w.shown {
		w.shown = shows
		w.sequence++
	}
	if w.lag && w.stale != nil {
		return w.stale
	}
	w.stale = &presence.TeamsSeen{Value: shows, Sequence: fmt.Sprintf("A%09d", w.sequence), At: w.now}
	return w.stale
}

func (w *world) view() presence.View {
	teams := w.seen()
	if !w.covered {
		w.covers = w.activity
	}
	pbx := &presence.PBXSeen{
		Value: presence.PBX{Activity: w.covers}, Covered: w.covered, OnPhone: w.onPhone || w.alien && !w.counted, Counted: w.counted,
		Home: w.home, Connection: w.connection, At: w.now,
	}
	if teams.Value.String() != w.lastTeams {
		w.lastTeams, w.teamsSince = teams.Value.String(), w.now
	}
	if w.activity != w.lastPBX {
		w.lastPBX, w.pbxSince = w.activity, w.now
	}
	return presence.View{
		Now: w.now, Goal: w.goal, Phase: w.phase, Teams: teams, PBX: pbx,
		TeamsSince: w.teamsSince, PBXSince: w.pbxSince,
	}
}

// run lets a second pass, so that no write comes too soon after another, and decides.
func (w *world) run() []string {
	w.now = w.now.Add(time.Second)
	return w.decide()
}

// decide decides and acts until there is nothing to do. It returns the writes made.
func (w *world) decide() []string {
	before := len(w.writes)
	w.rulesF = nil
	for range 20 {
		d := w.rules.Merge(w.mem, w.view())
		again := w.rules.Merge(w.mem, w.view())
		require.Equal(w.t, d, again, "a decision is a function of its arguments")
		w.mem = d.Memory
		w.rulesF = append(w.rulesF, d.Rules...)
		if w.wake = d.Wake; d.Action == nil {
			return w.writes[before:]
		}
		w.mem = w.rules.Done(w.mem, d.Action, w.do(d.Action))
	}
	require.Fail(w.t, "it never comes to rest", "writes: %v", w.writes[before:])
	return nil
}

func (w *world) do(a presence.Action) presence.Outcome {
	if w.fail != nil {
		if err := w.fail(a); err != nil {
			return presence.Outcome{At: w.now, Err: err, Connection: w.connection}
		}
	}
	if a != (presence.Look{}) {
		w.writes = append(w.writes, a.String())
	}
	switch a := a.(type) {
	case presence.Look:
		w.stale = nil // a read is fresh, whatever the notifications do
	case presence.SetSession:
		w.session, w.sessionUntil = a.Value, w.now.Add(a.Lifetime)
	case presence.RenewSession:
		w.session, w.sessionUntil = a.Value, w.now.Add(a.Lifetime)
	case presence.ClearSession:
		w.session = presence.Teams{}
	case presence.SetPreferred:
		w.slot, w.slotUntil = a.Value, w.now.Add(a.Lifetime)
	case presence.ClearPreferred:
		w.slot = presence.Teams{}
	case presence.AddCall:
		if w.noAlien {
			return presence.Outcome{At: w.now, Err: fmt.Errorf("unknown operation: %w", presence.ErrRefused)}
		}
		w.alien = true
		return presence.Outcome{At: w.now, CallID: 7, Connection: w.connection}
	case presence.DelCall:
		w.alien = false
	case presence.SetActivity:
		w.activity = a.Activity
	}
	return presence.Outcome{At: w.now}
}

// advance lets time pass. The link is asked when something in Teams ran out, and
// when it had said so itself.
func (w *world) advance(d time.Duration) []string {
	before := len(w.writes)
	for end := w.now.Add(d); w.now.Before(end); w.decide() {
		next := end
		for _, t := range []time.Time{w.wake, w.slotUntil, w.sessionUntil} {
			if t.After(w.now) && t.Before(next) {
				next = t
			}
		}
		w.now = next
	}
	return w.writes[before:]
}

// told delivers a notification, which may be late, in place of the truth. A read
// ends that.
func (w *world) told(value string) []string {
	w.now = w.now.Add(time.Second)
	w.lag, w.stale = true, &presence.TeamsSeen{Value: pair(value), Notified: true, At: w.now}
	return w.decide()
}

func (w *world) choose(s string) {
	w.slot, w.slotUntil = pair(s), w.now.Add(24*time.Hour)
}

// started returns a world that has agreed on available and come to rest.
func started(t *testing.T) *world {
	t.Helper()
	w := newWorld(t)
	require.Empty(t, w.run())
	w.advance(time.Minute)
	return w
}
