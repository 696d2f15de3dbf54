package bridge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/store"
)

// Options of a [Bridge].
type Options struct {
	// Teams, PBX and Store are required.
	Teams Teams
	PBX   PBX
	Store store.Records
	// Matcher says who is who; usually match.Default. The zero Matcher links nobody.
	Matcher match.Matcher
	// Rules are the tables, the direction and the times of the decisions for a pair. It is
	// asked at each matching, which [Bridge.RulesChanged] brings about, and must not call the
	// bridge. Defaults to the default rules for everybody.
	Rules func(match.Pair) presence.Rules
	// Watch is told the object ids of everybody linked, each time they change: the
	// people whom a feed has to look at. It must not block. Optional.
	Watch func(teams []string)
	// OnStep is told what was decided and done for a person. It is called from many
	// goroutines and must not block. Optional.
	OnStep func(Step)
	// Grace bounds the time for ending sessions and alien calls when Run ends: with what Graph
	// allows, some 500 people who are on the phone at that moment. What is left ends by itself.
	// Defaults to 25 s, a little less than the 30 s that Kubernetes gives.
	Grace time.Duration
	// Logger gets failed writes at Warn, links that begin and end at Info, steps at
	// Debug. Nil discards.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Rules == nil {
		o.Rules = func(match.Pair) presence.Rules { return presence.Rules{} }
	}
	if o.Watch == nil {
		o.Watch = func([]string) {}
	}
	if o.OnStep == nil {
		o.OnStep = func(Step) {}
	}
	if o.Grace == 0 {
		o.Grace = 25 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// Bridge keeps people the same on both sides. It must be made with [New] and is
// safe for concurrent use.
type Bridge struct {
	o     Options
	store *presence.Light

	// rematch wakes the matching; it holds at most one wake-up.
	rematch chan struct{}
	// workers counts the goroutines that work on links.
	workers sync.WaitGroup

	mu      sync.Mutex      // protects the following
	run     context.Context // of the workers; nil before Run
	closing bool            // no worker is started any more
	goal    presence.Goal
	loaded  bool              // records have been read
	records []store.Link      // of earlier runs, until the first matching makes links of them
	people  []match.TeamsUser // nil until the first list
	synced  bool              // every PBX user is known
	users   map[string]match.PBXUser
	teams   map[string]*seen[presence.TeamsSeen] // by object id
	pbx     map[string]*seen[presence.PBXSeen]   // by guid
	links   map[string]*link                     // by object id
	byGUID  map[string]*link
	report  match.Report
	started time.Time
	idle    chan struct{} // closed when the last link is gone; for Release
	counts  Counts
	repairs Repairs
	unknown map[string]int
}

// New returns a Bridge that does nothing until [Bridge.Run].
func New(o Options) (*Bridge, error) {
	for name, missing := range map[string]bool{"Teams": o.Teams == nil, "PBX": o.PBX == nil, "Store": o.Store == nil} {
		if missing {
			return nil, fmt.Errorf("bridge: option %s is missing", name)
		}
	}
	return &Bridge{
		o: o.withDefaults(), store: presence.NewLight("store"), rematch: make(chan struct{}, 1),
		users: map[string]match.PBXUser{}, links: map[string]*link{}, byGUID: map[string]*link{}, unknown: map[string]int{},
		teams: map[string]*seen[presence.TeamsSeen]{}, pbx: map[string]*seen[presence.PBXSeen]{},
	}, nil
}

// matchEvery is the least time between two matchings, so that a stream of changes
// to the lists costs few of them.
const matchEvery = 100 * time.Millisecond

// Run links people and keeps them the same until ctx ends. Then it ends sessions
// and alien calls, waits for its goroutines, and returns nil. It returns an error
// where the store cannot be read at the start. It must be called once.
func (b *Bridge) Run(ctx context.Context) error {
	records, err := b.o.Store.Links(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		b.store.Fail(err)
		return fmt.Errorf("bridge: read links: %w", err)
	}
	b.store.OK(fmt.Sprintf("%d links remembered", len(records)))
	workCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	b.mu.Lock()
	if b.run != nil {
		b.mu.Unlock()
		return errors.New("bridge: Run was called twice")
	}
	b.run, b.started = workCtx, time.Now()
	b.records, b.loaded = records, true
	b.checkIdle()
	b.mu.Unlock()
	b.matchUntilDone(ctx)
	b.pause(stop)
	return nil
}

func (b *Bridge) matchUntilDone(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
			return
		case <-b.rematch:
		}
		b.match()
		select {
		case <-ctx.Done():
		case <-time.After(matchEvery):
		}
	}
}

// pause ends sessions and alien calls, for Grace at most. A Release under way
// keeps its goal.
func (b *Bridge) pause(stop context.CancelFunc) {
	b.mu.Lock()
	if b.goal == presence.Sync {
		b.goal = presence.Pause
	}
	for _, l := range b.links {
		b.wake(l)
	}
	b.closing = true
	b.mu.Unlock()
	timer := time.AfterFunc(b.o.Grace, stop)
	defer timer.Stop()
	b.workers.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.links {
		l.stopTimer()
	}
}

// Release takes back everything that the connector has ever written and waits
// until nothing is left. No link is made any more. Run must be running, and both
// lists complete before anything is taken back. It returns the error of ctx, with
// the number of people of whom something is left.
func (b *Bridge) Release(ctx context.Context) error {
	b.mu.Lock()
	b.goal = presence.TakeBack
	if b.idle == nil {
		b.idle = make(chan struct{})
	}
	idle := b.idle
	for _, l := range b.links {
		b.wake(l)
	}
	b.checkIdle()
	b.mu.Unlock()
	b.wakeMatch()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		b.mu.Lock()
		defer b.mu.Unlock()
		return fmt.Errorf("release: something is left of %d people, %s: %w", len(b.links)+len(b.records), b.obstacle(), ctx.Err())
	}
}

// obstacle says what a release waits for.
func (b *Bridge) obstacle() string {
	switch {
	case b.people == nil:
		return "the people in Teams could not be listed"
	case !b.synced:
		return "no master PBX has connected and told its users"
	}
	for _, l := range b.links {
		if l.lastErr != nil {
			return fmt.Sprintf("for %s: %v", l.name, l.lastErr)
		}
	}
	return "not everything was answered in time"
}
