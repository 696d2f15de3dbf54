package graph

import (
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

	members []string  // of whom it tells, in lower case
	since   time.Time // when it began to tell
	last    time.Time // when it told of something
	told    int
	missed  int
	proof   time.Time // the latest evidence; zero while it is trusted
}

// trusted reports whether v tells of what happens. A nil voice tells nothing.
func (v *voice) trusted() bool { return v != nil && v.proof.IsZero() }

// miss counts a change that was seen at that time and never told of.
func (v *voice) miss(seen, now time.Time) {
	v.missed++
	if v.last.Before(seen) || v.missed >= doubtful && v.missed >= v.told || !v.proof.IsZero() {
		v.proof = now
	}
}

// covered reports whether somebody tells of a person who can be trusted. b.mu is held.
func (b *board) covered(w *watched) bool { return b.voices[w.key].trusted() }

// cover has v tell of these people (in lower case) from now on, and of nobody else.
func (b *board) cover(v *voice, users []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before := v.members
	for _, key := range before {
		if b.voices[key] == v {
			delete(b.voices, key)
		}
	}
	for _, key := range users {
		b.voices[key] = v
	}
	v.members, v.since = users, time.Now()
	b.refile(before)
	b.refile(users)
	poke(b.wake)
}

// refile files people anew, those who are watched. b.mu is held.
func (b *board) refile(users []string) {
	for _, key := range users {
		if w := b.people[key]; w != nil {
			b.file(w)
		}
	}
}

// trust notes that v is trusted from now on, or no more. b.mu is held.
func (b *board) trust(v *voice) {
	b.refile(v.members)
	v.changed()
}

// heard notes that v has told of something. b.mu is held.
func (b *board) heard(v *voice, now time.Time) {
	v.last = now
	v.told++
	if !v.proof.IsZero() {
		v.proof, v.told, v.missed = time.Time{}, 1, 0
		b.trust(v)
	}
	if v.told > 100 { // what is long ago counts less
		v.told, v.missed = v.told/2, v.missed/2
	}
}

// gap has everybody read of whom v tells: it may have missed something.
func (b *board) gap(v *voice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, key := range v.members {
		if w := b.people[key]; w != nil && b.voices[key] == v && w.lot != lotAside {
			b.plan(w, time.Now())
		}
	}
}

// testify keeps in mind what was read of a person and nobody has told, for as long
// as that may still come. What changed before the voice began is no evidence. b.mu is held.
func (b *board) testify(w *watched, seen presence.TeamsSeen, now time.Time) {
	v := b.voices[w.key]
	if v == nil || seen.Value == w.last.Value || w.last.At.IsZero() || !w.evidence.IsZero() {
		return
	}
	if w.read.After(v.since) && now.Sub(w.noticed) > grace {
		w.evidence = now
		b.judged = append(b.judged, w)
	}
}

// judge looks at the evidence whose grace is over.
func (b *board) judge() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	for len(b.judged) > 0 && now.Sub(b.judged[0].evidence) >= grace {
		w := b.judged[0]
		b.judged = b.judged[1:]
		v, seen := b.voices[w.key], w.evidence
		w.evidence = time.Time{}
		if w.gone || v == nil || v.since.After(seen) || w.noticed.After(seen) {
			continue
		}
		if v.miss(seen, now); !v.trusted() {
			b.trust(v)
		}
	}
}

// proof is the latest evidence against v; zero where there is none.
func (b *board) proof(v *voice) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return v.proof
}
