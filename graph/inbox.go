package graph

import (
	"context"
	"strings"
	"sync"
	"time"
)

// inbox is what waits to be opened: of each person only the newest notification,
// since presence is a state. No two workers open one of the same person at a time, so
// that what arrives in order is passed on in order. It is safe for concurrent use.
type inbox struct {
	ready chan sender // those who wait while nobody is at work on them

	mu      sync.Mutex // protects following
	waiting map[sender]sealed
	busy    map[sender]bool
}

// sender is whom a notification is about, and to whom it goes.
type sender struct {
	to   listener
	user string // in lower case
}

// sealed is an encrypted notification on its way to a worker.
type sealed struct {
	Notification
	to      listener
	from    string // address that it came from
	at      time.Time
	voucher *voucher
}

func (s sealed) sender() sender { return sender{s.to, strings.ToLower(s.User)} }

// voucher is what vouches for the notifications of one delivery. It is verified
// when the first of them is opened.
type voucher struct {
	tokens []string
	once   sync.Once
	err    error
}

func (v *voucher) verify(ctx context.Context, by *Verifier) error {
	v.once.Do(func() { v.err = by.Verify(ctx, v.tokens) })
	return v.err
}

// newInbox returns one with room for that many people.
func newInbox(room int) *inbox {
	return &inbox{ready: make(chan sender, room), waiting: map[sender]sealed{}, busy: map[sender]bool{}}
}

// put replaces what waits of the same person. It never waits, and reports false
// where there is no room for one more.
func (b *inbox) put(s sealed) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	who := s.sender()
	_, waits := b.waiting[who]
	if !waits && len(b.waiting) == cap(b.ready) {
		return false
	}
	b.waiting[who] = s
	if !waits && !b.busy[who] {
		b.ready <- who // has room: whoever is on it waits
	}
	return true
}

// take returns the next one, which must be given to done. It returns the error of
// ctx once that ends.
func (b *inbox) take(ctx context.Context) (sealed, error) {
	select {
	case <-ctx.Done():
		return sealed{}, ctx.Err()
	case who := <-b.ready:
		b.mu.Lock()
		defer b.mu.Unlock()
		s := b.waiting[who]
		delete(b.waiting, who)
		b.busy[who] = true
		return s, nil
	}
}

// done lets the next one of that person be taken.
func (b *inbox) done(s sealed) {
	b.mu.Lock()
	defer b.mu.Unlock()
	who := s.sender()
	delete(b.busy, who)
	if _, waits := b.waiting[who]; waits {
		b.ready <- who
	}
}
