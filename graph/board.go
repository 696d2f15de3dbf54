package graph

import (
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
)

// board is what a feed knows of the people it watches: what was passed on last,
// and when to read them again. It is safe for concurrent use.
type board struct {
	wake chan struct{} // somebody is due sooner than before

	mu     sync.Mutex // protects following
	sink   Sink       // nil until open
	people map[string]*watched
}

// watched is one person on the board.
type watched struct {
	user    string // as the caller spells the id
	last    presence.TeamsSeen
	told    bool      // last is what a notification said
	notices int       // how many said something since the person is watched
	due     time.Time // when to read; zero means not at all
}

func newBoard() *board {
	return &board{wake: make(chan struct{}, 1), people: map[string]*watched{}}
}

// open hands everybody on to sink from now on, beginning with a full read.
func (b *board) open(sink Sink) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sink = sink
	for _, w := range b.people {
		w.last, w.due = presence.TeamsSeen{}, time.Now()
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
			w = &watched{due: time.Now()}
			poke(b.wake)
		}
		w.user = user
		b.people[key] = w
	}
}

// size is the number of people watched.
func (b *board) size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.people)
}

// notice takes what was said about a person without having been asked. A nil seen
// means that something has changed, but not what. Strangers are left out.
func (b *board) notice(user string, seen *presence.TeamsSeen) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.people[strings.ToLower(user)]
	if w == nil {
		return
	}
	now := time.Now()
	if seen == nil {
		w.due = now
		poke(b.wake)
		return
	}
	w.notices++
	w.told = true
	b.pass(w, *seen)
	if w.due.IsZero() || w.due.After(now) {
		w.due = now.Truncate(settle).Add(2 * settle) // on a grid, to read many in one call
		poke(b.wake)
	}
}

// ask makes everybody due.
func (b *board) ask() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.people {
		w.due = time.Now()
	}
	poke(b.wake)
}

// pass hands a difference to the sink. b.mu is held, which keeps the order.
func (b *board) pass(w *watched, seen presence.TeamsSeen) {
	if b.sink == nil {
		return
	}
	same := seen.Value == w.last.Value && (seen.Sequence == "" || seen.Sequence == w.last.Sequence)
	if same && !w.last.At.IsZero() {
		return
	}
	w.last = seen
	b.sink(Presence{User: w.user, Seen: seen})
}

// next is when somebody is due, or until where that comes first.
func (b *board) next(until time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, w := range b.people {
		if !w.due.IsZero() && w.due.Before(until) {
			until = w.due
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

// take returns those who are due and takes them off the list.
func (b *board) take() []question {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	var due []question
	for _, w := range b.people {
		if !w.due.IsZero() && !w.due.After(now) {
			due = append(due, question{w, w.user, w.notices})
			w.due = time.Time{}
		}
	}
	return due
}

// answer takes what was read. It counts for less than a notification that came in
// the meantime, whose person is read again anyway. Where it contradicts one, either
// may be out of date, so the person is read a third time.
func (b *board) answer(asked []question, read []Presence) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, q := range asked {
		w, seen := q.watched, read[i].Seen
		if b.people[strings.ToLower(q.user)] != w || w.notices != q.notices {
			continue
		}
		if w.told && seen.Value != w.last.Value {
			w.due = time.Now().Add(doubt)
			poke(b.wake)
		}
		w.told = false
		b.pass(w, seen)
	}
}

// again makes those due at that time who could not be read.
func (b *board) again(asked []question, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, q := range asked {
		if q.due.IsZero() {
			q.due = at
		}
	}
}
