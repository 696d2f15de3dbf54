package bridge

import (
	"errors"
	"slices"
	"time"
	"unicode/utf8"
	"unique"

	"github.com/pbx365/connector/presence"
)

// Event is something that happened to a person, or a run of the same.
type Event struct {
	Kind Kind `json:"kind"`
	// At is when it happened first, and Until when it did last, where Times is more than
	// one. Reads and writes happen when they are begun, not when they are answered.
	At    time.Time `json:"at"`
	Until time.Time `json:"until,omitzero"`
	Times int       `json:"times"`

	// By is how a look came, the first one of its run; Read of the looks were reads. Shows
	// is the value, and OnPhone whether there is a call on the PBX beside it.
	Side    presence.Side `json:"side,omitempty"` // also of a write
	By      Source        `json:"by,omitempty"`
	Read    int           `json:"read,omitempty"`
	Shows   string        `json:"shows,omitempty"`
	OnPhone bool          `json:"on_phone,omitempty"`

	// Rules fired and Rows matched, Action is what was written because of them, if
	// anything, and took that long.
	Rules  []presence.Rule `json:"rules,omitempty"`
	Rows   []presence.Row  `json:"rows,omitempty"`
	Action string          `json:"action,omitempty"`
	Took   time.Duration   `json:"took_ns,omitempty"`
	// Error is what came of it; where Refused, it is not tried again. What is Withdrawn was
	// not wanted any more before it was sent.
	Error     string `json:"error,omitempty"`
	Refused   bool   `json:"refused,omitempty"`
	Withdrawn bool   `json:"withdrawn,omitempty"`

	// Note says what became of the link.
	Note string `json:"note,omitempty"`
}

// Kind of an event.
type Kind string

// The kinds.
const (
	EventSeen    Kind = "seen"    // what a side shows
	EventLost    Kind = "lost"    // a side cannot be seen any more
	EventDecided Kind = "decided" // rules fired, and nothing was written for now
	EventWrite   Kind = "write"   // or a read, and its answer
	EventLink    Kind = "link"    // the link began, changed or could not be stored
)

// Source is how a look came.
type Source string

// The sources.
const (
	ByNotification Source = "notification" // of Graph
	ByRead         Source = "read"         // of Graph
	ByPBX          Source = "PBX"
)

// sourceOf says how a look at Teams came.
func sourceOf(look presence.TeamsSeen) Source {
	if look.Notified {
		return ByNotification
	}
	return ByRead
}

// The bounds of a timeline: so many events, and so many bytes of text in all and in one
// event, which has the words of a side or an error.
const (
	maxEvents = 32
	maxTexts  = 1536
	maxText   = 256
)

// timeline is what happened to one person lately, the oldest first. What happens again and
// again takes one entry. It is guarded by the bridge.
type timeline struct {
	entries []entry
	texts   int // bytes of text
	// teamsRun and pbxRun count the entries up to the latest look at the side; 0 where
	// there is none, or where the side has been lost since.
	teamsRun, pbxRun int
}

// entry is an event made small. What many people have in common is shared.
type entry struct {
	at, until int64 // in nanoseconds of Unix time
	took      time.Duration
	times     uint32
	read      uint32
	deed      unique.Handle[deed]
	text      string // what is shown, the error or the note
}

// deed is what a person's event has in common with those of others. A decision has no
// more rules and rows than there is room for: a call each way and a value.
type deed struct {
	kind      Kind
	side      presence.Side
	by        Source
	onPhone   bool
	rules     [8]presence.Rule
	rows      [3]presence.Row
	action    string
	refused   bool
	withdrawn bool
}

// teams notes a look at Teams.
func (t *timeline) teams(look presence.TeamsSeen) {
	read := uint32(1)
	if look.Notified {
		read = 0
	}
	text := clip(look.Value.String())
	if run := t.entry(t.teamsRun); run != nil && run.text == text {
		run.again(look.At)
		run.read += read
		return
	}
	t.add(deed{kind: EventSeen, side: presence.SideTeams, by: sourceOf(look)}, entry{at: look.At.UnixNano(), read: read, text: text})
	t.teamsRun = len(t.entries)
}

// pbx notes a look at the PBX.
func (t *timeline) pbx(look presence.PBXSeen) {
	text := clip(look.Value.String())
	if run := t.entry(t.pbxRun); run != nil && run.text == text && run.deed.Value().onPhone == look.OnPhone {
		run.again(look.At)
		return
	}
	t.add(deed{kind: EventSeen, side: presence.SidePBX, by: ByPBX, onPhone: look.OnPhone}, entry{at: look.At.UnixNano(), text: text})
	t.pbxRun = len(t.entries)
}

// lost notes that the PBX cannot be seen.
func (t *timeline) lost(at time.Time) {
	t.add(deed{kind: EventLost, side: presence.SidePBX}, entry{at: at.UnixNano()})
	t.pbxRun = 0
}

// decided notes rules that fired without an action.
func (t *timeline) decided(d presence.Decision, at time.Time) {
	if len(d.Rules) > 0 {
		t.add(deedOf(EventDecided, d), entry{at: at.UnixNano()})
	}
}

// wrote notes an action that was begun at some time, and its outcome. A repetition after a failure has no rules of its
// own.
func (t *timeline) wrote(d presence.Decision, err error, at time.Time, took time.Duration) {
	did := deedOf(EventWrite, d)
	did.action, did.side = d.Action.String(), d.Action.Side()
	did.refused, did.withdrawn = errors.Is(err, presence.ErrRefused), errors.Is(err, presence.ErrWithdrawn)
	text := ""
	if err != nil && !did.withdrawn {
		text = clip(err.Error())
	}
	if last := t.entry(len(t.entries)); last != nil {
		before, again := last.deed.Value(), did
		if len(d.Rules) == 0 && last.text != "" {
			again.rules, again.rows = before.rules, before.rows
		}
		if before == again && (last.text == "") == (text == "") {
			last.again(at)
			t.texts += len(text) - len(last.text)
			last.took, last.text = took, text
			t.trim()
			return
		}
	}
	t.add(did, entry{at: at.UnixNano(), took: took, text: text})
}

// link notes what became of the link.
func (t *timeline) link(note string, at time.Time) {
	note = clip(note)
	if last := t.entry(len(t.entries)); last != nil && last.text == note && last.deed.Value().kind == EventLink {
		last.again(at)
		return
	}
	t.add(deed{kind: EventLink}, entry{at: at.UnixNano(), text: note})
}

func deedOf(kind Kind, d presence.Decision) deed {
	did := deed{kind: kind}
	copy(did.rules[:], d.Rules)
	copy(did.rows[:], d.Rows)
	return did
}

// entry is the last of the first n entries, nil where there is none.
func (t *timeline) entry(n int) *entry {
	if n == 0 {
		return nil
	}
	return &t.entries[n-1]
}

func (e *entry) again(at time.Time) {
	e.until = max(e.until, at.UnixNano())
	e.times++
}

func (t *timeline) add(did deed, e entry) {
	e.deed, e.until, e.times = unique.Make(did), e.at, 1
	if len(t.entries) == maxEvents {
		t.drop()
	}
	t.entries = append(t.entries, e)
	t.texts += len(e.text)
	t.trim()
}

func (t *timeline) trim() {
	for t.texts > maxTexts {
		t.drop()
	}
}

// drop forgets the oldest event.
func (t *timeline) drop() {
	t.texts -= len(t.entries[0].text)
	t.entries = slices.Delete(t.entries, 0, 1)
	t.teamsRun, t.pbxRun = max(0, t.teamsRun-1), max(0, t.pbxRun-1)
}

// clip returns the beginning of a text that is too long, in memory of its own.
func clip(text string) string {
	if len(text) <= maxText {
		return text
	}
	end := maxText - len("…")
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// events are the entries in full, in the order in which they began: what a side shows
// because of a write is often seen before the answer to it.
func (t *timeline) events() []Event {
	list := make([]Event, len(t.entries))
	for i, e := range t.entries {
		list[i] = e.event()
	}
	slices.SortStableFunc(list, func(a, b Event) int { return a.At.Compare(b.At) })
	return list
}

func (e *entry) event() Event {
	did := e.deed.Value()
	ev := Event{
		Kind: did.kind, At: time.Unix(0, e.at).UTC(), Times: int(e.times),
		Side: did.side, By: did.by, Read: int(e.read), OnPhone: did.onPhone,
		Action: did.action, Took: e.took, Refused: did.refused, Withdrawn: did.withdrawn,
	}
	if e.times > 1 {
		ev.Until = time.Unix(0, e.until).UTC()
	}
	for _, r := range did.rules {
		if r != "" {
			ev.Rules = append(ev.Rules, r)
		}
	}
	for _, r := range did.rows {
		if r != (presence.Row{}) {
			ev.Rows = append(ev.Rows, r)
		}
	}
	switch did.kind {
	case EventSeen:
		ev.Shows = e.text
	case EventLink:
		ev.Note = e.text
	default:
		ev.Error = e.text
	}
	return ev
}
