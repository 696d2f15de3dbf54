package graph

import (
	"maps"
	"strings"
	"time"

	"github.com/pbx365/connector/presence"
)

const (
	// grace is the time that a notification may take. Graph names a minute as the
	// longest for presence.
	grace = 90 * time.Second
	// doubtful is the number of changes missed from which on a voice has to have told
	// of more than it missed.
	doubtful = 3
)

// voice is one subscription as the board hears it. It is trusted until the board has
// evidence against it: a read showed a change that no notification told within the
// grace, and meanwhile the voice told of nothing else either, or has missed as much as
// it told. A single notification that was lost is none, and a night without a change is
// none. It is trusted again when it tells of something. The mutex of the board
// protects it.
type voice struct {
	changed func() // tells its owner that it is trusted or not; must not block

	since  time.Time // when it began to tell
	last   time.Time // when it told of something
	told   int
	missed int
	proof  time.Time // the latest evidence; zero while it is trusted
}

// trusted reports whether v tells of what happens. A nil voice tells nothing.
func (v *voice) trusted() bool { return v != nil && v.proof.IsZero() }

func (v *voice) heard(now time.Time) {
	v.last = now
	v.told++
	if !v.proof.IsZero() {
		v.proof, v.told, v.missed = time.Time{}, 1, 0
		v.changed()
	}
	if v.told > 100 { // what is long ago counts less
		v.told, v.missed = v.told/2, v.missed/2
	}
}

// miss counts a change that was seen at that time and never told of.
func (v *voice) miss(seen, now time.Time) {
	v.missed++
	if v.last.Before(seen) || v.missed >= doubtful && v.missed >= v.told || !v.proof.IsZero() {
		v.proof = now
	}
}

// cover has v tell of these people (in lower case) from now on, and of nobody else.
func (b *board) cover(v *voice, users []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v.since = time.Now()
	maps.DeleteFunc(b.voices, func(_ string, other *voice) bool { return other == v })
	for _, key := range users {
		b.voices[key] = v
	}
	poke(b.wake)
}

// gap has everybody read of whom v tells: it may have missed something.
func (b *board) gap(v *voice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, w := range b.people {
		if b.voices[key] == v && !w.aside {
			b.plan(w, time.Now())
		}
	}
}

// testify keeps in mind what was read of a person and v has not told, for as long
// as it may still do so. What changed before v began is no evidence. b.mu is held.
func (b *board) testify(w *watched, v *voice, seen presence.TeamsSeen, now time.Time) {
	if v == nil || seen.Value == w.last.Value || w.last.At.IsZero() || !w.evidence.IsZero() {
		return
	}
	if w.read.After(v.since) && now.Sub(w.noticed) > grace {
		w.evidence = now
		b.judged[w] = true
	}
}

// judge looks at the evidence whose grace is over.
func (b *board) judge() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for w := range b.judged {
		if now.Sub(w.evidence) < grace {
			continue
		}
		v, seen := b.voices[strings.ToLower(w.user)], w.evidence
		w.evidence = time.Time{}
		delete(b.judged, w)
		if v == nil || v.since.After(seen) || w.noticed.After(seen) {
			continue
		}
		if v.miss(seen, now); !v.trusted() {
			v.changed()
		}
	}
}

// proof is the latest evidence against v; zero where there is none.
func (b *board) proof(v *voice) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return v.proof
}
