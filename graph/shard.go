package graph

import (
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/store"
)

const (
	// presencePrefix begins the names of the records; that of the user follows.
	presencePrefix = "presence/"
	// presenceLifetime is what is asked for; Graph grants between 45 and 60 minutes.
	presenceLifetime = 59 * time.Minute
	// leftOutFor is how long somebody is left out because of whom Graph refuses a
	// subscription.
	leftOutFor = 6 * time.Hour
)

// shard is the part of the people that one communication user is told of.
type shard struct {
	push   *Push
	user   PushUser
	keeper *keeper
	voice  *voice

	// The mutex of the Push protects these.
	assigned bool     // members have been given; before, whatever is stored is adopted
	members  []string // in lower case, sorted; never changed in place
	out      bool     // cannot sign in
	good     []string // members of the last subscription there was
}

func (p *Push) newShard(o PushOptions, user PushUser) *shard {
	s := &shard{push: p, user: user, voice: &voice{}}
	s.keeper = &keeper{
		name:       presencePrefix + user.Name,
		client:     user.Client,
		hook:       o.Webhook,
		records:    o.Store,
		changes:    "updated",
		lifetime:   presenceLifetime,
		renewEvery: o.RenewEvery,
		rich:       true,
		want:       func() wanted { return p.wanted(s) },
		rival:      isPresence,
		notice:     func(user string, seen *presence.TeamsSeen) { p.board.notice(s.voice, user, seen) },
		reread:     func() { p.board.gap(s.voice) },
		owner:      s,
		light:      presence.NewLight("presence subscription of " + user.Name),
		log:        p.log.With("user", user.Name),
		wake:       make(chan struct{}, 1),
	}
	s.voice.changed = func() { poke(s.keeper.wake) }
	return s
}

// wanted is what the keeper of s should keep.
func (p *Push) wanted(s *shard) wanted {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !s.assigned {
		return wanted{any: true}
	}
	return presenceOf(s.members)
}

// recall reads whom each shard was told of before, so that they stay where they are.
// Nobody signs in any more to delete the subscription of a user who is gone: its people go
// elsewhere, and its record goes once it has ended.
func (p *Push) recall(ctx context.Context) error {
	records, err := p.records.Subscriptions(ctx)
	if err != nil {
		return err
	}
	for _, record := range records {
		i := slices.IndexFunc(p.shards, func(s *shard) bool { return s.keeper.name == record.Name })
		switch user, ours := strings.CutPrefix(record.Name, presencePrefix); {
		case !ours:
		case i >= 0:
			p.mu.Lock()
			p.shards[i].members = slices.Sorted(slices.Values(record.Members))
			p.mu.Unlock()
		case time.Now().Before(record.Expires):
			p.log.Warn("subscription of somebody who is no communication user any more ends by itself", "user", user, "expires", record.Expires)
		default:
			err := p.records.DeleteSubscription(ctx, record.Name, record.Revision)
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("delete subscription %s: %w", record.Name, err)
			}
			p.log.Info("record deleted of somebody who is no communication user any more", "user", user)
		}
	}
	return nil
}

// place divides the people anew, where they are known, and wakes the keepers whose part is
// another than before. It returns how long it takes until somebody is left out no more.
func (p *Push) place() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.known {
		return forever
	}
	again := forever
	for key, until := range p.leftOut {
		if left := time.Until(until); left > 0 {
			again = min(again, left)
		} else {
			delete(p.leftOut, key)
		}
	}
	people := make([]string, 0, len(p.people))
	for _, user := range p.people {
		if p.leftOut[strings.ToLower(user)].IsZero() {
			people = append(people, user)
		}
	}
	before := make([]seat, len(p.shards))
	for i, s := range p.shards {
		before[i] = seat{s.members, s.out}
	}
	after, over := assign(before, people)
	for i, s := range p.shards {
		if !s.assigned || !slices.Equal(s.members, after[i]) {
			s.assigned, s.members = true, after[i]
			poke(s.keeper.wake)
		}
	}
	if len(over) > 0 && len(over) != p.swept {
		p.log.Warn("more people than the communication users are told of; the rest is swept",
			"users", len(p.shards), "people", len(people), "swept", len(over))
	}
	p.swept = len(over)
	return again
}

// covers implements owner.
func (s *shard) covers(members []string) {
	s.push.board.cover(s.voice, members)
	if len(members) > 0 {
		s.push.mu.Lock()
		s.good = members
		s.push.mu.Unlock()
	}
}

// taken implements owner: somebody of another shard, where there is one.
func (s *shard) taken() []string {
	s.push.mu.Lock()
	defer s.push.mu.Unlock()
	var good []string
	for _, other := range s.push.shards {
		if other != s {
			good = append(good, other.good...)
		}
	}
	if len(good) == 0 {
		good = s.good
	}
	if len(good) == 0 {
		return nil
	}
	return []string{good[mathrand.N(len(good))]}
}

// proof implements owner.
func (s *shard) proof() time.Time { return s.push.board.proof(s.voice) }

// tried implements owner. Where the user cannot sign in, its people go elsewhere.
func (s *shard) tried(err error) {
	var e *SignInError
	out := errors.As(err, &e) && e.Permanent()
	s.push.mu.Lock()
	changed := s.out != out
	s.out = out
	s.push.mu.Unlock()
	if changed {
		poke(s.push.replace)
	}
}

// leave implements owner: these are in no subscription for a while.
func (s *shard) leave(members []string) {
	s.push.mu.Lock()
	for _, id := range members {
		s.push.leftOut[id] = time.Now().Add(leftOutFor)
		s.push.log.Warn("Graph creates no subscription with this person, who is swept", "person", id, "again_in", leftOutFor)
	}
	s.push.mu.Unlock()
	s.push.place()
	poke(s.push.replace) // for its timer
}
