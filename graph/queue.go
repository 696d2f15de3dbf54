package graph

import (
	"container/heap"
	"context"
)

// urgency orders the requests that wait at a Throttle.
type urgency int

const (
	urgentCall  urgency = iota // a call begins or ends
	urgentHand                 // a person has set a value
	urgentLook                 // a decision waits for what is read
	urgentKeep                 // keeps what there is: renewals, subscriptions, people
	urgentRead                 // a list of people is looked at
	urgentSweep                // a read that comes again anyway
)

// errand is what the attempts of one call have in common. They come one after the other.
type errand struct {
	urgency urgency
	unsure  bool // an attempt may have been carried out, so the outcome must be known
}

type errandKey struct{}

// urgent gives the one call made with ctx an urgency. Without one it is urgentKeep.
func urgent(ctx context.Context, u urgency) context.Context {
	return context.WithValue(ctx, errandKey{}, &errand{urgency: u})
}

func errandOf(ctx context.Context) *errand {
	if e, ok := ctx.Value(errandKey{}).(*errand); ok {
		return e
	}
	return &errand{urgency: urgentKeep, unsure: true}
}

// queue holds who waits, the most urgent first, and among equals who came first. It is
// guarded by its Throttle.
type queue struct {
	waiters heaped
	joined  int
}

type waiter struct {
	urgency urgency
	number  int
	place   int           // in the heap
	wake    chan struct{} // it has become the first
}

func (q *queue) join(u urgency) *waiter {
	q.joined++
	w := &waiter{urgency: u, number: q.joined, wake: make(chan struct{}, 1)}
	heap.Push(&q.waiters, w)
	return w
}

// leave wakes who is the first from now on.
func (q *queue) leave(w *waiter) {
	heap.Remove(&q.waiters, w.place)
	if len(q.waiters) > 0 {
		poke(q.waiters[0].wake)
	}
}

func (q *queue) first(w *waiter) bool { return w.place == 0 }

// heaped implements heap.Interface.
type heaped []*waiter

func (h heaped) Len() int { return len(h) }

func (h heaped) Less(i, j int) bool {
	a, b := h[i], h[j]
	return a.urgency < b.urgency || a.urgency == b.urgency && a.number < b.number
}

func (h heaped) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

func (h *heaped) Push(x any) {
	w := x.(*waiter)
	w.place = len(*h)
	*h = append(*h, w)
}

func (h *heaped) Pop() any {
	last := len(*h) - 1
	w := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return w
}
