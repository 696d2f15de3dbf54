package graph

import (
	"fmt"
	"time"

	"github.com/pbx365/connector/presence"
)

// DecodeBulk is decodeBulk.
var DecodeBulk = decodeBulk

// Difference returns what a feed makes of read after read of the same people: how many
// differences it passes on.
func Difference(users []string) func(read []Presence) int {
	b, passed := newBoard(), 0
	b.watch(users)
	b.open(func(Presence) { passed++ })
	asked := make([]question, len(users))
	for i, user := range users {
		asked[i] = question{watched: b.people[user], user: user}
	}
	return func(read []Presence) int {
		before := passed
		b.answer(asked, read)
		return passed - before
	}
}

// Assign is assign.
func Assign(before [][]string, out []bool, people []string) (after [][]string, over []string) {
	seats := make([]seat, len(before))
	for i := range before {
		seats[i] = seat{before[i], out[i]}
	}
	return assign(seats, people)
}

// Bisect is bisect, of a batch that has failed.
func Bisect[T any](batch []T, works func() bool, try func([]T) error) (bad, unclear []T) {
	found := bisect(batch, nil, works, try)
	return found.bad, found.unclear
}

// Plan returns the intervals for people who are active, idle and told of.
func Plan(active, idle, told, budget int, every, reconcile time.Duration) [3]time.Duration {
	return plan([paces]int{active, idle, told}, budget, every, reconcile)
}

// Hear has the lifecycle events that come with that client state go to a function.
func (w *Webhook) Hear(state string, events func(event string)) { w.expect(state, &hearing{events}) }

// hearing is a listener.
type hearing struct{ events func(event string) }

func (h *hearing) noticed(string, *presence.TeamsSeen) {}
func (h *hearing) lifecycle(event string)              { h.events(event) }
func (h *hearing) moved()                              {}

// Notified returns what one notification without data costs among so many people, of
// 650 of whom a subscription tells: everything that a feed does, except for the call.
func Notified(people int) func() {
	b, v, n := newBoard(), &voice{changed: func() {}}, 0
	users := make([]string, people)
	for i := range users {
		users[i] = fmt.Sprintf("00000000-0000-4000-8000-%012x", i)
	}
	read := func() (count int) {
		for batch := b.take(); batch != nil; batch = b.take() {
			answer := make([]Presence, len(batch))
			for i, q := range batch {
				answer[i] = Presence{q.user, presence.TeamsSeen{Sequence: fmt.Sprint("A", 1_000_000+n), At: time.Now()}}
			}
			b.answer(batch, answer)
			count += len(batch)
		}
		return count
	}
	b.watch(users)
	b.open(func(Presence) {})
	b.cover(v, users[:PushLimit])
	read()
	return func() {
		n++
		b.notice(v, users[n%PushLimit], nil)
		b.census()
		b.judge()
		if read() != 1 || b.next(time.Now().Add(forever)).Before(time.Now()) {
			panic("nobody else is read")
		}
	}
}
