package graph

import "time"

const (
	// grace is the time that a notification may take. Graph names a minute as the
	// longest for presence.
	grace = 90 * time.Second
	// doubtful is the number of changes missed from which on a voice has to have told
	// of more than it missed.
	doubtful = 3
	// unheard is the number of changes missed in a row from which on somebody is taken
	// not to be told of.
	unheard = 2
	// tooMany is the number of such people that are evidence against the voice.
	tooMany = 3
)

// voice is one subscription as the board hears it. It is trusted until the board has
// evidence against it: a read showed a change that no notification told within the
// grace, and meanwhile the voice told of nothing else either, or has missed as much as
// it told. A single notification that was lost is none, and a night without a change is
// none. It is trusted again when it tells of something.
//
// A voice that is trusted may still be silent about some. Those are swept until it tells of
// them. Many of them are evidence too, which lasts whatever it tells of others. A new
// subscription may be no better, so the next such evidence takes twice as many.
//
// The mutex of the board protects it.
type voice struct {
	changed func() // tells its owner that there is evidence or none; must not block

	members []string  // of whom it tells, in lower case
	since   time.Time // when it began to tell, or to tell again after a gap
	last    time.Time // when it told of something
	told    int
	missed  int
	proof   time.Time // the latest evidence; zero while it is trusted

	unheard map[*watched]bool // of whom it does not tell
	limit   int               // how many of them are evidence
	partial time.Time         // that evidence; zero while they are fewer
}

// trusted reports whether v tells of what happens. A nil voice tells nothing.
func (v *voice) trusted() bool { return v != nil && v.proof.IsZero() }

// doubted is the latest evidence against v; zero where there is none.
func (v *voice) doubted() time.Time {
	if v.partial.After(v.proof) {
		return v.partial
	}
	return v.proof
}

// begin forgets what was missed, except for those of whom v does not tell. There are none
// before it tells of anybody.
func (v *voice) begin(members []string, people map[string]*watched) {
	v.members, v.since, v.told, v.missed = members, time.Now(), 0, 0
	v.unheard = map[*watched]bool{}
	for _, key := range members {
		switch w := people[key]; {
		case w == nil:
		case w.missed == unheard:
			v.unheard[w] = true
		default:
			w.missed = 0
		}
	}
	v.limit = max(tooMany, 2*len(v.unheard))
	if len(members) > 0 {
		v.partial = time.Time{}
	}
}

// miss counts a change of w that was seen at that time and never told of. It reports
// whether that is evidence.
func (v *voice) miss(w *watched, seen, now time.Time) bool {
	if !v.trusted() {
		v.proof = now
		return true
	}
	if w.missed == unheard { // nothing new
		return false
	}
	v.missed++
	if w.missed++; w.missed == unheard {
		if v.unheard[w] = true; len(v.unheard) >= v.limit {
			v.partial = now
		}
	}
	if v.last.Before(seen) || v.missed >= doubtful && v.missed >= v.told {
		v.proof = now
	}
	return v.doubted().Equal(now)
}

// hears takes w off those of whom v does not tell. It reports whether nothing speaks
// against v any more. A nil voice tells nothing.
func (v *voice) hears(w *watched) bool {
	w.missed = 0
	if v == nil || !v.unheard[w] {
		return false
	}
	delete(v.unheard, w)
	before := v.doubted()
	if len(v.unheard) < v.limit {
		v.partial = time.Time{}
	}
	if len(v.unheard) == 0 {
		v.limit = tooMany
	}
	return !before.IsZero() && v.doubted().IsZero()
}
