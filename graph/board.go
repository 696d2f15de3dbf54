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
	// Who could not be read is tried again after as long as that has been so, within
	// these bounds.
	retryFirst = 3 * time.Second
	retryMost  = time.Minute
	// asideFor is how long somebody is left alone who cannot be read.
	asideFor = 15 * time.Minute
)

// board is what a feed knows of the people it watches: what was passed on last, who
// tells of them, and when to read them again. What happens to one person costs the same
// for any number of people. It is safe for concurrent use.
type board struct {
	wake chan struct{} // somebody is due sooner than before

	mu      sync.Mutex // protects following
	sink    Sink       // nil until open
	people  map[string]*watched
	paces   [paces]map[*watched]bool // all of them, by how often they are read
	lots    [lots]int                // how many of them
	agendas [lots]agenda
	voices  map[string]*voice // who tells of a person, by id; watched or not
	judged  []*watched        // those with evidence, the oldest first
}

// watched is one person on the board.
type watched struct {
	key     string // the id in lower case
	user    string // as the caller spells it
	gone    bool   // nobody watches it any more
	last    presence.TeamsSeen
	told    bool      // last is what a notification said
	notices int       // how many said something since the person is watched
	hinted  bool      // one said that something has changed, and not what
	read    time.Time // when it was last read
	changed time.Time // when it was last seen to change
	pace    pace

	due     time.Time // when to read; zero means not at all
	reading bool
	lot     lot
	failed  time.Time // since when it could not be read
	place   int       // on the agenda

	newest string // the largest sequence number
	older  bool   // the last read had a smaller one

	noticed  time.Time // when a notification came last
	evidence time.Time // when a read showed what no notification had told
	missed   int       // changes in a row that none has told; not counted further than unheard
}

func newBoard() *board {
	b := &board{wake: make(chan struct{}, 1), people: map[string]*watched{}, voices: map[string]*voice{}}
	for p := range b.paces {
		b.paces[p] = map[*watched]bool{}
	}
	return b
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

// watch replaces the set of people. Those who are new are due at once. Of two spellings of
// one id the first one counts.
func (b *board) watch(users []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := b.people
	b.people = make(map[string]*watched, len(users))
	for _, user := range users {
		key := strings.ToLower(user)
		if b.people[key] != nil {
			continue
		}
		w := before[key]
		if w == nil {
			w = &watched{key: key}
			b.lots[w.lot]++
			b.plan(w, time.Now())
		}
		delete(before, key)
		w.user = user
		b.people[key] = w
		b.file(w)
	}
	for _, w := range before {
		w.gone = true
		b.hears(w)
		b.leave(w)
		delete(b.paces[w.pace], w)
	}
}

// notice takes what v says about a person. A nil seen means that something has
// changed, but not what. Strangers are left out. What is older than what was seen before,
// or else the first of numbers that have begun anew, only has the person read.
func (b *board) notice(v *voice, user string, seen *presence.TeamsSeen) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := b.people[strings.ToLower(user)]
	if w == nil {
		return
	}
	now := time.Now()
	b.heard(v, w, now)
	if seen == nil {
		w.hinted = true
		b.plan(w, now)
		return
	}
	if seen.Sequence == "" || seen.Sequence >= w.newest {
		w.notices++
		w.told = true
		b.pass(w, *seen)
	}
	b.plan(w, now.Truncate(settle).Add(2*settle)) // on a grid, to read many in one call
}

// pass hands a difference to the sink. b.mu is held, which keeps the order.
func (b *board) pass(w *watched, seen presence.TeamsSeen) {
	if b.sink == nil {
		return
	}
	w.newest = max(w.newest, seen.Sequence)
	if !w.last.At.IsZero() && seen.Value == w.last.Value && (seen.Sequence == "" || seen.Sequence == w.last.Sequence) {
		return
	}
	if !w.last.At.IsZero() && seen.Value != w.last.Value {
		w.changed = time.Now()
	}
	w.last = seen
	b.file(w)
	b.sink(Presence{User: w.user, Seen: seen})
}

// question is a person to be read, and what was the case before that.
type question struct {
	*watched
	user    string
	lot     lot
	notices int
	hinted  bool
}

// answer takes what was read. It counts for less than a notification that came in
// the meantime, whose person is read again anyway. The person is read once more where
// either may be out of date: where the answer contradicts a notification, shows nothing of
// what one has announced, or has a smaller sequence number than was seen before.
func (b *board) answer(asked []question, read []Presence) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for i, q := range asked {
		w, seen := q.watched, read[i].Seen
		if !b.release(w, lotUsual) {
			continue
		}
		b.file(w)
		if w.notices != q.notices {
			continue
		}
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
		b.testify(w, seen, now)
		same := seen.Value == w.last.Value
		if w.told && !same || q.hinted && same && seen.Sequence == w.last.Sequence {
			b.plan(w, now.Add(doubt))
		}
		w.told = false
		w.read = now
		b.pass(w, seen)
	}
}

// again has those read once more who could not be, but not within that time.
func (b *board) again(asked []question, least time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for _, q := range asked {
		w := q.watched
		if w.lot != lotFailed {
			w.failed = now
		}
		w.hinted = w.hinted || q.hinted
		if b.release(w, lotFailed) {
			b.plan(w, now.Add(max(least, retryFirst, min(now.Sub(w.failed), retryMost))))
		}
	}
}

// setAside leaves those alone for a while who cannot be read.
func (b *board) setAside(asked []question) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, q := range asked {
		if b.release(q.watched, lotAside) {
			b.plan(q.watched, time.Now().Add(asideFor))
		}
	}
}

// count returns how many are of a lot.
func (b *board) count(l lot) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.lots[l]
}

// unreadable returns the people who cannot be read, though others can.
func (b *board) unreadable() []string {
	return b.those(func(w *watched) bool { return w.lot == lotAside })
}

// untold returns the people of whom nobody tells who can be trusted.
func (b *board) untold() []string {
	return b.those(func(w *watched) bool { return !b.covered(w) })
}

func (b *board) those(which func(*watched) bool) []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var users []string
	for _, w := range b.people {
		if which(w) {
			users = append(users, w.user)
		}
	}
	slices.Sort(users)
	return users
}
