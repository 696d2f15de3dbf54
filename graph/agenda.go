package graph

import (
	"container/heap"
	"time"
)

// lot is why people are read together. A batch is of one lot: whoever makes a call fail
// makes it fail for nobody else.
type lot int

const (
	lotUsual  lot = iota
	lotFailed     // the last read failed
	lotAside      // cannot be read, though others can; each is read alone
	lots
)

// plan makes a person due at that time, or sooner where it is already. Who is being read
// is due when that has ended. b.mu is held.
func (b *board) plan(w *watched, at time.Time) {
	planned := !w.due.IsZero()
	if planned && !at.Before(w.due) {
		return
	}
	w.due = at
	switch agenda := &b.agendas[w.lot]; {
	case w.reading:
		return
	case planned:
		heap.Fix(agenda, w.place)
	default:
		heap.Push(agenda, w)
	}
	poke(b.wake)
}

// take returns a batch of those who are due, from now on being read, or nothing where
// nobody is. Each has to go to answer, again or setAside.
func (b *board) take() []question {
	b.mu.Lock()
	defer b.mu.Unlock()
	first := b.first()
	if first == nil {
		return nil
	}
	agenda, size := &b.agendas[first.lot], bulkLimit
	if first.lot == lotAside {
		size = 1
	}
	var batch []question
	for now := time.Now(); len(batch) < size && agenda.Len() > 0 && !(*agenda)[0].due.After(now); {
		w := heap.Pop(agenda).(*watched)
		batch = append(batch, question{w, w.user, w.lot, w.notices, w.hinted})
		w.due, w.reading, w.hinted = time.Time{}, true, false
	}
	return batch
}

// first is who is due first. b.mu is held.
func (b *board) first() (first *watched) {
	for _, agenda := range b.agendas {
		if len(agenda) > 0 && (first == nil || agenda[0].due.Before(first.due)) {
			first = agenda[0]
		}
	}
	return first
}

// release ends the reading of a person, whose lot is l from now on. It reports whether
// anybody still watches it. b.mu is held.
func (b *board) release(w *watched, l lot) bool {
	if w.gone {
		return false
	}
	if w.lot != l {
		b.leave(w)
		w.lot, w.reading = l, true
		b.lots[l]++
	}
	if w.reading {
		w.reading = false
		if !w.due.IsZero() {
			heap.Push(&b.agendas[l], w)
		}
	}
	return true
}

// leave takes a person out of its lot. b.mu is held.
func (b *board) leave(w *watched) {
	b.lots[w.lot]--
	if !w.reading && !w.due.IsZero() {
		heap.Remove(&b.agendas[w.lot], w.place)
	}
}

// next is when somebody is due or to be judged, or until where that comes first.
func (b *board) next(until time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if first := b.first(); first != nil && first.due.Before(until) {
		until = first.due
	}
	if len(b.judged) > 0 {
		if at := b.judged[0].evidence.Add(grace); at.Before(until) {
			until = at
		}
	}
	return until
}

// agenda holds who is due and not being read, the first one first. It implements
// heap.Interface.
type agenda []*watched

func (a agenda) Len() int { return len(a) }

func (a agenda) Less(i, j int) bool { return a[i].due.Before(a[j].due) }

func (a agenda) Swap(i, j int) {
	a[i], a[j] = a[j], a[i]
	a[i].place, a[j].place = i, j
}

func (a *agenda) Push(x any) {
	w := x.(*watched)
	w.place = len(*a)
	*a = append(*a, w)
}

func (a *agenda) Pop() any {
	last := len(*a) - 1
	w := (*a)[last]
	(*a)[last] = nil
	*a = (*a)[:last]
	return w
}
