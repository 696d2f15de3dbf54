package bridge

import (
	"context"
	"errors"
	"hash/fnv"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/store"
)

// link is one person on both sides.
type link struct {
	teams, guid string

	// Guarded by the bridge.
	name               string // h323 of the PBX user
	wanted             presence.Rules
	goal               presence.Goal
	begun              bool // not only read from the store
	running, dirty     bool
	watch              chan struct{} // of the canary, woken by what is seen
	timer              *time.Timer
	teamsHold, pbxHold hold
	lookHold           hold              // of reads of Teams, which must not keep back writes
	shown              presence.Decision // the latest, for the status
	behind             time.Time         // since when something is seen on one side alone
	lastErr            error
	lastErrAt          time.Time
	lastFinal          bool // refused: the same again would be, too
	underway           *underway
	timeline           timeline

	// Owned by the one goroutine that works on the link.
	rules  presence.Rules // as wanted at the last look
	memory presence.Memory
	stored presence.Memory // as in the record
	record store.Link
}

// underway is an action that is being carried out, and the memory that it was decided from.
type underway struct {
	before   presence.Memory
	action   presence.Action
	since    time.Time
	withdraw func()
}

// hold keeps back the writes of a side after one has failed.
type hold struct {
	until  time.Time
	delays *backoff.ExponentialBackOff
}

func (h *hold) fail(now time.Time) {
	if h.delays == nil {
		h.delays = backoff.NewExponentialBackOff()
		h.delays.InitialInterval, h.delays.MaxInterval = time.Second, time.Minute
	}
	h.until = now.Add(h.delays.NextBackOff())
}

func (h *hold) reset() { *h = hold{} }

func (h *hold) at(now time.Time) bool { return now.Before(h.until) }

func (l *link) stopTimer() {
	if l.timer != nil {
		l.timer.Stop()
	}
}

// wake lets somebody work on l, now or again. The caller holds b.mu.
func (b *Bridge) wake(l *link) {
	if l == nil || b.run == nil {
		return
	}
	l.dirty = true
	b.review(l)
	select {
	case l.watch <- struct{}{}:
	default:
	}
	if l.running || b.closing {
		return
	}
	l.running = true
	b.workers.Add(1)
	go b.work(b.run, l)
}

// work decides and acts for one person until there is nothing to do.
func (b *Bridge) work(ctx context.Context, l *link) {
	defer b.workers.Done()
	for {
		view, ok := b.look(ctx, l)
		if !ok {
			return
		}
		before := l.memory
		d := l.rules.Merge(before, view)
		if err := b.remember(ctx, l, d.Memory); err != nil {
			b.sleep(l, d, time.Now().Add(storeRetry))
			continue
		}
		l.memory = d.Memory
		if d.Action != nil {
			b.act(ctx, l, view, d, before)
			continue
		}
		if view.Goal == presence.TakeBack && !l.memory.Owns() {
			if b.forget(ctx, l) {
				return
			}
			d.Wake = time.Now().Add(storeRetry)
		}
		b.calm(l, d)
		b.sleep(l, d, d.Wake)
	}
}

// storeRetry is the delay after the store has failed. Nothing is written meanwhile.
const storeRetry = time.Second

// look returns what is known now, or ends the work where nothing has changed since
// the last look.
func (b *Bridge) look(ctx context.Context, l *link) (presence.View, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !l.dirty || ctx.Err() != nil || b.links[l.teams] != l {
		l.running = false
		return presence.View{}, false
	}
	l.dirty = false
	l.stopTimer()
	l.rules = l.wanted
	v := b.view(l)
	if _, exists := b.users[l.guid]; !exists && v.Goal == presence.TakeBack {
		l.memory.ToPBX, l.memory.Call = nil, nil // they went with the user
	}
	return v, true
}

// view is what is known of l now. The caller holds b.mu.
func (b *Bridge) view(l *link) presence.View {
	now := time.Now()
	v := presence.View{
		Now: now, Goal: max(l.goal, b.goal), Phase: phase(l.teams),
		TeamsHeld: l.teamsHold.at(now), LooksHeld: l.lookHold.at(now), PBXHeld: l.pbxHold.at(now),
	}
	if s := b.teams[l.teams]; s != nil {
		look := s.look
		v.Teams, v.TeamsSince = &look, s.since
	}
	if s := b.pbx[l.guid]; s != nil && !s.lost {
		look := s.look
		v.PBX, v.PBXSince = &look, s.since
	}
	return v
}

// phase is the place of a person in every interval, the same in every run.
func phase(teams string) float64 {
	h := fnv.New64a()
	h.Write([]byte(teams))
	return rand.New(rand.NewPCG(h.Sum64(), 0)).Float64()
}

// sleep keeps the decision for the status and wakes the link at its time, or when a
// hold ends.
func (b *Bridge) sleep(l *link, d presence.Decision, at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, unknown := range d.Unknown {
		if !slices.Contains(l.shown.Unknown, unknown) {
			b.note(unknown)
		}
	}
	l.shown = d
	now := time.Now()
	l.rests(d, now)
	for _, h := range []time.Time{l.teamsHold.until, l.lookHold.until, l.pbxHold.until} {
		if h.After(now) && (at.IsZero() || h.Before(at)) {
			at = h
		}
	}
	if at.IsZero() || b.goal == presence.Pause {
		return
	}
	l.timer = time.AfterFunc(max(0, at.Sub(now)), func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.wake(l)
	})
}

// remember stores m where it differs from what is stored.
func (b *Bridge) remember(ctx context.Context, l *link, m presence.Memory) error {
	if reflect.DeepEqual(m, l.stored) {
		return nil
	}
	record, err := b.o.Store.PutLink(ctx, recordOf(l.teams, l.guid, l.record.Revision, m))
	if err == nil {
		l.record, l.stored = record, m
		b.store.OK("")
		return nil
	}
	if errors.Is(err, store.ErrConflict) || errors.Is(err, store.ErrNotFound) {
		b.adopt(ctx, l)
	}
	b.failed(l, "store the link", err)
	b.store.Fail(err)
	return err
}

// adopt goes on from a record that somebody else has written.
func (b *Bridge) adopt(ctx context.Context, l *link) {
	record, err := b.o.Store.Link(ctx, l.teams)
	switch {
	case err == nil:
		l.record, l.memory, l.stored = record, memoryOf(record), memoryOf(record)
	case errors.Is(err, store.ErrNotFound):
		l.record, l.stored = store.Link{}, presence.Memory{}
	}
}

// forget deletes the record of a link of which nothing is left.
func (b *Bridge) forget(ctx context.Context, l *link) bool {
	if l.record.Revision != 0 {
		err := b.o.Store.DeleteLink(ctx, l.teams, l.record.Revision)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			b.failed(l, "delete the link", err)
			b.store.Fail(err)
			return false
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	l.running = false
	b.remove(l)
	b.checkIdle()
	return true
}
