package bridge

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/pbx365/connector/presence"
)

// CanaryOptions of a [Canary].
type CanaryOptions struct {
	// User is the name of the PBX user of a linked pair that nobody else uses. Required.
	User string
	// Every is the time between two rounds. Defaults to 5 min.
	Every time.Duration
	// Within is how long the other side may take to show a change. Defaults to 1 min.
	Within time.Duration
}

// Canary changes the presence of one test pair as a person would, on each side in turn,
// and measures how long the other side takes to show it. It writes through the ports past the
// links, so that the bridge takes what it does for changes by a person, and carries and takes back
// its own writes only.
//
// A round begins while both sides show available, and ends with that. In Teams it is the preferred
// presence that changes, which shows only while there is a session: where the account is signed out, the
// canary holds the session of the application, as available, during the round. That is the one that the
// bridge holds for calls, so a round does not begin during one, and a session that the bridge has
// begun meanwhile is left to it. A round that was cut short is made good by the next run; in Teams it
// lapses by itself. It must be made with [NewCanary].
type Canary struct {
	b              *Bridge
	o              CanaryOptions
	light          *presence.Light
	seen           chan struct{} // something has arrived of the pair
	toPBX, toTeams trips
}

// NewCanary returns a Canary that does nothing until Run.
func NewCanary(b *Bridge, o CanaryOptions) *Canary {
	if o.Every == 0 {
		o.Every = 5 * time.Minute
	}
	if o.Within == 0 {
		o.Within = time.Minute
	}
	return &Canary{b: b, o: o, light: presence.NewLight("canary"), seen: make(chan struct{}, 1)}
}

// CanaryError is a change of the canary that the other side has not shown in time.
type CanaryError struct {
	User string
	// From is the side that was changed, and Want what the other one was to show, in its words.
	From presence.Side
	Want string
	// Shown is what that side showed in its place.
	Shown  string
	Within time.Duration
}

func (e *CanaryError) Error() string {
	return fmt.Sprintf("%s was changed for %s, and %s was not shown within %s, but %s", where[e.From], e.User, e.Want, e.Within, e.Shown)
}

// Advice says what an administrator has to look at.
func (e *CanaryError) Advice() string {
	return "Presence does not arrive from " + map[presence.Side]string{presence.SideTeams: "Teams on the PBX", presence.SidePBX: "the PBX in Teams"}[e.From] +
		". Look at the other lights, and at " + e.User + " among the people in trouble; nobody else may use the account."
}

var where = map[presence.Side]string{presence.SideTeams: "Teams", presence.SidePBX: "the PBX"}

// Health returns the light of the canary.
func (c *Canary) Health() presence.Health { return c.light.Health() }

// canaryRetry is how soon a round is tried again that could not begin.
const canaryRetry = 10 * time.Second

// Run plays a round at once and then one every time, until ctx ends. Then it returns nil, after
// it has tried to leave the pair as it was found. It must be called once.
func (c *Canary) Run(ctx context.Context) error {
	for unclean := true; ctx.Err() == nil; { // an earlier run may have left something
		pause, p := c.o.Every, c.pair()
		switch {
		case unclean && p.left():
			_ = c.leave(ctx, p) // until nothing is left
			pause = min(pause, canaryRetry)
		case p.why != "":
			if c.light.Health().State != presence.StateFailed {
				c.light.Starting(p.why)
			}
			pause = min(pause, canaryRetry)
		default:
			err := c.round(ctx, p)
			unclean = err != nil
			c.report(ctx, err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return nil
}

func (c *Canary) report(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err != nil:
		c.light.Fail(err)
	default:
		c.light.OK(c.toPBX.detail("Teams to PBX") + "; " + c.toTeams.detail("PBX to Teams"))
	}
}

// round plays both ways, as far as values are carried.
func (c *Canary) round(ctx context.Context, p canaryPair) (err error) {
	teams, pbx := c.b.o.Teams, c.b.o.PBX
	defer func() {
		// What was changed is taken back also when ctx has ended.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.b.o.Grace)
		defer cancel()
		err = errors.Join(err, c.leave(ctx, p))
	}()
	if p.signedOut {
		if err := teams.SetSession(ctx, p.teams, canaryIdle, canaryHold); err != nil {
			return fmt.Errorf("canary, session: %w", err)
		}
		if err := c.await(ctx, func(p canaryPair) bool { return !p.signedOut }); err != nil {
			return c.missed(err, presence.SideTeams, canaryIdle.Activity, c.pair().teamsShown)
		}
	}
	if word, carried := p.toPBX(); carried {
		if err := c.toPBX.measure(func() error { return teams.SetPreferred(ctx, p.teams, canaryTeams, canaryHold) },
			func() error { return c.await(ctx, func(p canaryPair) bool { return p.pbxShown == word }) }); err != nil {
			return c.missed(err, presence.SideTeams, word, c.pair().pbxShown)
		}
		if err := teams.ClearPreferred(ctx, p.teams); err != nil {
			return fmt.Errorf("canary, clear: %w", err)
		}
		if err := c.await(ctx, func(p canaryPair) bool { return p.why == "" }); err != nil {
			return c.missed(err, presence.SideTeams, "available", c.pair().pbxShown)
		}
	}
	row, carried := p.toTeams()
	if !carried {
		return nil
	}
	if err := c.toTeams.measure(func() error { return pbx.SetPresence(ctx, p.guid, presence.PBX{Activity: canaryPBX, Note: p.note}) },
		func() error {
			return c.await(ctx, func(p canaryPair) bool { return strings.EqualFold(p.teamsShown, row.Value.Activity) })
		}); err != nil {
		return c.missed(err, presence.SidePBX, row.Value.Activity, c.pair().teamsShown)
	}
	if err := pbx.SetPresence(ctx, p.guid, presence.PBX{Note: p.note}); err != nil {
		return fmt.Errorf("canary, clear: %w", err)
	}
	if err := c.await(ctx, func(p canaryPair) bool { return p.why == "" }); err != nil {
		return c.missed(err, presence.SidePBX, "available", c.pair().teamsShown)
	}
	return nil
}

// leave takes back what the canary may have changed, on either side.
func (c *Canary) leave(ctx context.Context, found canaryPair) error {
	now := c.pair()
	var errs []error
	if now.pbxShown == canaryPBX {
		errs = append(errs, c.b.o.PBX.SetPresence(ctx, found.guid, presence.PBX{Note: now.note}))
	}
	if strings.EqualFold(now.teamsShown, canaryTeams.Activity) {
		errs = append(errs, c.b.o.Teams.ClearPreferred(ctx, found.teams))
	}
	if found.signedOut && !now.session {
		errs = append(errs, c.b.o.Teams.ClearSession(ctx, found.teams))
	}
	return errors.Join(errs...)
}

// missed says what was not shown in time; any other error stays as it is.
func (c *Canary) missed(err error, from presence.Side, want, shown string) error {
	if !errors.Is(err, errCanaryLate) {
		return err
	}
	return &CanaryError{User: c.o.User, From: from, Want: want, Shown: cmp.Or(shown, "available"), Within: c.o.Within}
}

var errCanaryLate = errors.New("not shown in time")

// await waits until the pair is as wanted.
func (c *Canary) await(ctx context.Context, wanted func(canaryPair) bool) error {
	late := time.After(c.o.Within)
	for !wanted(c.pair()) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-late:
			return errCanaryLate
		case <-c.seen:
		}
	}
	return nil
}
