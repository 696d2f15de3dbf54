package main

import (
	"slices"
	"time"
)

// start is the time that a connector took from a kill until it wrote for anybody, or was killed
// again: on a busy machine it may be killed many times before it gets to work.
type start struct{ from, to time.Time }

// startsIn takes kills and writes in the order of time. What the killed connector had sent may
// arrive after it.
func startsIn(kills []time.Time, writes []written) (all []start) {
	for i, at := range kills {
		n, _ := slices.BinarySearchFunc(writes, at.Add(underway), func(w written, t time.Time) int { return w.at.Compare(t) })
		to := at
		if n < len(writes) {
			to = writes[n].at
		}
		if i+1 < len(kills) && (n == len(writes) || kills[i+1].Before(to)) {
			to = kills[i+1]
		}
		all = append(all, start{at, to})
	}
	return all
}

// worked is how long a connector was at work between two times.
func (c causes) worked(from, to time.Time) time.Duration {
	d := to.Sub(from)
	for _, s := range c.starts {
		begin, end := s.from, s.to
		if begin.Before(from) {
			begin = from
		}
		if end.After(to) {
			end = to
		}
		d -= max(0, end.Sub(begin))
	}
	return d
}
