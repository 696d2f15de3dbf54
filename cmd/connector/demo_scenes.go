package main

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/pbx/pbxtest"
	"github.com/pbx365/connector/presence"
)

// scene is a few steps that belong together.
type scene struct {
	title string
	steps func(*stage) []step
}

// scenes are played in this order.
var scenes = []scene{
	{"every row of the table from Teams to the PBX", rowsToPBX},
	{"every row of the table from the PBX to Teams", rowsToTeams},
	{"calls", calls},
	{"disturbances", disturbances},
	{"people", people},
	{"the end", theEnd},
}

// teamsShows and pbxShows ask the simulators.
func (s *stage) teamsShows(a actor) string {
	shown := s.tenant.Presence(a.id)
	text := shown.Pair.String()
	if set, ok := s.tenant.Preferred(a.id); ok && set.Pair == shown.Pair {
		text += " for " + days(set.Expires.Sub(set.Set))
	}
	return text
}

func days(d time.Duration) string {
	if d.Round(time.Hour) == 24*time.Hour {
		return "1 day"
	}
	if d.Round(time.Hour) == 7*24*time.Hour {
		return "7 days"
	}
	return d.Round(time.Minute).String()
}

func (s *stage) pbxShows(a actor) string {
	shown := s.system.Activity(a.guid)
	if shown == "" {
		shown = "available"
	}
	if s.system.AlienCalls(a.guid) > 0 {
		shown += " + " + presence.OnThePhone
	}
	return shown
}

// toPBX is a step that is seen on the PBX, and toTeams one that is seen in Teams.
func (s *stage) toPBX(a actor, what, want string, do func()) step {
	return step{
		who: a.name, what: what, on: onPBX, want: want, do: plain(do),
		seen: func() bool { return s.pbxShows(a) == want }, shows: func() string { return s.pbxShows(a) },
	}
}

func (s *stage) toTeams(a actor, what, want string, do func()) step {
	return step{
		who: a.name, what: what, on: onTeams, want: want, do: plain(do),
		seen: func() bool { return s.teamsShows(a) == want }, shows: func() string { return s.teamsShows(a) },
	}
}

func plain(do func()) func(context.Context) error {
	return func(context.Context) error {
		do()
		return nil
	}
}

// from is the same step, only begun after both sides show something else.
func (p step) from(s *stage, a actor, teams, pbx string, prepare func()) step {
	p.prepare = prepare
	p.ready = func() bool { return s.teamsShows(a) == teams && s.pbxShows(a) == pbx }
	return p
}

func (s *stage) show(a actor, availability, activity string) func() {
	return func() { s.tenant.Show(a.id, availability, activity) }
}

func (s *stage) set(a actor, activity string) func() {
	return func() {
		if err := s.system.SetPresence(a.guid, "tel:", activity, ""); err != nil {
			panic(err)
		}
	}
}

// availabilities go with the activities of the table, as Teams shows them.
var availabilities = map[string]string{
	"Inactive": "Available", "OffWork": "Offline", "InAMeeting": "Busy", "InACall": "Busy",
	"InAConferenceCall": "Busy", "Presenting": "DoNotDisturb", "UrgentInterruptionsOnly": "DoNotDisturb",
	"Focusing": "DoNotDisturb",
}

// expectedToPBX and expectedToTeams are the tables, once more: the demo asks what the
// documentation promises, not what the code does.
var (
	expectedToPBX = map[string]string{
		"Away": "away", "BeRightBack": "away", "OutOfOffice": "away", "Busy": "busy", "InAMeeting": "meeting",
		"DoNotDisturb": "dnd", "UrgentInterruptionsOnly": "dnd", "Focusing": "dnd",
		"Available": "available", "Inactive": "available", "PresenceUnknown": "available", "Offline": "available", "OffWork": "available",
		"InACall": "available + on-the-phone", "InAConferenceCall": "available + on-the-phone", "Presenting": "available + on-the-phone",
	}
	expectedToTeams = map[string]string{
		"away": "Away/Away for 7 days", "lunch": "Away/Away for 7 days", "breakfast": "Away/Away for 7 days",
		"dinner": "Away/Away for 7 days", "meal": "Away/Away for 7 days", "holiday": "Away/Away for 7 days",
		"vacation": "Away/Away for 7 days", "in-transit": "Away/Away for 7 days", "travel": "Away/Away for 7 days",
		"permanent-absence": "Away/Away for 7 days", "sleeping": "Away/Away for 7 days",
		"busy": "Busy/Busy for 1 day", "meeting": "Busy/Busy for 1 day", "appointment": "Busy/Busy for 1 day",
		"presentation": "Busy/Busy for 1 day", "performance": "Busy/Busy for 1 day", "working": "Busy/Busy for 1 day",
		"dnd": "DoNotDisturb/DoNotDisturb for 1 day", "": "Available/Available",
	}
)

// inTurns prepares two steps of two people together: what changes again within a second
// waits, and twice as many people wait half as often.
func inTurns(steps []step) []step {
	for i := 1; i < len(steps); i += 2 {
		a, b := &steps[i-1], &steps[i]
		prepareA, prepareB, readyA, readyB := a.prepare, b.prepare, a.ready, b.ready
		a.prepare = func() { prepareA(); prepareB() }
		a.ready = func() bool { return readyA() && readyB() }
		b.prepare, b.ready = nil, nil
	}
	return steps
}

func rowsToPBX(s *stage) (steps []step) {
	activities := slices.Sorted(maps.Keys(expectedToPBX))
	slices.Reverse(activities) // what people choose comes last, and is no change when it is cleared
	for i, activity := range activities {
		a := []actor{s.cast.anna, s.cast.ben}[i%2]
		availability := availabilities[activity]
		if availability == "" {
			availability = activity
		}
		want := expectedToPBX[activity]
		p := s.toPBX(a, "Teams shows "+availability+"/"+activity, want, s.show(a, availability, activity))
		if want == "available" {
			p = p.from(s, a, "Busy/InAMeeting", "meeting", s.show(a, "Busy", "InAMeeting"))
		} else {
			p = p.from(s, a, "Available/Available", "available", s.show(a, "Available", "Available"))
		}
		steps = append(steps, p)
	}
	return inTurns(steps)
}

func rowsToTeams(s *stage) (steps []step) {
	activities := slices.Sorted(maps.Keys(expectedToTeams))
	slices.Reverse(activities) // what clears comes last
	for i, activity := range activities {
		a := []actor{s.cast.ben, s.cast.anna}[i%2]
		want := expectedToTeams[activity]
		what := "sets " + activity + " at the phone"
		if activity == "" {
			p := s.toTeams(a, "clears dnd at the phone", want, s.set(a, ""))
			steps = append(steps, p.from(s, a, "DoNotDisturb/DoNotDisturb for 1 day", "dnd", s.set(a, "dnd")))
			continue
		}
		p := s.toTeams(a, what, want, s.set(a, activity))
		steps = append(steps, p.from(s, a, "Available/Available", "available", s.idle(a)))
	}
	return inTurns(steps)
}

// idle leaves nothing set on either side.
func (s *stage) idle(a actor) func() {
	return func() {
		s.set(a, "")()
		s.show(a, "Available", "Available")()
	}
}

func calls(s *stage) []step {
	var onMaster, onSlave *pbxtest.Call
	start := func(a actor, call **pbxtest.Call) func() {
		return func() {
			c, err := s.system.StartCall(a.guid, pbxtest.CallOptions{Incoming: true, Remote: "0049703173009"})
			if err != nil {
				panic(err)
			}
			*call = c
			c.Connect()
		}
	}
	hangUp := func(call **pbxtest.Call) func() {
		return func() {
			if *call != nil {
				(*call).HangUp()
			}
		}
	}
	anna, soren, ben, ibrahim := s.cast.anna, s.cast.soren, s.cast.ben, s.cast.ibrahim
	return []step{
		s.toTeams(anna, "answers a call on the master", "Busy/InACall", start(anna, &onMaster)).
			from(s, anna, "Available/Available", "available", s.idle(anna)),
		s.toTeams(soren, "answers a call on the slave", "Busy/InACall", start(soren, &onSlave)),
		s.toTeams(anna, "hangs up", "Available/Available", hangUp(&onMaster)),
		s.toTeams(soren, "hangs up", "Available/Available", hangUp(&onSlave)),
		s.toPBX(ibrahim, "is called in Teams (at home on the slave)", "available + on-the-phone", s.show(ibrahim, "Busy", "InACall")),
		s.toPBX(ibrahim, "ends the call in Teams", "available", s.show(ibrahim, "Available", "Available")),
		s.toTeams(ben, "answers a call while the phone says lunch", "Busy/InACall", start(ben, &onMaster)).
			from(s, ben, "Away/Away for 7 days", "lunch", s.set(ben, "lunch")),
		{
			who: ben.name, what: "hangs up; lunch comes back", on: onTeams, want: "Away/Away",
			do:    plain(hangUp(&onMaster)),
			seen:  func() bool { return strings.HasPrefix(s.teamsShows(ben), "Away/Away") && s.sessions(ben) == 1 },
			shows: func() string { return s.teamsShows(ben) },
		},
		s.toTeams(ben, "unsets lunch at the phone", "Available/Available", s.set(ben, "")),
	}
}

// sessions counts those of a person in Teams, the person's own client included.
func (s *stage) sessions(a actor) int { return len(s.tenant.Sessions(a.id)) }

func disturbances(s *stage) []step {
	anna, ben, soren, joerg := s.cast.anna, s.cast.ben, s.cast.soren, s.cast.joerg
	agree := func() bool {
		teams, pbx := s.tenant.Presence(anna.id).Activity, s.pbxShows(anna)
		return teams == "Busy" && pbx == "busy" || teams == "DoNotDisturb" && pbx == "dnd"
	}
	return []step{
		{
			who: anna.name, what: "Busy in Teams and dnd at the phone, at once", on: onBoth, want: "the same",
			do: plain(func() {
				s.show(anna, "Busy", "Busy")()
				s.set(anna, "dnd")()
			}),
			seen: agree, shows: func() string { return s.tenant.Presence(anna.id).Activity + " and " + s.pbxShows(anna) },
		},
		s.toPBX(joerg, "in a meeting while the master is away", "meeting", func() {
			s.master.Pause()
			s.show(joerg, "Busy", "InAMeeting")()
			s.master.Resume()
		}),
		s.toTeams(soren, "sets dnd while the slave is away", "DoNotDisturb/DoNotDisturb for 1 day", func() {
			s.slave.Pause()
			s.set(soren, "dnd")()
			s.slave.Resume()
		}),
		s.restart(s.toPBX(ben, "away in Teams while the connector is stopped", "away", s.show(ben, "Away", "Away"))),
		s.restart(s.toTeams(soren, "unsets dnd while the connector is stopped", "Available/Available", s.set(soren, ""))),
	}
}

// restart lets a step happen while the connector is stopped.
func (s *stage) restart(p step) step {
	do := p.do
	p.do = func(ctx context.Context) error {
		if err := s.stopConnector(); err != nil {
			return err
		}
		if err := do(ctx); err != nil {
			return err
		}
		return s.startConnector()
	}
	return p
}

func people(s *stage) []step {
	nina, carla := &s.cast.nina, s.cast.carla
	return []step{
		{
			who: nina.name, what: "gets an account in Teams and is in a meeting", on: onPBX, want: "meeting",
			do: plain(func() {
				s.arrive(nina)
				s.show(*nina, "Busy", "InAMeeting")()
			}),
			seen:  func() bool { return s.pbxShows(*nina) == "meeting" },
			shows: func() string { return s.pbxShows(*nina) },
		},
		s.toPBX(carla, "loses the licence; her meeting is taken back", "available", func() { s.system.SetLicensed(carla.guid, false) }).
			from(s, carla, "Busy/InAMeeting", "meeting", s.show(carla, "Busy", "InAMeeting")),
	}
}

func theEnd(s *stage) []step {
	zoe := s.cast.zoe
	return []step{
		s.toTeams(zoe, "answers a call on the master", "Busy/InACall", func() {
			if c, err := s.system.StartCall(zoe.guid, pbxtest.CallOptions{Incoming: true, Remote: "201"}); err == nil {
				c.Connect()
			}
		}),
		{
			who: zoe.name, what: "the connector stops; its session goes", on: onTeams, want: "Available/Available",
			do:   func(context.Context) error { return s.stopConnector() },
			seen: func() bool { return s.teamsShows(zoe) == "Available/Available" }, shows: func() string { return s.teamsShows(zoe) },
		},
		{
			who: "everybody", what: "connector release takes back everything", on: onBoth, want: "nothing left",
			prepare: func() {},
			ready:   func() bool { return s.left() != "nothing left" },
			do:      s.releaseConnector,
			seen:    func() bool { return s.left() == "nothing left" }, shows: s.left,
		},
		{
			who: "the others", what: "without licence, ambiguous, only on the PBX", on: onBoth, want: "no write, ever",
			do: plain(func() {}), seen: func() bool { return s.touched() == "no write, ever" }, shows: s.touched,
		},
		{
			who: "everybody", what: "was written only what both sides accept", on: onBoth, want: "no refused write",
			do: plain(func() {}), seen: func() bool { return s.refused() == "no refused write" }, shows: s.refused,
		},
	}
}

// left names somebody on whom something of the connector is left.
func (s *stage) left() string {
	for _, a := range append(slices.Clone(s.cast.actors), s.cast.nina) {
		for _, session := range s.tenant.Sessions(a.id) {
			if session.ID != graphtest.ClientSession {
				return "a session of " + a.name
			}
		}
		if _, set := s.tenant.Preferred(a.id); set {
			return "a preferred presence of " + a.name
		}
		if s.system.AlienCalls(a.guid) > 0 {
			return "an alien call of " + a.name
		}
		if activity := s.system.Activity(a.guid); activity != "" && s.lastWrite(a) == activity {
			return activity + " of " + a.name
		}
	}
	if subscriptions := s.tenant.Subscriptions(); len(subscriptions) > 0 {
		return "a subscription"
	}
	return "nothing left"
}

// lastWrite is the activity that the connector has last written for somebody.
func (s *stage) lastWrite(a actor) (activity string) {
	for _, w := range s.system.Writes() {
		if w.GUID == a.guid && w.Op == "SetPresence" && w.Err == "" {
			activity = w.Activity
		}
	}
	return activity
}

// touched names somebody for whom something was written though nothing may be.
func (s *stage) touched() string {
	for _, a := range s.cast.silent {
		for _, w := range s.system.Writes() {
			if a.guid != "" && w.GUID == a.guid {
				return "written for " + a.name
			}
		}
		for _, w := range s.tenant.Writes() {
			if a.id != "" && w.User == a.id {
				return "written for " + a.name
			}
		}
	}
	return "no write, ever"
}

// refused names a write that was refused.
func (s *stage) refused() string {
	for _, w := range s.tenant.Writes() {
		if w.Status >= 400 && w.Status != 404 {
			return string(w.Action) + " was refused"
		}
	}
	for _, w := range s.system.Writes() {
		if w.Err != "" {
			return w.Op + " was refused"
		}
	}
	return "no refused write"
}
