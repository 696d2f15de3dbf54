package graph

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pbx365/connector/presence"
)

// Board is a board with two voices, the batches under way, and what was passed on.
type Board struct {
	*board
	voices  [2]*voice
	batches [][]question
	shown   map[string]string
}

// NewBoard watches people; the first voice tells of nobody yet.
func NewBoard(users []string) *Board {
	b := &Board{board: newBoard(), shown: map[string]string{}}
	for i := range b.voices {
		b.voices[i] = &voice{changed: func() {}}
	}
	b.Watch(users)
	b.open(func(p Presence) { b.shown[strings.ToLower(p.User)] = p.Seen.Value.Activity })
	return b
}

// Watch is watch.
func (b *Board) Watch(users []string) { b.watch(users) }

// Shown is the activity that was passed on last.
func (b *Board) Shown(user string) string { return b.shown[user] }

// Size is how many people are watched.
func (b *Board) Size() int { return len(b.people) }

// Forgotten are those who are neither due nor being read.
func (b *Board) Forgotten() (users []string) {
	return b.those(func(w *watched) bool { return w.due.IsZero() && !w.reading })
}

// Take is take.
func (b *Board) Take() (users []string) {
	batch := b.take()
	for _, q := range batch {
		users = append(users, q.user)
	}
	if batch != nil {
		b.batches = append(b.batches, batch)
	}
	return users
}

// ended is the batch that began first, if any.
func (b *Board) ended() (batch []question) {
	if len(b.batches) > 0 {
		batch, b.batches = b.batches[0], b.batches[1:]
	}
	return batch
}

// Answer answers the batch that began first: everybody shows the same.
func (b *Board) Answer(seen presence.TeamsSeen) {
	batch := b.ended()
	read := make([]Presence, len(batch))
	for i, q := range batch {
		read[i] = Presence{q.user, seen}
	}
	b.answer(batch, read)
}

// Fail is again, of that batch.
func (b *Board) Fail() { b.again(b.ended(), 0) }

// SetAside is setAside, of that batch.
func (b *Board) SetAside() { b.setAside(b.ended()) }

// Ask is ask.
func (b *Board) Ask(most int) { b.ask(pace(most)) }

// Gap is gap.
func (b *Board) Gap(voice int) { b.gap(b.voices[voice]) }

// Notice is what the first voice says.
func (b *Board) Notice(user string, seen presence.TeamsSeen) { b.notice(b.voices[0], user, &seen) }

// Hint says that something has changed.
func (b *Board) Hint(user string) { b.notice(b.voices[0], user, nil) }

// Cover is cover.
func (b *Board) Cover(voice int, users []string) {
	var keys []string
	for _, user := range users {
		keys = append(keys, strings.ToLower(user))
	}
	b.cover(b.voices[voice], keys)
}

// Check says what the board contradicts itself in.
func (b *Board) Check() error {
	b.judge()
	filed, lot, planned := 0, [lots]int{}, [lots]int{}
	for key, w := range b.people {
		switch {
		case w.key != key || w.gone:
			return fmt.Errorf("%s is %s, gone %v", key, w.key, w.gone)
		case !b.paces[w.pace][w]:
			return fmt.Errorf("%s is not filed", key)
		case (w.pace == paceTold) != b.covered(w):
			return fmt.Errorf("%s is filed as %d", key, w.pace)
		case w.reading != slices.ContainsFunc(b.batches, func(batch []question) bool {
			return slices.ContainsFunc(batch, func(q question) bool { return q.watched == w })
		}):
			return fmt.Errorf("%s is being read: %v", key, w.reading)
		case w.lot != lotUsual && !w.reading && w.due.IsZero():
			return fmt.Errorf("%s is forgotten", key)
		}
		lot[w.lot]++
		if !w.due.IsZero() && !w.reading {
			planned[w.lot]++
			if agenda := b.agendas[w.lot]; w.place >= len(agenda) || agenda[w.place] != w {
				return fmt.Errorf("%s has a wrong place", key)
			}
		}
	}
	for p := range b.paces {
		filed += len(b.paces[p])
	}
	if filed != len(b.people) || lot != b.lots {
		return fmt.Errorf("%d people, %d filed, %v of %v", len(b.people), filed, lot, b.lots)
	}
	for l, agenda := range b.agendas {
		if len(agenda) != planned[l] {
			return fmt.Errorf("%d are due of lot %d, %d on the agenda", planned[l], l, len(agenda))
		}
		for i, w := range agenda {
			if w.due.Before(agenda[(i-1)/2].due) {
				return fmt.Errorf("%s is due before %s", w.key, agenda[(i-1)/2].key)
			}
		}
	}
	if first := b.first(); first != nil && b.next(time.Now().Add(100*forever)).After(first.due) {
		return fmt.Errorf("nobody wakes up for %s", first.key)
	}
	return nil
}
