package presence_test

import (
	"slices"
	"time"
)

// clock is simulated time. What is due is done in its order.
type clock struct {
	now   time.Time
	queue []due // by time; what was asked for first comes first
}

type due struct {
	at time.Time
	do func()
}

func (c *clock) after(d time.Duration, do func()) {
	at := c.now.Add(d)
	i := len(c.queue)
	for i > 0 && c.queue[i-1].at.After(at) {
		i--
	}
	c.queue = slices.Insert(c.queue, i, due{at, do})
}

func (c *clock) advance(d time.Duration) {
	end := c.now.Add(d)
	for len(c.queue) > 0 && !c.queue[0].at.After(end) {
		next := c.queue[0]
		c.queue = c.queue[1:]
		c.now = next.at
		next.do()
	}
	c.now = end
}
