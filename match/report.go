package match

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Report says what is known of everybody. Each person is in exactly one place. PBX
// users are ordered by name, then guid, Teams users by object id, and what holds
// both as its PBX users are.
type Report struct {
	// Matched are the pairs to link.
	Matched []Pair `json:"matched,omitempty"`
	// Unlicensed are pairs like those in Matched, but of a PBX user without licence.
	Unlicensed []Pair `json:"unlicensed,omitempty"`
	// Ambiguous are the people somebody has to tell apart, in a table for instance.
	Ambiguous []Ambiguity `json:"ambiguous,omitempty"`
	// UnmatchedTeams and UnmatchedPBX have no counterpart by any rule.
	UnmatchedTeams []TeamsUser `json:"unmatched_teams,omitempty"`
	UnmatchedPBX   []PBXUser   `json:"unmatched_pbx,omitempty"`
	// UnusedRows are the rows of tables that name nobody on one side or on both, in
	// the order of the table.
	UnusedRows []Row `json:"unused_table_rows,omitempty"`
}

// Pair is two users that are one person, and the name of the rule that says so.
type Pair struct {
	Teams TeamsUser `json:"teams"`
	PBX   PBXUser   `json:"pbx"`
	Rule  string    `json:"rule"`
}

// Ambiguity is at least three users that a rule ties together.
type Ambiguity struct {
	// Rule is the name of the rule.
	Rule string `json:"rule"`
	// Shared are the keys by which they are tied together, as the rule compares
	// them, in alphabetical order.
	Shared []string    `json:"shared"`
	Teams  []TeamsUser `json:"teams"`
	PBX    []PBXUser   `json:"pbx"`
}

// String names everybody, the PBX users first, and what they share.
func (a Ambiguity) String() string {
	var pbx, teams []string
	for _, p := range a.PBX {
		pbx = append(pbx, cmp.Or(p.Name, p.GUID))
	}
	for _, t := range a.Teams {
		teams = append(teams, cmp.Or(t.UPN, t.ID))
	}
	return fmt.Sprintf("%s could be %s: same %s (%s)",
		strings.Join(pbx, ", "), strings.Join(teams, ", "), a.Rule, strings.Join(a.Shared, ", "))
}

// add puts the people of a knot into their place.
func (r *Report) add(rule Rule, k *knot) {
	if len(k.teams) > 1 || len(k.pbx) > 1 {
		slices.Sort(k.keys)
		r.Ambiguous = append(r.Ambiguous, Ambiguity{
			Rule: rule.Name, Shared: slices.Compact(k.keys), Teams: k.teams, PBX: k.pbx,
		})
		return
	}
	pair := Pair{Teams: k.teams[0], PBX: k.pbx[0], Rule: rule.Name}
	if pair.PBX.Licensed {
		r.Matched = append(r.Matched, pair)
	} else {
		r.Unlicensed = append(r.Unlicensed, pair)
	}
}

func (r *Report) sort() {
	byPBX := func(a, b Pair) int { return byName(a.PBX, b.PBX) }
	slices.SortFunc(r.Matched, byPBX)
	slices.SortFunc(r.Unlicensed, byPBX)
	slices.SortFunc(r.Ambiguous, func(a, b Ambiguity) int { return byName(a.PBX[0], b.PBX[0]) })
}
