package bridge

import (
	"fmt"
	"slices"
	"time"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
)

// Explanation says why a person shows what they show. It holds neither notes nor anything
// else that is secret.
type Explanation struct {
	Name  string    `json:"name"` // of the PBX user
	Teams TeamsSide `json:"teams"`
	PBX   PBXSide   `json:"pbx"`
	// Linked is false while what was written is being taken back.
	Linked    bool               `json:"linked"`
	MatchedBy string             `json:"matched_by,omitempty"` // the name of the rule
	Direction presence.Direction `json:"direction,omitempty"`
	// Agreed is what the sides showed when they last agreed.
	Agreed *AgreedPair `json:"agreed,omitempty"`
	// Holds is what the connector has put on the sides.
	Holds []presence.Holding `json:"holds,omitempty"`
	// WaitsFor is empty where nothing is waited for but a change.
	WaitsFor []presence.Wait `json:"waits_for,omitempty"`
	// Why says why the sides differ; empty where they do not.
	Why     []string `json:"why,omitempty"`
	Failing *Failure `json:"failing,omitempty"`
	// Timeline is what happened lately, the oldest first.
	Timeline []Event `json:"timeline"`
}

// TeamsSide is the person in Teams.
type TeamsSide struct {
	ID          string `json:"id"`
	UPN         string `json:"upn,omitempty"`
	Mail        string `json:"mail,omitempty"`
	DisplayName string `json:"display_name,omitempty"`
	// Shows is "" where nothing has been seen yet. Since is when it was seen first, and Seen
	// the latest look that came in: a feed may pass on differences alone.
	Shows string    `json:"shows"`
	By    Source    `json:"by,omitempty"`
	Since time.Time `json:"since,omitzero"`
	Seen  time.Time `json:"seen,omitzero"`
}

// PBXSide is the person on the PBX.
type PBXSide struct {
	GUID     string `json:"guid"`
	LongName string `json:"long_name,omitempty"`
	// Shows, Since and Seen are as for Teams.
	Shows string `json:"shows"`
	// OnPhone reports a call, which only the PBX itself may have brought about.
	OnPhone bool      `json:"on_phone"`
	Home    string    `json:"home,omitempty"` // the PBX that serves the person
	Lost    bool      `json:"lost,omitempty"` // it cannot be seen for now
	Since   time.Time `json:"since,omitzero"`
	Seen    time.Time `json:"seen,omitzero"`
}

// AgreedPair is a pair in the words of the sides.
type AgreedPair struct {
	Teams string `json:"teams"` // "" for whatever shows next
	PBX   string `json:"pbx"`
}

// Failure is the last thing that went wrong and has not been made good.
type Failure struct {
	Error string    `json:"error"`
	At    time.Time `json:"at"`
	// Final says that the same is not tried again.
	Final bool `json:"final,omitempty"`
}

// Explain says why the person with that name shows what they show. The name is that of the
// PBX user, their guid or Long Name, or the object id, UPN, mail or display name of the
// person in Teams, in any case. It returns an [*UnknownError] where it is nobody's, a
// [*SeveralError] where it is a name of more than one, and a [*NotLinkedError] where
// nothing is written for whom it names.
func (b *Bridge) Explain(name string) (Explanation, error) {
	b.mu.Lock()
	report := b.report // it is replaced, never changed
	b.mu.Unlock()
	found := find(report, name)

	b.mu.Lock()
	defer b.mu.Unlock()
	l, who, err := b.linkOf(found, name)
	if err != nil {
		return Explanation{}, err
	}
	return b.explain(l, who), nil
}

// explain tells what is known of l and of who is who. The caller holds b.mu.
func (b *Bridge) explain(l *link, who match.Pair) Explanation {
	v, m := b.view(l), l.shown.Memory
	e := Explanation{
		Name: l.name, MatchedBy: who.Rule, Direction: l.wanted.Direction, Linked: v.Goal == presence.Sync,
		Teams: TeamsSide{ID: l.teams, UPN: who.Teams.UPN, Mail: who.Teams.Mail, DisplayName: who.Teams.DisplayName},
		PBX:   PBXSide{GUID: l.guid, LongName: who.PBX.LongName},
		Holds: m.Holdings(), Timeline: l.timeline.events(),
	}
	if s := b.teams[l.teams]; s != nil {
		e.Teams.Shows, e.Teams.By, e.Teams.Since, e.Teams.Seen = clip(s.look.Value.String()), sourceOf(s.look), s.since.UTC(), s.look.At.UTC()
	}
	if s := b.pbx[l.guid]; s != nil {
		e.PBX.Shows, e.PBX.OnPhone, e.PBX.Home = clip(s.look.Value.String()), s.look.OnPhone, s.look.Home
		e.PBX.Lost, e.PBX.Since, e.PBX.Seen = s.lost, s.since.UTC(), s.look.At.UTC()
	}
	if p := m.Agreed; p != nil {
		e.Agreed = &AgreedPair{PBX: presence.PBX{Activity: p.PBX}.String()}
		if !p.Teams.IsZero() {
			e.Agreed.Teams = p.Teams.String()
		}
	}
	if l.lastErr != nil {
		e.Failing = &Failure{clip(l.lastErr.Error()), l.lastErrAt.UTC(), l.lastFinal}
	}
	e.WaitsFor = l.waits(m, v)
	if e.Why = l.wanted.Apart(m, v); !e.Linked {
		e.Why = []string{"the link ends: what the connector has written is taken back, and nothing more is carried"}
	}
	return e
}

// waits adds to the times of the rules what l itself waits for. The caller holds b.mu.
func (l *link) waits(m presence.Memory, v presence.View) []presence.Wait {
	var list []presence.Wait
	if u := l.underway; u != nil {
		list = append(list, presence.Wait{For: fmt.Sprintf("the answer of %s to %s, since %s", u.action.Side(), u.action, u.since.UTC().Format(time.TimeOnly))})
	}
	for _, hold := range []struct {
		what  string
		until time.Time
	}{
		{"another try of a write to Teams, after a failure", l.teamsHold.until},
		{"another try of a read of Teams, after a failure", l.lookHold.until},
		{"another try of a write to the PBX, after a failure", l.pbxHold.until},
	} {
		if hold.until.After(v.Now) {
			list = append(list, presence.Wait{For: hold.what, Until: hold.until})
		}
	}
	list = slices.Concat(list, l.wanted.Waits(m, v))
	slices.SortStableFunc(list, func(a, c presence.Wait) int { return a.Until.Compare(c.Until) })
	for i := range list {
		if !list[i].Until.IsZero() {
			list[i].Until = list[i].Until.UTC()
		}
	}
	return list
}
