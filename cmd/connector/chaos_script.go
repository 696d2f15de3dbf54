package main

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/pbx365/connector/graph/graphtest"
)

// act is what a person does, or what an administrator does to them.
type act struct {
	kind deed
	pair graphtest.Pair // what Teams shows
	word string         // what the phone shows
}

// deed is a kind of act.
type deed string

const (
	shows    deed = "the Teams client shows"
	chooses  deed = "chooses in Teams"
	resets   deed = "takes back what was chosen"
	signsOut deed = "signs out of Teams"
	signsIn  deed = "signs in to Teams"
	sets     deed = "sets at the phone"
	rings    deed = "begins a call on the PBX"
	hangsUp  deed = "ends the call on the PBX"
	loses    deed = "loses the licence"
	regains  deed = "gets the licence back"
	moves    deed = "moves to the other PBX"
)

// cue says who does what, and when.
type cue struct {
	at  time.Duration
	who int
	act
}

// script is all that people do. In each round everybody does one thing, and some of these
// have another thing follow. In the finale everybody does one last thing.
type script struct {
	people, rounds int
	round, final   time.Duration
	seed           uint64
}

// acts are those of the rounds, in the order of time.
func (p script) acts() (all []cue) {
	rng := rand.New(rand.NewPCG(p.seed, 1))
	end := time.Duration(p.rounds) * p.round
	for n := range p.rounds {
		for _, who := range rng.Perm(p.people) {
			a, at := anyAct(rng), time.Duration(n)*p.round+within(rng, 0, p.round)
			all = append(all, cue{at, who, a})
			next, follows := a.next(rng)
			later := at + within(rng, p.round/10, p.round)
			if follows && (later < end || rng.IntN(4) > 0) { // the rest stays as it is
				all = append(all, cue{min(later, end), who, next})
			}
		}
	}
	return inOrder(all)
}

// finale are the last acts. Times count from its beginning.
func (p script) finale() (all []cue) {
	rng := rand.New(rand.NewPCG(p.seed, 5))
	for who := range p.people {
		all = append(all, cue{within(rng, 0, p.final), who, anyAct(rng)})
	}
	return inOrder(all)
}

// brings reports that what somebody does may have something written to a place. Only what
// happens on the PBX has a session, what is set at the phone hides or uncovers a call in Teams, and
// a move does no more than taking an alien call along.
func (d deed) brings(s slot) bool {
	switch d {
	case sets:
		return s == slotPreferred || s == slotAlien
	case shows, chooses, resets, signsOut, signsIn:
		return s != slotSession
	case moves:
		return s == slotAlien
	}
	return true
}

func inOrder(cues []cue) []cue {
	slices.SortStableFunc(cues, func(a, b cue) int { return cmp.Compare(a.at, b.at) })
	return cues
}

func within(rng *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(rng.Int64N(int64(max(1, to-from))))
}

func oneOf[T any](rng *rand.Rand, list ...T) T { return list[rng.IntN(len(list))] }

func anyAct(rng *rand.Rand) act {
	switch n := rng.IntN(100); {
	case n < 25:
		return act{kind: shows, pair: anyPair(rng)}
	case n < 35:
		return act{kind: shows, pair: oneOf(rng, graphtest.Pair{Availability: "Busy", Activity: "InACall"},
			graphtest.Pair{Availability: "Busy", Activity: "InAConferenceCall"}, graphtest.Pair{Availability: "DoNotDisturb", Activity: "Presenting"})}
	case n < 45:
		word := oneOf(rng, "Busy", "DoNotDisturb", "BeRightBack", "Away", "Available")
		return act{kind: chooses, pair: graphtest.Pair{Availability: word, Activity: word}}
	case n < 51:
		return act{kind: resets}
	case n < 56:
		return act{kind: signsOut}
	case n < 84:
		return act{kind: sets, word: oneOf(rng, "", "", "", "away", "busy", "dnd", "lunch", "meeting", "holiday", "working")}
	case n < 96:
		return act{kind: rings}
	case n < 98:
		return act{kind: moves}
	}
	return act{kind: loses}
}

// anyPair is one that is no call, and that a client shows by itself: busy, do not disturb and be
// right back are chosen.
func anyPair(rng *rand.Rand) graphtest.Pair {
	return oneOf(rng,
		graphtest.Pair{Availability: "Available", Activity: "Available"},
		graphtest.Pair{Availability: "Available", Activity: "Available"},
		graphtest.Pair{Availability: "Busy", Activity: "InAMeeting"},
		graphtest.Pair{Availability: "Available", Activity: "OutOfOffice"},
		graphtest.Pair{Availability: "Away", Activity: "Away"},
		graphtest.Pair{Availability: "DoNotDisturb", Activity: "Focusing"},
	)
}

// next is what follows an act after a while.
func (a act) next(rng *rand.Rand) (act, bool) {
	switch {
	case a.kind == rings && rng.IntN(4) == 0:
		return act{kind: moves}, true
	case a.kind == rings:
		return act{kind: hangsUp}, true
	case a.kind == shows && isCall(a.pair.Activity):
		return act{kind: shows, pair: anyPair(rng)}, true
	case a.kind == signsOut:
		return act{kind: signsIn}, true
	case a.kind == loses:
		return act{kind: regains}, true
	case a.kind == chooses && rng.IntN(2) == 0:
		return act{kind: resets}, true
	}
	return act{}, false
}
