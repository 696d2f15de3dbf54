package presence

import (
	"slices"
	"time"
)

// Holding is something that the connector has put on a side, or is about to, and must one
// day take back.
type Holding struct {
	Side Side `json:"side"`
	// What is in the words of the [Action] that put it there.
	What  string `json:"what"`
	Stage Stage  `json:"stage"`
	// Since is when it was decided, then when it was last acknowledged.
	Since time.Time `json:"since"`
	// Until is when its side ends it by itself; zero for never.
	Until time.Time `json:"until,omitzero"`
}

// Holdings lists what m holds on either side. What was refused is not held.
func (m Memory) Holdings() (list []Holding) {
	if h := m.Session; h != nil && (h.Stage != Refused || !h.Until.IsZero()) {
		list = append(list, Holding{SideTeams, SetSession{Value: h.Value}.String(), h.Stage, h.At, h.Until})
	}
	if w := m.ToTeams; w != nil && !w.Value.IsZero() {
		list = append(list, Holding{SideTeams, SetPreferred{Value: w.Value}.String(), w.Stage, w.At, w.Until})
	}
	if c := m.Call; c != nil && c.Stage != Refused {
		list = append(list, Holding{SidePBX, "alien call", c.Stage, c.At, time.Time{}})
	}
	if w := m.ToPBX; w != nil && w.Activity != "" {
		list = append(list, Holding{SidePBX, SetActivity{w.Activity}.String(), w.Stage, w.At, time.Time{}})
	}
	return list
}

// Wait is something that has to come, or a time that has to pass, before anything more is
// done for a person.
type Wait struct {
	For string `json:"for"`
	// Until is when the waiting ends; zero where only the other side knows.
	Until time.Time `json:"until,omitzero"`
}

// Waits lists the times that r still waits for, the next one first.
func (r Rules) Waits(m Memory, v View) (list []Wait) {
	add := func(what string, until time.Time) {
		if until.After(v.Now) {
			list = append(list, Wait{what, until})
		}
	}
	if w := m.ToPBX; w != nil && w.Stage == Sent {
		add("the PBX to show "+SetActivity{w.Activity}.String(), w.At.Add(r.Settle))
	}
	if w := m.ToTeams; w != nil {
		switch {
		case w.Stage == Sent && w.Value.IsZero():
			add("Teams to show "+ClearPreferred{}.String(), w.At.Add(r.Settle))
		case w.Stage == Sent:
			add("Teams to show "+SetPreferred{Value: w.Value}.String(), w.At.Add(r.Settle))
		}
		if !w.Value.IsZero() && w.Stage != Leaving {
			add(SetPreferred{Value: w.Value}.String()+" to run out", w.Until)
		}
	}
	if h := m.Session; h != nil {
		switch h.Stage {
		case Sent:
			add("Teams to show "+SetSession{Value: h.Value}.String(), h.At.Add(r.Settle))
		case Gone:
			add("Teams to stop showing "+SetSession{Value: h.Value}.String(), h.At.Add(r.Settle))
		case Refused:
			add(SetSession{Value: h.Value}.String()+" to run out", h.Until)
		}
		if h.Stage == Sent || h.Stage == Stands {
			add(RenewSession{Value: h.Value}.String(), (&step{Rules: r, View: v}).renewal(h))
		}
	}
	for side, r := range map[Side]*Rival{SideTeams: m.TeamsRival, SidePBX: m.PBXRival} {
		if r.Pauses(v.Now) {
			add("the side of "+string(side)+", which is left alone because of another program", r.Until)
		}
	}
	slices.SortStableFunc(list, func(a, b Wait) int { return a.Until.Compare(b.Until) })
	if wake := r.Merge(m, v).Wake; !wake.IsZero() && (len(list) == 0 || wake.Before(list[0].Until)) {
		list = slices.Insert(list, 0, Wait{"the next look at what is due", wake})
	}
	return list
}
