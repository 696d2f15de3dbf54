package bridge

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/pbx365/connector/match"
)

// UnknownError is a name that is nobody's.
type UnknownError struct{ Name string }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("nobody is called %q, neither in Teams nor on the PBX", e.Name)
}

// SeveralError is a name of several people.
type SeveralError struct {
	Name string
	// People are names that tell them apart.
	People []string
}

func (e *SeveralError) Error() string {
	return fmt.Sprintf("several people are called %q: %s", e.Name, strings.Join(e.People, ", "))
}

// Advice says which name to give.
func (e *SeveralError) Advice() string { return "Give one of these names." }

// NotLinkedError is a person for whom nothing is written.
type NotLinkedError struct {
	Name   string
	Reason Unlinked
	Detail string // who else, and why
}

// Unlinked is why a person is not linked.
type Unlinked string

// The reasons.
const (
	Unlicensed  Unlinked = "unlicensed"    // matched, but without the licence
	Ambiguous   Unlinked = "ambiguous"     // somebody has to tell people apart
	OnlyInTeams Unlinked = "only_in_teams" // no PBX user matches
	OnlyOnPBX   Unlinked = "only_on_pbx"   // nobody in Teams matches
	Waiting     Unlinked = "waiting"       // for another link to end
	Starting    Unlinked = "starting"      // the lists are not complete yet
)

func (e *NotLinkedError) Error() string { return e.Name + " is not linked: " + e.Detail }

// Advice says what an administrator has to do.
func (e *NotLinkedError) Advice() string {
	switch e.Reason {
	case Unlicensed:
		return "Give the PBX user the licence, or switch the check off."
	case Ambiguous:
		return "Tell them apart in the table of people, or by their addresses."
	case OnlyInTeams:
		return "Give the PBX user of this person the address or the name from Teams, or a row in the table of people."
	case OnlyOnPBX:
		return "Make sure that the person has a Teams licence, and the address or the name of the PBX user in Teams, or a row in the table of people."
	case Starting:
		return "Try again when both lists are complete: the status says what they wait for."
	}
	return ""
}

// place is where a report has somebody.
type place struct {
	name   string // that tells them from others
	pair   match.Pair
	reason Unlinked // "" for matched
	detail string
}

// find returns the places of the report that have somebody with that name. A name that is
// only one person's goes before the names that people read.
func find(r match.Report, name string) (found []place) {
	name = strings.TrimSpace(name)
	for _, names := range []struct {
		teams func(match.TeamsUser) []string
		pbx   func(match.PBXUser) []string
	}{
		{func(t match.TeamsUser) []string { return []string{t.ID, t.UPN, t.Mail} }, func(p match.PBXUser) []string { return []string{p.GUID, p.Name} }},
		{func(t match.TeamsUser) []string { return []string{t.DisplayName} }, func(p match.PBXUser) []string { return []string{p.LongName} }},
	} {
		is := func(n string) bool { return n != "" && strings.EqualFold(n, name) }
		teams := func(t match.TeamsUser) bool { return slices.ContainsFunc(names.teams(t), is) }
		pbx := func(p match.PBXUser) bool { return slices.ContainsFunc(names.pbx(p), is) }
		if found = places(r, teams, pbx); len(found) > 0 {
			return found
		}
	}
	return nil
}

// places are those of the report with somebody who is meant.
func places(r match.Report, teams func(match.TeamsUser) bool, pbx func(match.PBXUser) bool) (found []place) {
	for _, p := range r.Matched {
		if teams(p.Teams) || pbx(p.PBX) {
			found = append(found, place{name: p.PBX.Name, pair: p})
		}
	}
	for _, p := range r.Unlicensed {
		if teams(p.Teams) || pbx(p.PBX) {
			found = append(found, place{p.PBX.Name, p, Unlicensed, "the PBX user " + p.PBX.Name + " does not hold the licence"})
		}
	}
	for _, a := range r.Ambiguous {
		if slices.ContainsFunc(a.Teams, teams) || slices.ContainsFunc(a.PBX, pbx) {
			found = append(found, place{name: a.PBX[0].Name, reason: Ambiguous, detail: a.String()})
		}
	}
	for _, t := range r.UnmatchedTeams {
		if teams(t) {
			found = append(found, place{cmp.Or(t.UPN, t.ID), match.Pair{Teams: t}, OnlyInTeams, "no PBX user has the address or the name of " + cmp.Or(t.UPN, t.ID)})
		}
	}
	for _, p := range r.UnmatchedPBX {
		if pbx(p) {
			found = append(found, place{cmp.Or(p.Name, p.GUID), match.Pair{PBX: p}, OnlyOnPBX, "nobody with a Teams licence has the address or the name of the PBX user " + cmp.Or(p.Name, p.GUID)})
		}
	}
	return found
}

// linkOf returns the link of whom was found, or of somebody by that name who is in no list
// any more, and who is who. The caller holds b.mu.
func (b *Bridge) linkOf(found []place, name string) (*link, match.Pair, error) {
	if len(found) > 1 {
		err := &SeveralError{Name: name}
		for _, p := range found {
			err.People = append(err.People, p.name)
		}
		return nil, match.Pair{}, err
	}
	if len(found) == 0 {
		for _, l := range b.links {
			if strings.EqualFold(name, l.name) || strings.EqualFold(name, l.teams) || strings.EqualFold(name, l.guid) {
				return l, match.Pair{}, nil
			}
		}
		if b.people == nil || !b.synced {
			return nil, match.Pair{}, &NotLinkedError{name, Starting, "the people in Teams or the users of the PBX are not listed yet"}
		}
		return nil, match.Pair{}, &UnknownError{name}
	}
	p := found[0]
	teams, guid := p.pair.Teams.ID, p.pair.PBX.GUID
	l := cmp.Or(b.links[teams], b.byGUID[guid])
	switch {
	case l != nil && (teams == l.teams || teams == "") && (guid == l.guid || guid == ""):
		return l, p.pair, nil // also where it is about to end
	case p.reason != "":
		return nil, match.Pair{}, &NotLinkedError{p.name, p.reason, p.detail}
	case l != nil:
		return nil, match.Pair{}, &NotLinkedError{p.name, Waiting, "the link of " + l.name + " with another person has to end first"}
	}
	return nil, match.Pair{}, &NotLinkedError{p.name, Waiting, "nothing more is linked, since everything is being taken back"}
}
