package presence

import (
	"cmp"
	"errors"
	"slices"
	"time"
)

// Outcome is how an action ended.
type Outcome struct {
	// At is when the answer arrived.
	At time.Time
	// Err is nil where the side acknowledged, matches [ErrRefused] where it
	// refused for good, and is anything else where nothing is known.
	Err error
	// CallID and Connection are the answer to an [AddCall]. Where it was refused there is only the
	// connection that refused it, or 0 where none was asked.
	CallID     int64
	Connection uint64
}

// Done returns what to remember after an action. After an error other than
// [ErrRefused] whether the write arrived is not known, and it will be repeated. Nothing
// changes but the time of a write in Teams: no look from before can tell what became of it.
// Where a repetition is refused, what was tried before may stand.
func (r Rules) Done(m Memory, a Action, o Outcome) Memory {
	refused := errors.Is(o.Err, ErrRefused)
	m = m.Clone()
	if o.Err != nil && !refused {
		m.tried(a, o.At)
		return m
	}
	m.written(a, o.At)
	switch a.(type) {
	case SetSession, RenewSession:
		m.Session.answered(o.At, r.Session, refused)
	case ClearSession:
		m.Session.cleared(o.At, refused)
	case SetPreferred:
		if m.ToTeams.At = o.At; refused {
			m.giveUpTeams()
		} else {
			m.ToTeams.acknowledged(Sent)
		}
	case ClearPreferred:
		m.clearedTeams(o.At, refused)
	case AddCall:
		m.Call.At, m.Call.Connection = o.At, cmp.Or(o.Connection, m.Call.Connection)
		if m.Call.Stage = Refused; !refused {
			m.Call.Stage, m.Call.ID = Stands, o.CallID
		}
	case DelCall:
		m.Call.Stage, m.Call.At = Gone, o.At
	case SetActivity:
		m.ToPBX.At = o.At
		if m.ToPBX.Stage = Refused; !refused {
			m.ToPBX.Stage, m.ToPBX.Tried = Sent, false
		}
	}
	return m
}

// tried notes when a write was tried of which nothing is known.
func (m *Memory) tried(a Action, at time.Time) {
	switch a.(type) {
	case SetPreferred, ClearPreferred:
		m.ToTeams.At = at
	}
}

// written keeps the latest write of a slot.
func (m *Memory) written(a Action, at time.Time) {
	switch a.(type) {
	case SetActivity:
		m.Last.Activity = Write{at, m.ToPBX.Activity, m.ToPBX.Old}
	case SetPreferred:
		m.Last.Preferred = Write{at, m.ToTeams.Value.Activity, m.ToTeams.Old.Activity}
	case ClearPreferred:
		over := m.ToTeams.Old
		if m.ToTeams.Stage == Lifting {
			over = m.ToTeams.Value
		}
		m.Last.Preferred = Write{at, "", over.Activity}
	case SetSession, ClearSession:
		m.Last.Session.At = at
	case AddCall, DelCall:
		m.Last.Call.At = at
	}
}

// answered notes that a session was set or renewed. One that is renewed has been looked at
// before. A refusal ends nothing: an earlier one lasts as long as Graph has granted it.
func (h *Session) answered(at time.Time, lifetime time.Duration, refused bool) {
	h.At = at
	if refused {
		h.Stage = Refused
		return
	}
	h.Until = at.Add(lifetime)
	if h.Stage != Renewing {
		h.Stage = Sent
		return
	}
	h.Stage = Stands
}

// cleared notes that a session is gone, or will be when its time is over.
func (h *Session) cleared(at time.Time, refused bool) {
	if !refused {
		h.Until = at
	}
	h.Stage, h.At = Gone, h.Until
}

func (m *Memory) clearedTeams(at time.Time, refused bool) {
	w := m.ToTeams
	w.At = at
	switch replaces := !w.Under.IsZero() && w.Under != w.Value; {
	case w.Stage == Leaving:
		m.ToTeams = nil
	case refused && (w.Stage != Lifting || replaces):
		m.giveUpTeams()
	case refused:
		w.Stage, w.Tried = Lifted, true
	case w.Stage == Lifting:
		w.acknowledged(Lifted)
	default:
		w.acknowledged(Sent)
	}
}

// acknowledged notes that w has come to a stage, whatever there was before.
func (w *TeamsWrite) acknowledged(stage Stage) {
	w.Stage, w.Tried, w.Under, w.UnderUntil = stage, false, Teams{}, time.Time{}
}

// giveUpTeams agrees that Teams stays as it is, which may be what was written before, and also what
// should have been cleared. What an earlier try has set may show yet, but for what a hand had set before.
func (m *Memory) giveUpTeams() {
	w := m.ToTeams
	if m.Agreed != nil {
		m.Agreed.Teams = w.Old
		if h := m.Session; h != nil && slices.ContainsFunc(w.Trail, h.Value.Shows) { // it came back after a call
			m.Agreed.Teams = Teams{}
		}
	}
	if w.Tried && w.Stage == Pending && !w.Value.IsZero() && !(manual(w.Old) && w.Value.Shows(w.Old)) {
		w.Stage, w.Trail, w.Replaced = Doubted, nil, nil
		return
	}
	if m.ToTeams = w.beneath(); m.ToTeams == nil {
		m.ToTeams = w.gone()
	}
}

// Hidden says why a person shows something else than what the connector has
// written, or "" where they do not.
func (m Memory) Hidden(teams *TeamsSeen) string {
	hidden := teams != nil && (m.ToTeams != nil && m.ToTeams.Stage == Hidden ||
		m.Session.stands() && !teams.Value.Shows(m.Session.Value))
	switch {
	case teams == nil:
		return ""
	case hidden && signedOut(teams.Value):
		return "not signed in to Teams"
	case hidden:
		return "hidden by the person's own status"
	case m.Session != nil && m.Session.Stage == Refused:
		return "Graph refused the session"
	case m.ToPBX != nil && m.ToPBX.Stage == Hidden:
		return "the PBX shows something else"
	case m.Call != nil && m.Call.Stage == Refused:
		return "the PBX refused the alien call; shown as " + Busy
	}
	return ""
}
