package bridge

import (
	"slices"
	"strings"
	"time"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
)

// Counts of the writes since the bridge was made.
type Counts struct {
	Done    uint64 `json:"done"`
	Refused uint64 `json:"refused"`
	Failed  uint64 `json:"failed"`
	// Withdrawn were not wanted any more before they were sent.
	Withdrawn uint64 `json:"withdrawn"`
}

// Status is what an operator wants to know of the bridge.
type Status struct {
	Ready   bool   `json:"ready"` // both lists are complete
	Linked  int    `json:"linked"`
	Leaving int    `json:"leaving"` // something is being taken back
	Writes  Counts `json:"writes"`
	// Unknown counts the values that are in no row, by side and value.
	Unknown map[string]int `json:"unknown,omitempty"`
	// Hidden and Failing name people whose presence is not what it should be, by
	// the name of their PBX user.
	Hidden  []Trouble `json:"hidden,omitempty"`
	Failing []Trouble `json:"failing,omitempty"`
	// Report says who is who.
	Report match.Report `json:"-"`
}

// Trouble is a person and what keeps them apart.
type Trouble struct {
	Name   string    `json:"name"`
	Reason string    `json:"reason"`
	Since  time.Time `json:"since,omitzero"`
}

// Status returns the state of now.
func (b *Bridge) Status() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := Status{
		Ready: b.people != nil && b.synced, Writes: b.counts, Report: b.report, Unknown: map[string]int{},
	}
	for value, n := range b.unknown {
		s.Unknown[value] = n
	}
	for _, l := range b.links {
		if l.goal == presence.Sync && b.goal != presence.TakeBack {
			s.Linked++
		} else {
			s.Leaving++
		}
		if l.lastErr != nil {
			s.Failing = append(s.Failing, Trouble{l.name, l.lastErr.Error(), l.lastErrAt})
		}
		var teams *presence.TeamsSeen
		if t := b.teams[l.teams]; t != nil {
			teams = &t.look
		}
		if reason := l.shown.Memory.Hidden(teams); reason != "" {
			s.Hidden = append(s.Hidden, Trouble{Name: l.name, Reason: reason})
		}
	}
	slices.SortFunc(s.Hidden, byName)
	slices.SortFunc(s.Failing, byName)
	return s
}

// Health returns the light of the store.
func (b *Bridge) Health() []presence.Health { return []presence.Health{b.store.Health()} }

func byName(a, c Trouble) int { return strings.Compare(a.Name, c.Name) }

// maxUnknown bounds the values that are told apart: they come from outside.
const maxUnknown = 100

// note counts a value that is in no row, and logs it the first time.
func (b *Bridge) note(value string) {
	if _, known := b.unknown[value]; !known {
		if len(b.unknown) >= maxUnknown {
			value = "others"
		}
		b.o.Logger.Warn("a value is in no row of the tables and changes nothing", "value", value)
	}
	b.unknown[value]++
}
