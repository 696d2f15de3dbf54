package graphtest

import (
	"container/heap"
	"time"
)

// agenda is what time alone will change, the earliest first; of what falls on one time, that
// which was added first.
type agenda struct {
	entries appointments
	added   int
}

type appointment struct {
	at     time.Time
	number int
	keep   func(now time.Time)
}

// add reports whether the new entry is the earliest.
func (a *agenda) add(at time.Time, keep func(now time.Time)) bool {
	a.added++
	heap.Push(&a.entries, appointment{at, a.added, keep})
	return a.entries[0].number == a.added
}

// next returns the time of the earliest entry, and whether there is one.
func (a *agenda) next() (time.Time, bool) {
	if len(a.entries) == 0 {
		return time.Time{}, false
	}
	return a.entries[0].at, true
}

// take removes the earliest entry if its time has come, or returns nil.
func (a *agenda) take(now time.Time) func(now time.Time) {
	if len(a.entries) == 0 || a.entries[0].at.After(now) {
		return nil
	}
	return heap.Pop(&a.entries).(appointment).keep
}

// appointments is the heap of an agenda.
type appointments []appointment

func (a appointments) Len() int { return len(a) }

func (a appointments) Less(i, j int) bool {
	return a[i].at.Before(a[j].at) || a[i].at.Equal(a[j].at) && a[i].number < a[j].number
}

func (a appointments) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

func (a *appointments) Push(x any) { *a = append(*a, x.(appointment)) }

func (a *appointments) Pop() any {
	last := len(*a) - 1
	x := (*a)[last]
	(*a)[last] = appointment{}
	*a = (*a)[:last]
	return x
}
