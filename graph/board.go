package graph

import (
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pbx365/connector/presence"
)

const (
	// settle is how long after a notification the person is read once more, at
	// least. Notifications carry no order: the last to arrive may be an older one.
	settle = 2 * time.Second
	// doubt is how long after a contradiction the person is read again.
	doubt = 10 * time.Second
	// asideFor is how long somebody is left alone who cannot be read.
	asideFor = 15 * time.Minute
)

// board is what a feed knows of the people it watches: what was passed on last, who
// tells of them, and when to read them again. It is safe for concurrent use.
type board struct {
	wake chan struct{} // somebody is due sooner than before

	mu     sync.Mutex // protects following
	sink   Sink       // nil until open
	people map[string]*watched
	due    map[*watched]bool // those with a time in due
	voices map[string]*voice // who tells of a person, by id; watched or not
	judged map[*watched]bool // those with evidence
}

// watched is one person on the board.
type watched struct {
	user    string // as the caller spells the id
	last    presence.TeamsSeen
	told    bool      // last is what a notification said
	notices int       // how many said something since the person is watched
	due     time.Time // when to read; zero means not at all
	read    time.Time // when it was last read
	changed time.Time // when it was last seen to change
	aside   bool      // cannot be read, though others can

	newest string // the largest sequence number
	older  bool   // the last read had a smaller one

	noticed  time.Time // when a notification came last
	evidence time.Time // when a read showed what no notification had told
}

func newBoard() *board {
	return &board{
		wake: make(chan struct{}, 1), people: map[string]*watched{},
		due: map[*watched]bool{}, voices: map[string]*voice{}, judged: map[*watched]bool{},
	}
}

// open hands everybody on to sink from now on, beginning with a full read.
func (b *board) open(sink Sink) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sink = sink
	for _, w := range b.people {
		w.last, w.newest = presence.TeamsSeen{}, ""
		b.plan(w, time.Now())
	}
}

// watch replaces the set of people. Those who are new are due at once.
func (b *board) watch(users []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.people
	b.people = make(map[string]*watched, len(users))
	for _, user := range users {
		key := strings.ToLower(user)
		w := before[key]
		if w == nil {
			w = &watched{}
			b.plan(w, time.Now())
		}
		delete(before, key)
		w.user = user
		b.people[key] = w
	}
	for _, w := range before {
		delete(b.due, w)
		delete(b.judged, w)
	}
}

// plan makes a person due at that time, or sooner where it is already. b.mu is held.
func (b *board) plan(w *watched, at time.Time) {
	if w.due.IsZero() || at.Before(w.due) {
		w.due, b.due[w] = at, true
		poke(b.wake)
	}
}

// notice takes what v says about a person. A nil seen means that something has
// changed, but not what. Strangers are left out.
func (b *board) notice(v *voice, user string, seen *presence.TeamsSeen) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.people[strings.ToLower(user)]
	if w == nil {
		return
	}
	now := time.Now()
	v.heard(now)
	w.noticed = now
	if seen == nil {
		b.plan(w, now)
		return
	}
	w.notices++
	w.told = true
	b.pass(w, *seen)
	b.plan(w, now.Truncate(settle).Add(2*settle)) // on a grid, to read many in one call
}

// pass hands a difference to the sink. b.mu is held, which keeps the order.
func (b *board) pass(w *watched, seen presence.TeamsSeen) {
	if b.sink == nil {
		return
	}
	w.newest = max(w.newest, seen.Sequence)
	same := seen.Value == w.last.Value && (seen.Sequence == "" || seen.Sequence == w.last.Sequence)
	if same && !w.last.At.IsZero() {
		return
	}
	if !w.last.At.IsZero() && seen.Value != w.last.Value {
		w.changed = time.Now()
	}
	w.last = seen
	b.sink(Presence{User: w.user, Seen: seen})
}

// next is when somebody is due or to be judged, or until where that comes first.
func (b *board) next(until time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	for w := range b.due {
		if w.due.Before(until) {
			until = w.due
		}
	}
	for w := range b.judged {
		if at := w.evidence.Add(grace); at.Before(until) {
			until = at
		}
	}
	return until
}

// question is a person to be read, and what notices was before that.
type question struct {
	*watched
	user    string
	notices int
}

// take returns those who are due and takes them off the list. Those who could not be
// read before come apart, so that they hide nobody.
func (b *board) take() (due, aside []question) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for w := range b.due {
		if w.due.After(now) {
			continue
		}
		w.due = time.Time{}
		delete(b.due, w)
		if q := (question{w, w.user, w.notices}); w.aside {
			aside = append(aside, q)
		} else {
			due = append(due, q)
		}
	}
	return due, aside
}

// answer takes what was read. It counts for less than a notification that came in
// the meantime, whose person is read again anyway. Where it contradicts one, or has a
// smaller sequence number than was seen before, either may be out of date, so the
// person is read once more.
func (b *board) answer(asked []question, read []Presence) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for i, q := range asked {
		w, seen := q.watched, read[i].Seen
		key := strings.ToLower(q.user)
		if b.people[key] != w || w.notices != q.notices {
			continue
		}
		w.aside = false
		older := seen.Sequence != "" && seen.Sequence < w.newest
		if older && !w.older {
			w.older = true
			b.plan(w, now.Add(doubt))
			continue
		}
		if older {
			w.newest = "" // they have begun anew
		}
		w.older = false
		b.testify(w, b.voices[key], seen, now)
		if w.told && seen.Value != w.last.Value {
			b.plan(w, now.Add(doubt))
		}
		w.told = false
		w.read = now
		b.pass(w, seen)
	}
}

// again makes those due at that time who could not be read.
func (b *board) again(asked []question, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, q := range asked {
		b.replan(q, at)
	}
}

// setAside leaves those alone for a while who cannot be read.
func (b *board) setAside(asked []question) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, q := range asked {
		q.aside = true
		b.replan(q, time.Now().Add(asideFor))
	}
}

// replan is plan for somebody who may be gone by now. b.mu is held.
func (b *board) replan(q question, at time.Time) {
	if b.people[strings.ToLower(q.user)] == q.watched {
		b.plan(q.watched, at)
	}
}

// unreadable returns the people who cannot be read, though others can.
func (b *board) unreadable() []string {
	return b.those(func(_ string, w *watched) bool { return w.aside })
}

// untold returns the people of whom nobody tells who can be trusted.
func (b *board) untold() []string {
	return b.those(func(key string, _ *watched) bool { return !b.voices[key].trusted() })
}

func (b *board) those(which func(key string, w *watched) bool) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var users []string
	for key, w := range b.people {
		if which(key, w) {
			users = append(users, w.user)
		}
	}
	slices.Sort(users)
	return users
}
