package bridge

import (
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/store"
)

// recordOf puts a memory into the words of the store, memoryOf takes it out again.
// Neither loses anything; a test fills every field to prove it.
func recordOf(teams, guid string, revision int64, m presence.Memory) store.Link {
	r := store.Link{
		Teams: teams, PBX: guid, Revision: revision,
		Last: store.Writes{
			Activity: store.Write(m.Last.Activity), Preferred: store.Write(m.Last.Preferred),
			Session: store.Write(m.Last.Session), Call: store.Write(m.Last.Call),
		},
		TeamsRival: (*store.Rival)(m.TeamsRival), PBXRival: (*store.Rival)(m.PBXRival),
	}
	if p := m.Agreed; p != nil {
		r.Agreed = &store.Agreed{Availability: p.Teams.Availability, Activity: p.Teams.Activity, PBX: p.PBX}
	}
	if w := m.ToPBX; w != nil {
		r.ToPBX = &store.PBXWrite{Activity: w.Activity, Old: w.Old, Trail: w.Trail, Tried: w.Tried, State: string(w.Stage), At: w.At}
	}
	if w := m.ToTeams; w != nil {
		r.ToTeams = &store.TeamsWrite{
			Availability: w.Value.Availability, Activity: w.Value.Activity,
			OldAvailability: w.Old.Availability, OldActivity: w.Old.Activity, OldSequence: w.OldSequence,
			Tried: w.Tried, State: string(w.Stage), At: w.At, Until: w.Until,
			UnderAvailability: w.Under.Availability, UnderActivity: w.Under.Activity, UnderUntil: w.UnderUntil,
		}
		for _, t := range w.Trail {
			r.ToTeams.Trail = append(r.ToTeams.Trail, t.Activity)
		}
		for _, t := range w.Replaced {
			r.ToTeams.Replaced = append(r.ToTeams.Replaced, t.Activity)
		}
	}
	if h := m.Session; h != nil {
		r.Session = &store.Session{
			Availability: h.Value.Availability, Activity: h.Value.Activity,
			Sequence: h.Sequence, State: string(h.Stage), At: h.At, Until: h.Until,
		}
	}
	if c := m.Call; c != nil {
		r.Call = &store.Call{Home: c.Home, ID: c.ID, Connection: c.Connection, State: string(c.Stage), At: c.At}
	}
	return r
}

func memoryOf(r store.Link) presence.Memory {
	m := presence.Memory{
		Last: presence.Writes{
			Activity: presence.Write(r.Last.Activity), Preferred: presence.Write(r.Last.Preferred),
			Session: presence.Write(r.Last.Session), Call: presence.Write(r.Last.Call),
		},
		TeamsRival: (*presence.Rival)(r.TeamsRival), PBXRival: (*presence.Rival)(r.PBXRival),
	}
	if p := r.Agreed; p != nil {
		m.Agreed = &presence.Pair{Teams: presence.Teams{Availability: p.Availability, Activity: p.Activity}, PBX: p.PBX}
	}
	if w := r.ToPBX; w != nil {
		m.ToPBX = &presence.PBXWrite{Activity: w.Activity, Old: w.Old, Trail: w.Trail, Tried: w.Tried, Stage: presence.Stage(w.State), At: w.At}
	}
	if w := r.ToTeams; w != nil {
		m.ToTeams = &presence.TeamsWrite{
			Value: presence.Teams{Availability: w.Availability, Activity: w.Activity},
			Old:   presence.Teams{Availability: w.OldAvailability, Activity: w.OldActivity}, OldSequence: w.OldSequence,
			Tried: w.Tried, Stage: presence.Stage(w.State), At: w.At, Until: w.Until,
			Under: presence.Teams{Availability: w.UnderAvailability, Activity: w.UnderActivity}, UnderUntil: w.UnderUntil,
		}
		for _, activity := range w.Trail {
			m.ToTeams.Trail = append(m.ToTeams.Trail, presence.Teams{Activity: activity})
		}
		for _, activity := range w.Replaced {
			m.ToTeams.Replaced = append(m.ToTeams.Replaced, presence.Teams{Activity: activity})
		}
	}
	if h := r.Session; h != nil {
		m.Session = &presence.Session{
			Value:    presence.Teams{Availability: h.Availability, Activity: h.Activity},
			Sequence: h.Sequence, Stage: presence.Stage(h.State), At: h.At, Until: h.Until,
		}
	}
	if c := r.Call; c != nil {
		m.Call = &presence.Call{Home: c.Home, ID: c.ID, Connection: c.Connection, Stage: presence.Stage(c.State), At: c.At}
	}
	return m
}
