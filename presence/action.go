package presence

import (
	"fmt"
	"slices"
	"time"
)

// Action is one write (or one look) for one person. It is one of [SetSession],
// [RenewSession], [ClearSession], [SetPreferred], [ClearPreferred], [Look],
// [AddCall], [DelCall] and [SetActivity].
type Action interface {
	fmt.Stringer
	// Side is where the action is carried out.
	Side() Side
}

// Side is one of the two systems.
type Side string

// The sides.
const (
	SideTeams Side = "Teams"
	SidePBX   Side = "PBX"
)

// SetSession sets the application's presence session in Teams.
type SetSession struct {
	Value    Teams
	Lifetime time.Duration
}

// RenewSession makes one that is held last longer. It can wait where SetSession cannot.
type RenewSession struct {
	Value    Teams
	Lifetime time.Duration
}

// ClearSession removes the application's presence session.
type ClearSession struct{}

// SetPreferred sets the preferred presence of the person in Teams.
type SetPreferred struct {
	Value    Teams
	Lifetime time.Duration
}

// ClearPreferred clears the preferred presence.
type ClearPreferred struct{}

// Look reads the person's presence in Teams.
type Look struct{}

// AddCall adds an alien call on the PBX.
type AddCall struct{}

// DelCall deletes the alien call with that id.
type DelCall struct{ ID int64 }

// SetActivity sets the activity of the PBX contact; the empty one takes it back.
type SetActivity struct{ Activity string }

// Side implements [Action].
func (SetSession) Side() Side     { return SideTeams }
func (RenewSession) Side() Side   { return SideTeams }
func (ClearSession) Side() Side   { return SideTeams }
func (SetPreferred) Side() Side   { return SideTeams }
func (ClearPreferred) Side() Side { return SideTeams }
func (Look) Side() Side           { return SideTeams }
func (AddCall) Side() Side        { return SidePBX }
func (DelCall) Side() Side        { return SidePBX }
func (SetActivity) Side() Side    { return SidePBX }

func (a SetSession) String() string   { return "session " + a.Value.String() }
func (a RenewSession) String() string { return "renew session " + a.Value.String() }
func (ClearSession) String() string   { return "clear session" }
func (a SetPreferred) String() string { return "preferred presence " + a.Value.String() }
func (ClearPreferred) String() string { return "clear preferred presence" }
func (Look) String() string           { return "read Teams" }
func (AddCall) String() string        { return "add alien call" }
func (DelCall) String() string        { return "delete alien call" }
func (a SetActivity) String() string  { return "activity " + PBX{Activity: a.Activity}.String() }

// Same reports whether a and b do the same, however long it is to last. Either may be nil.
func Same(a, b Action) bool { return withoutLifetime(a) == withoutLifetime(b) }

func withoutLifetime(a Action) Action {
	switch a := a.(type) {
	case SetSession:
		return SetSession{Value: a.Value}
	case RenewSession:
		return RenewSession{Value: a.Value}
	case SetPreferred:
		return SetPreferred{Value: a.Value}
	}
	return a
}

// act derives the next action from the stages. Teams comes first and in an order
// that hides what lies between: a session before the lifting of the preferred
// presence, the preferred presence back before the session goes.
func (s *step) act() {
	if s.Goal != Sync {
		s.leave()
	}
	if s.out.Action = s.actTeams(); s.out.Action == nil {
		s.out.Action = s.actPBX()
	}
	if s.out.Action != nil && len(s.out.Rules) == 0 {
		s.fired(RuleGoOn)
	}
}

func (s *step) actTeams() Action {
	h, w := s.m.Session, s.m.ToTeams
	switch {
	case s.TeamsHeld && !s.LooksHeld && s.lookDue():
		s.fired(RuleLook)
		return Look{}
	case s.TeamsHeld:
	case h != nil && h.Stage == Pending:
		return SetSession{h.Value, s.Session}
	case w != nil && (w.Stage == Lifting || w.Stage == Leaving):
		return ClearPreferred{}
	case w != nil && w.Stage == Pending && w.Value.IsZero():
		return ClearPreferred{}
	case w != nil && w.Stage == Pending:
		return SetPreferred{w.Value, w.Until.Sub(s.Now)}
	case h != nil && h.Stage == Leaving:
		return ClearSession{}
	case h != nil && h.Stage == Renewing:
		return RenewSession{h.Value, s.Session}
	case !s.LooksHeld && s.lookDue():
		s.fired(RuleLook)
		return Look{}
	}
	return nil
}

// lookDue reports that only a read of Teams can tell what has become of a write, or
// that a settle time has ended without a look since.
func (s *step) lookDue() bool {
	due := func(at time.Time) bool { return s.settled(at) && !s.settledAndSeen(at) }
	h, w := s.m.Session, s.m.ToTeams
	return s.Goal != Pause && w != nil && w.Stage == Doubted && due(w.At) || s.Goal == Sync && (s.unsure ||
		h != nil && h.Stage == Sent && due(h.At) ||
		h != nil && (h.Stage == Gone || h.Stage == Refused) && s.ownCall() && due(h.Until) ||
		w != nil && w.Stage == Sent && due(w.At) || w.stands() && due(w.Until))
}

func (s *step) actPBX() Action {
	c, w := s.m.Call, s.m.ToPBX
	switch {
	case s.PBXHeld || s.PBX == nil && s.Goal == Sync:
	case c != nil && c.Stage == Leaving:
		return DelCall{c.ID}
	case w != nil && w.Stage == Pending:
		return SetActivity{w.Activity}
	case c != nil && c.Stage == Pending:
		if s.PBX != nil { // where this try is made
			c.Home, c.Connection = s.PBX.Home, s.PBX.Connection
		}
		return AddCall{}
	}
	return nil
}

// leave turns what the connector holds into what it has to take back.
func (s *step) leave() {
	if s.Goal != TakeBack {
		return
	}
	if s.m.Session != nil && s.m.Session.Stage == Gone {
		s.m.Session = nil
	}
	if s.m.Call != nil && s.m.Call.Stage == Gone {
		s.m.Call = nil
	}
	s.m.Agreed, s.m.TeamsRival, s.m.PBXRival = nil, nil, nil // a link that comes back begins anew
	s.leaveTeams()
	s.leavePBX()
}

func (s *step) leaveTeams() {
	if w := s.m.ToTeams; w != nil && w.Stage == Doubted {
		s.leaveDoubted(w)
	}
	switch w := s.m.ToTeams; {
	case w == nil, w.Stage == Doubted, w.Stage == Lifting, w.Stage == Leaving:
	case w.Value.IsZero() && (w.Stage != Pending || len(w.Trail) == 0):
		s.m.ToTeams = nil // nothing of the connector's is left
	default:
		w.Stage = Leaving
		s.fired(RuleTakeBack)
	}
}

func (s *step) leavePBX() {
	w := s.m.ToPBX
	switch {
	case w.doubted() && w.Activity == "" && (s.PBX == nil || slices.Contains(w.Trail, s.PBX.Value.Activity)):
		w.Stage, w.At, w.Tried = Pending, s.Now, false
		s.fired(RuleTakeBack)
	case w.doubted() && w.Activity != "" && s.PBX != nil && !s.settled(w.At): // what shows until then may be the person's
		s.wake(w.At.Add(s.Settle))
	case w == nil || w.Activity == "" && (w.Stage != Hidden || !w.oldIsOurs()):
	case s.PBX == nil && w.Stage == Refused && !w.Tried && !w.oldIsOurs():
		s.giveUpPBX()
	case s.PBX == nil: // out of sight; what was written is taken to stand still
		s.m.ToPBX = &PBXWrite{Old: w.Activity, Trail: w.Trail, Stage: Pending, At: s.Now}
		s.fired(RuleTakeBack)
	case s.fromTeams() && (w.Stage != Pending || s.PBX.Value.Activity != w.Old || w.Old == "" || w.oldIsOurs()):
		s.writePBX("")
		s.fired(RuleTakeBack)
	case w.Stage == Pending && w.Tried && s.PBX.Value.Activity == w.Old: // doubted from now on
		w.Stage = Sent
		s.wake(w.At.Add(s.Settle))
	default:
		s.m.ToPBX = nil
	}
}

// leaveDoubted waits for the look that tells whether w is there, and not forever: one that is due may fail.
func (s *step) leaveDoubted(w *TeamsWrite) {
	end := w.At.Add(2 * s.Settle)
	if s.wake(end); s.Now.Before(end) || !s.settledAndSeen(w.At) && !s.LooksHeld {
		return
	}
	if w.Tried {
		w.Stage = Leaving
	} else {
		s.m.ToTeams = w.beneath()
	}
}
