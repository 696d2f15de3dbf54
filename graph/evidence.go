package graph

import (
	"time"

	"github.com/pbx365/connector/presence"
)

// covered reports whether a voice tells of a person that can be trusted to. b.mu is held.
func (b *board) covered(w *watched) bool {
	return w.missed < unheard && b.voices[w.key].trusted()
}

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
	v.begin(users, b.people)
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

// trust notes that v is trusted from now on, or less than before. b.mu is held.
func (b *board) trust(v *voice) {
	b.refile(v.members)
	v.changed()
}

// heard notes that v has told of w. b.mu is held.
func (b *board) heard(v *voice, w *watched, now time.Time) {
	v.last, w.noticed = now, now
	v.told++
	if !v.proof.IsZero() {
		v.proof, v.told, v.missed = time.Time{}, 1, 0
		b.trust(v)
	}
	if v.told > 100 { // what is long ago counts less
		v.told, v.missed = v.told/2, v.missed/2
	}
	b.hears(w)
	b.file(w)
}

// hears notes that nothing is missed of w any more. b.mu is held.
func (b *board) hears(w *watched) {
	if v := b.voices[w.key]; v.hears(w) {
		v.changed()
	}
}

// gap has everybody read of whom v tells: it may have missed something, which is no evidence.
func (b *board) gap(v *voice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v.since = time.Now()
	for _, key := range v.members {
		if w := b.people[key]; w != nil && b.voices[key] == v && w.lot != lotAside {
			b.plan(w, time.Now())
		}
	}
}

// testify keeps in mind what was read of a person and nobody has told, for as long
// as that may still come. What changed before the voice began, or in a gap, is no evidence. b.mu is held.
func (b *board) testify(w *watched, seen presence.TeamsSeen, now time.Time) {
	v := b.voices[w.key]
	if v == nil || seen.Value == w.last.Value || w.last.At.IsZero() || !w.evidence.IsZero() {
		return
	}
	if !w.read.Before(v.since) && now.Sub(w.noticed) > grace {
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
		if v.miss(w, seen, now) {
			b.trust(v)
		}
		b.file(w)
	}
}

// proof is the latest evidence against v; zero where there is none.
func (b *board) proof(v *voice) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return v.doubted()
}
