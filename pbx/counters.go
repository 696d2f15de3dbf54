package pbx

import (
	"maps"
	"sync"
)

// maxNames bounds the names that Counters.Unknown tells apart, since peers choose them.
const maxNames = 100

// Counters count what has happened since NewServer.
type Counters struct {
	Logins        uint64 `json:"logins"`      // of PBXs
	UserLogins    uint64 `json:"user_logins"` // of people, from a browser
	RefusedLogins uint64 `json:"refused_logins"`
	TurnedAway    uint64 `json:"turned_away"` // for too many logins at once from an address
	BadFrames     uint64 `json:"bad_frames"`  // after the login: no message, or one of the wrong shape
	Replaced      uint64 `json:"replaced"`    // connections ended by a newer one of the same PBX
	Refused       uint64 `json:"refused"`     // requests that a PBX answered with an error
	Timeouts      uint64 `json:"timeouts"`    // requests that a PBX did not answer
	Late          uint64 `json:"late"`        // answers that nobody waited for any more
	// Unknown counts messages that nothing here understands, by name. After the
	// first hundred names the others are "other".
	Unknown map[string]uint64 `json:"unknown"`
}

// tally is a set of Counters that may be used by many goroutines.
type tally struct {
	mu       sync.Mutex
	counters Counters
}

func newTally() *tally { return &tally{counters: Counters{Unknown: map[string]uint64{}}} }

func (t *tally) count(f func(*Counters)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f(&t.counters)
}

func (t *tally) unknown(name string) {
	t.count(func(c *Counters) {
		name = clip(name)
		if _, known := c.Unknown[name]; !known && len(c.Unknown) >= maxNames {
			name = "other"
		}
		c.Unknown[name]++
	})
}

func (t *tally) snapshot() Counters {
	t.mu.Lock()
	defer t.mu.Unlock()
	c := t.counters
	c.Unknown = maps.Clone(c.Unknown)
	return c
}
