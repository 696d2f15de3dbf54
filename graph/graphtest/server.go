package graphtest

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// Server is the authority and the Graph of one tenant. It must be made with [New]. All
// methods are safe for concurrent use. Those that name a person take an object id or a
// user principal name and panic where there is no such person.
type Server struct {
	o         Options
	ca        *issuer
	client    *http.Client
	deliverer *http.Client
	authority http.Handler
	graph     http.Handler
	wake      chan struct{}

	mu            sync.Mutex    // protects following
	changed       chan struct{} // nil: nobody waits for a change
	agenda        agenda
	listening     *listening
	signers       []signer
	apps          map[string]*App
	people        []*person
	byID          map[string]*person
	byUPN         map[string]*person
	revision      int
	epoch         int
	sequence      int64
	failures      map[string]int
	mfa           map[string]bool
	devices       map[string]*device
	refreshTokens map[string]grant
	subscriptions []*subscription
	ready         []*outbox
	answers       []*answerFault
	deliveries    []*deliveryFault
	grants        []*grantFault
	answerTimes   map[string][]answerTime // by endpoint, oldest first
	faults        int                     // ever installed
	allowed       time.Time               // when the present allowance began
	asked         int                     // of it
	sound         *deliveryFault          // none
	tally         Tally
	paces         []second            // in the order of time
	verified      map[string]verified // by access token
	vouchers      map[string]voucher  // by client id
	writes        []Write
	attempts      []Attempt
	late          []Late
}

// New returns a tenant without applications and people. It starts nothing.
func New(o Options) *Server {
	s := &Server{
		o:             o.withDefaults(),
		ca:            newIssuer(),
		wake:          make(chan struct{}, 1),
		apps:          make(map[string]*App),
		byID:          make(map[string]*person),
		byUPN:         make(map[string]*person),
		failures:      make(map[string]int),
		mfa:           make(map[string]bool),
		devices:       make(map[string]*device),
		refreshTokens: make(map[string]grant),
		sound:         new(deliveryFault),
		tally:         make(Tally),
		verified:      make(map[string]verified),
		vouchers:      make(map[string]voucher),
		answerTimes:   make(map[string][]answerTime),
	}
	s.client = s.newClient()
	s.deliverer = s.newDeliverer()
	s.authority = s.authorityRoutes()
	s.graph = s.graphRoutes()
	key := s.o.Key
	if key == nil {
		key = newKey()
	}
	s.signers = []signer{newSigner(key)}
	return s
}

// Tenant returns the directory id.
func (s *Server) Tenant() string { return s.o.Tenant }

// Run delivers notifications and lets time pass until ctx ends, and returns its error
// after the last delivery stopped. It may be run again, but not twice at a time.
func (s *Server) Run(ctx context.Context) error {
	var senders sync.WaitGroup
	defer s.client.CloseIdleConnections()
	defer senders.Wait()
	for {
		now := s.begin()
		ready := s.ready
		s.ready = nil
		var alarm <-chan time.Time
		if next, ok := s.agenda.next(); ok {
			alarm = time.After(next.Sub(now))
		}
		s.mu.Unlock()
		for _, box := range ready {
			senders.Go(func() { s.drain(ctx, box) })
		}
		select {
		case <-alarm:
		case <-s.wake:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Tick looks at the clock: what has run out by now is taken away and notified. Only
// needed after a clock was moved by hand.
func (s *Server) Tick() {
	s.begin()
	s.mu.Unlock()
}

// Await returns nil as soon as done reports true. It asks at once and after each change
// of the server's state, not in intervals; done may call methods of the server.
func (s *Server) Await(ctx context.Context, done func() bool) error {
	for {
		s.mu.Lock()
		if s.changed == nil {
			s.changed = make(chan struct{})
		}
		changed := s.changed
		s.mu.Unlock()
		if done() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("graphtest: await: %w", context.Cause(ctx))
		}
	}
}

// begin takes the lock and brings the state up to the time it returns.
func (s *Server) begin() time.Time {
	s.mu.Lock()
	now := s.o.Now()
	for keep := s.agenda.take(now); keep != nil; keep = s.agenda.take(now) {
		keep(now)
		s.announce()
	}
	return now
}

// at has keep called once t has come, with mu held; a zero t never does. Called with mu held.
func (s *Server) at(t time.Time, keep func(now time.Time)) {
	if !t.IsZero() && s.agenda.add(t, keep) {
		s.rouse()
	}
}

// announce wakes Await. Called with mu held.
func (s *Server) announce() {
	if s.changed != nil {
		close(s.changed)
		s.changed = nil
	}
}

// rouse has Run look for senders and at the agenda.
func (s *Server) rouse() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(fmt.Sprintf("graphtest: make signing key: %v", err))
	}
	return key
}

// record appends to a history that keeps its newest entries.
func record[T any](history []T, entry T, limit int) []T {
	if len(history) == limit {
		history = append(history[:0:0], history[limit/2:]...)
	}
	return append(history, entry)
}
