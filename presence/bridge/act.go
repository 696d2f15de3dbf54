package bridge

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pbx365/connector/presence"
)

// Step is one decision and what came of it.
type Step struct {
	Teams, PBX string // object id and guid of the person
	Name       string // of the PBX user
	Rules      []presence.Rule
	Action     presence.Action
	// Err is how the action ended: nil for success, and no failure where it matches
	// [presence.ErrWithdrawn].
	Err  error
	At   time.Time
	Took time.Duration
}

// errStale has a look repeated later.
var errStale = errors.New("the answer is older than what was seen before")

// act carries out the action of d and remembers its outcome. An action that is withdrawn was
// never decided: what was remembered before holds again.
func (b *Bridge) act(ctx context.Context, l *link, view presence.View, d presence.Decision, before presence.Memory) {
	begin := time.Now()
	out := b.do(b.begin(ctx, l, d, begin, before), l, view, d.Action)
	out.At = time.Now()
	withdrawn := errors.Is(out.Err, presence.ErrWithdrawn)
	if l.memory = l.rules.Done(l.memory, d.Action, out); withdrawn {
		l.memory = before
	}
	done := b.settle(l, d, out, out.At.Sub(begin))
	if done.Err != nil && !withdrawn {
		b.o.Logger.Warn("write failed", "teams_id", done.Teams, "pbx_user", done.Name, "action", d.Action.String(), "error", done.Err)
	}
	b.o.Logger.Debug("step", "teams_id", done.Teams, "pbx_user", done.Name, "rules", d.Rules, "action", d.Action.String(), "withdrawn", withdrawn, "took", done.Took)
	b.o.OnStep(done)
	if err := b.remember(ctx, l, l.memory); err != nil {
		// The outcome is known here, and after a crash the write is repeated.
		b.o.Logger.Warn("outcome is not stored", "teams_id", l.teams, "action", d.Action.String(), "error", err)
	}
}

// begin returns the ctx of an action, which is withdrawn as soon as something else would be
// decided from the same memory, and lets an operator see what is under way.
func (b *Bridge) begin(ctx context.Context, l *link, d presence.Decision, at time.Time, before presence.Memory) context.Context {
	ctx, withdraw := presence.Withdrawable(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	l.shown.Memory = d.Memory
	if l.underway = (&underway{before, d.Action, at, withdraw}); l.dirty {
		b.review(l)
	}
	return ctx
}

// review withdraws what is under way for l if something else would be decided now. That a
// side is out of sight is no other decision. The caller holds b.mu.
func (b *Bridge) review(l *link) {
	u := l.underway
	if u == nil {
		return
	}
	v := b.view(l)
	if blind := v.PBX == nil && v.Goal == presence.Sync; !blind && !presence.Same(u.action, l.wanted.Merge(u.before, v).Action) {
		u.withdraw()
	}
}

func (b *Bridge) do(ctx context.Context, l *link, view presence.View, a presence.Action) (out presence.Outcome) {
	switch a := a.(type) {
	case presence.SetSession:
		out.Err = b.o.Teams.SetSession(ctx, l.teams, a.Value, a.Lifetime)
	case presence.RenewSession:
		out.Err = b.o.Teams.RenewSession(ctx, l.teams, a.Value, a.Lifetime)
	case presence.ClearSession:
		out.Err = b.o.Teams.ClearSession(ctx, l.teams)
	case presence.SetPreferred:
		out.Err = b.o.Teams.SetPreferred(ctx, l.teams, a.Value, a.Lifetime)
	case presence.ClearPreferred:
		out.Err = b.o.Teams.ClearPreferred(ctx, l.teams)
	case presence.Look:
		var look presence.TeamsSeen
		if look, out.Err = b.o.Teams.Look(ctx, l.teams); out.Err == nil && !b.looked(l.teams, look) {
			out.Err = errStale
		}
	case presence.AddCall:
		out.CallID, out.Connection, out.Err = b.o.PBX.AddAlienCall(ctx, l.guid)
	case presence.DelCall:
		out.Err = b.o.PBX.DelAlienCall(ctx, l.guid, a.ID)
	case presence.SetActivity:
		out.Err = b.o.PBX.SetPresence(ctx, l.guid, presence.PBX{Activity: a.Activity, Note: b.ownNote(l)})
	default:
		panic(fmt.Sprintf("bridge: unknown action %T", a))
	}
	return out
}

// ownNote is the person's own note, which goes along with every activity, also while the PBX
// is out of sight.
func (b *Bridge) ownNote(l *link) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.pbx[l.guid]; s != nil {
		return s.look.Value.Note
	}
	return ""
}

// settle counts the outcome, holds back the side that failed, lets the worker look
// again, and returns the step to tell of.
func (b *Bridge) settle(l *link, d presence.Decision, out presence.Outcome, took time.Duration) Step {
	b.mu.Lock()
	defer b.mu.Unlock()
	l.dirty, l.shown.Memory = true, l.memory
	l.underway.withdraw()
	l.underway = nil
	l.timeline.wrote(d, out.Err, out.At.Add(-took), took)
	if !errors.Is(out.Err, presence.ErrWithdrawn) {
		b.repaired(d)
	}
	look := d.Action == presence.Action(presence.Look{})
	side := &l.teamsHold
	switch {
	case look:
		side = &l.lookHold
	case d.Action.Side() == presence.SidePBX:
		side = &l.pbxHold
	}
	switch {
	case out.Err == nil:
		side.reset()
		l.lastErr = nil
		b.counts.Done++
	case errors.Is(out.Err, presence.ErrWithdrawn):
		b.counts.Withdrawn++
	case errors.Is(out.Err, presence.ErrRefused) && !look:
		b.counts.Refused++
		l.lastErr, l.lastErrAt, l.lastFinal = out.Err, out.At, true
	default:
		b.counts.Failed++
		side.fail(out.At)
		l.lastErr, l.lastErrAt, l.lastFinal = out.Err, out.At, false
	}
	return Step{
		Teams: l.teams, PBX: l.guid, Name: l.name, Rules: d.Rules, Action: d.Action,
		Err: out.Err, At: out.At, Took: took,
	}
}

// calm notes a decision that needs no action, and forgets a failure that nothing is waiting
// to make good: what failed is not wanted any more, or was learnt in another way.
func (b *Bridge) calm(l *link, d presence.Decision) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	l.timeline.decided(d, now)
	b.repaired(d)
	if !l.lastFinal && !l.teamsHold.at(now) && !l.lookHold.at(now) && !l.pbxHold.at(now) {
		l.lastErr = nil
	}
}

// failed keeps an error that is not one of a write.
func (b *Bridge) failed(l *link, doing string, err error) {
	b.mu.Lock()
	l.lastErr, l.lastErrAt, l.lastFinal = fmt.Errorf("%s: %w", doing, err), time.Now(), false
	l.timeline.link(l.lastErr.Error(), l.lastErrAt)
	b.mu.Unlock()
	b.o.Logger.Warn("store failed", "teams_id", l.teams, "doing", doing, "error", err)
}
