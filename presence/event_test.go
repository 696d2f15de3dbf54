package presence_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"pgregory.net/rapid"
)

// event is one thing that happens to the model.
type event struct {
	at    time.Duration // since the start
	what  *kind
	value string
}

func (e event) String() string {
	text := e.what.phrase
	if e.what.values != nil {
		text = fmt.Sprintf(text, e.value)
	}
	return strconv.FormatFloat(e.at.Seconds(), 'f', -1, 64) + "s " + text
}

// schedule is what happens, in order.
type schedule []event

func (s schedule) String() string {
	lines := make([]string, len(s))
	for i, e := range s {
		lines[i] = e.String()
	}
	return strings.Join(lines, "\n")
}

// whole reports that there is a change before the ending.
func (s schedule) whole() bool {
	return len(s) > 1 && slices.Contains(changes, s[len(s)-2].what)
}

// parts of a schedule are what happens until all troubles end, when they do, what anna does last
// up to a change, and the ending.
func (s schedule) parts() (events schedule, heals time.Duration, last schedule, ending event) {
	n := len(s) - 1
	i := slices.IndexFunc(s, func(e event) bool { return e.what == healing })
	if i < 0 {
		return s[:n-1], 0, s[n-1 : n], s[n]
	}
	return s[:i], s[i].at, s[i+1 : n], s[n]
}

// kind is a sort of event: how it reads, with which values, and what it does.
type kind struct {
	phrase string
	values []string
	do     func(m *model, value string)
}

// circumstances hold for a whole schedule.
var circumstances = []*kind{
	{"calls on the PBX cannot be counted", nil, func(m *model, _ string) { m.exchange.counted = false }},
	{"changes show on the PBX after %s", []string{"100ms", "2s"}, func(m *model, v string) { m.exchange.lag = duration(v) }},
	{"a call hides what is set on the PBX", nil, func(m *model, _ string) { m.exchange.covers = true }},
	{"the PBX refuses alien calls", nil, func(m *model, _ string) { m.exchange.noAlien = true }},
	{"values go %s only", []string{"to the PBX", "to Teams"}, (*model).oneWay},
	{"notifications carry no sequence number", nil, func(m *model, _ string) { m.unnumbered = true }},
	{"anna has long shown %s on the PBX", []string{"vacation", "dnd"}, func(m *model, v string) { m.exchange.activity, m.exchange.shown, m.exchange.by = v, v, anna }},
}

// changes are what anna sets on either side, apart from calls.
var changes = []*kind{
	{"anna's Teams client shows %s", []string{"Available", "InAMeeting", "Focusing", "Away", "Inactive", "OutOfOffice", "Juggling"}, (*model).client},
	{"anna signs out of Teams", nil, func(m *model, _ string) { m.client("") }},
	{"anna chooses %s in Teams", []string{"Available", "Busy", "DoNotDisturb", "Away", "OffWork"}, (*model).choose},
	{"anna resets her status in Teams", nil, func(m *model, _ string) { m.choose("") }},
	{"anna sets %s on the PBX", []string{"away", "busy", "dnd", "meeting", "lunch", "worship"}, (*model).contact},
	{"anna clears her presence on the PBX", nil, func(m *model, _ string) { m.contact("") }},
}

// calls begin and end, on both sides.
var calls = []*kind{
	{"a call begins on the PBX", nil, func(m *model, _ string) { m.call(1) }},
	{"the call on the PBX ends", nil, func(m *model, _ string) { m.call(0) }},
	{"anna is shown %s in Teams", []string{"InACall", "InAConferenceCall", "Presenting"}, (*model).meet},
	{"the call in Teams ends", nil, func(m *model, _ string) { m.meet("") }},
}

var outages = []string{"20s", "15m0s"}

var delays = []string{"0s", "300ms", "2s", "6s", "12s"}

// hindrances keep the connector from seeing at once.
var hindrances = []*kind{
	{"changes show in Teams after %s", delays, func(m *model, v string) { m.office.lag = duration(v) }},
	{"news of Teams take %s", delays, func(m *model, v string) { m.reads = duration(v) }},
	{"news of the PBX take %s", delays, func(m *model, v string) { m.exchange.delay = duration(v) }},
	{"the next notification is lost", nil, func(m *model, _ string) { m.mute++ }},
	{"the last notification comes again", nil, func(m *model, _ string) { m.again() }},
	{"Teams is read", nil, func(m *model, _ string) { m.connector.read(m.reads) }},
}

// troubles keep the connector from doing at once, or end it.
var troubles = []*kind{
	{"Teams cannot be read for %s", outages, func(m *model, v string) { m.blind = m.now.Add(duration(v)) }},
	{"Teams takes no writes for %s", outages, func(m *model, v string) { m.deaf = m.now.Add(duration(v)) }},
	{"answers take %s", delays, func(m *model, v string) { m.answers = max(latency, duration(v)) }},
	{"the next write is %s", []string{string(lost), string(unanswered), string(refused), string(ignored)}, func(m *model, v string) { m.faults = append(m.faults, fault(v)) }},
	{"the connection of the PBX is lost", nil, func(m *model, _ string) { m.disconnect() }},
	{"anna is moved to the other PBX", nil, func(m *model, _ string) { m.move() }},
	{"anna's licence is lost", nil, func(m *model, _ string) { m.license(false) }},
	{"anna's licence is back", nil, func(m *model, _ string) { m.license(true) }},
	{"the connector is stopped for %s", []string{"1s", "20m0s", "25h0m0s"}, func(m *model, v string) { m.pause(duration(v)) }},
	{"the connector is killed for %s", []string{"3s", "20m0s", "25h0m0s"}, func(m *model, v string) { m.kill(duration(v)) }},
	{"the connector will be killed %s", []string{string(beforeStore), string(beforeWrite), string(beforeReply), string(beforeDone)}, func(m *model, v string) { m.killAt = point(v) }},
}

// healing ends every trouble.
var healing = &kind{"all troubles end", nil, (*model).heal}

// endings come last, in any schedule.
var endings = []*kind{
	{"the calls end, and nothing more happens", nil, (*model).endCalls},
	{"the connector is stopped in order", nil, (*model).endByStop},
	{"the link ends", nil, (*model).endLink},
}

func kinds() (all []*kind) {
	for _, some := range [][]*kind{circumstances, changes, calls, hindrances, troubles, {healing}, endings} {
		all = append(all, some...)
	}
	return all
}

func duration(s string) time.Duration {
	d, err := time.ParseDuration(s)
	if err != nil {
		panic(err)
	}
	return d
}

// read takes a schedule from what String has printed.
func read(text string) (s schedule) {
	for line := range strings.Lines(strings.TrimSpace(text)) {
		at, phrase, _ := strings.Cut(strings.TrimSpace(line), " ")
		s = append(s, event{at: duration(at)})
		e := &s[len(s)-1]
		for _, k := range kinds() {
			if value, ok := k.match(phrase); ok {
				e.what, e.value = k, value
			}
		}
		if e.what == nil {
			panic("no such event: " + line)
		}
	}
	return s
}

func (k *kind) match(phrase string) (value string, ok bool) {
	before, after, open := strings.Cut(k.phrase, "%s")
	if !open {
		return "", phrase == k.phrase
	}
	value, begins := strings.CutPrefix(phrase, before)
	value, ends := strings.CutSuffix(value, after)
	for _, v := range k.values {
		ok = ok || v == value
	}
	return value, begins && ends && ok
}

var pauses = []time.Duration{
	0, 30 * time.Millisecond, 100 * time.Millisecond, 500 * time.Millisecond, time.Second, 1500 * time.Millisecond, 2500 * time.Millisecond,
	3 * time.Second, 5 * time.Second, 8 * time.Second, 16 * time.Second,
	40 * time.Second, 6 * time.Minute, time.Hour, 25 * time.Hour,
}

// moments are pauses in which what was written has arrived, and is not settled yet.
var moments = []time.Duration{500 * time.Millisecond, 3 * time.Second, 8 * time.Second, 13 * time.Second}

func anyOf(pauses []time.Duration, kinds ...[]*kind) *rapid.Generator[event] {
	return rapid.Custom(func(t *rapid.T) event {
		k := rapid.SampledFrom(rapid.SampledFrom(kinds).Draw(t, "sort")).Draw(t, "what")
		e := event{what: k, at: rapid.SampledFrom(pauses).Draw(t, "after")}
		if k.values != nil {
			e.value = rapid.SampledFrom(k.values).Draw(t, "value")
		}
		return e
	})
}

// schedules draws what holds throughout, some events, and after a while without any what anna
// does last: a change, and perhaps others within moments before. Then an ending.
func schedules() *rapid.Generator[schedule] {
	throughout := rapid.SliceOfN(anyOf([]time.Duration{0}, circumstances), 0, 2)
	events := rapid.SliceOfN(anyOf(pauses, changes, calls, hindrances, troubles), 0, 20)
	thoughts := rapid.SliceOfN(anyOf(moments, changes, hindrances), 0, 3)
	change, ending := anyOf(moments, changes), anyOf([]time.Duration{quiet}, endings)
	return rapid.Custom(func(t *rapid.T) schedule {
		s := schedule(throughout.Draw(t, "throughout"))
		var at time.Duration
		then := func(some ...event) {
			for _, e := range some {
				at += e.at
				e.at = at
				s = append(s, e)
			}
		}
		then(append(events.Draw(t, "events"), events.Draw(t, "more events")...)...)
		then(event{what: healing})
		at += rapid.SampledFrom([]time.Duration{30 * time.Second, quiet}).Draw(t, "gap")
		then(append(thoughts.Draw(t, "thoughts"), change.Draw(t, "last change"), ending.Draw(t, "ending"))...)
		return s
	})
}
