package main

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
)

const groupsFile = `
direction: pbx-to-teams
tables:
  to_pbx: {InAMeeting: busy, AvailableInactive: online}
groups:
  - name: reception
    people: [reception]
    direction: teams-to-pbx
    tables:
      to_pbx: {InAMeeting: meeting}
      to_teams: {in-transit: BeRightBack/BeRightBack 2h}
  - pbx_groups: [Sales]
    tables: {call: DoNotDisturb/Presenting}
`

func book(t *testing.T, file string) ruleBook {
	t.Helper()
	c, err := parse(t, file)
	require.NoError(t, err)
	b, err := c.ruleBook()
	require.NoError(t, err)
	return b
}

func pairOf(name string, groups ...string) match.Pair {
	return match.Pair{PBX: match.PBXUser{Name: name, Groups: groups}}
}

func TestTheFirstGroupThatHoldsAPersonCounts(t *testing.T) {
	t.Parallel()
	b := book(t, groupsFile)
	reception, sales, site := b.of(pairOf("Reception", "sales")), b.of(pairOf("ben", "support", "sales")), b.of(pairOf("anna"))
	require.Equal(t, presence.TeamsToPBX, reception.Direction)
	require.Equal(t, presence.PBXToTeams, sales.Direction, "that of the site")
	require.Equal(t, presence.PBXToTeams, site.Direction)
	for rules, want := range map[*presence.Rules]struct {
		meeting string
		call    string
		transit string
	}{
		&reception: {"meeting", "Busy/InACall", "BeRightBack/BeRightBack for 2h"},
		&sales:     {"busy", "DoNotDisturb/Presenting", "Away/Away for 168h"},
		&site:      {"busy", "Busy/InACall", "Away/Away for 168h"},
	} {
		word, _ := rules.Tables.ToPBX("InAMeeting")
		require.Equal(t, want.meeting, word)
		require.Equal(t, want.call, rules.Tables.Call().String())
		manual, _ := rules.Tables.ToTeams("in-transit")
		require.Equal(t, want.transit, manual.String())
		word, _ = rules.Tables.ToPBX("AvailableInactive")
		require.Equal(t, presence.Online, word, "rows of the site hold in groups as well")
	}
	require.Equal(t, b.of(pairOf("anna")), b.of(pairOf("zoe")), "the same rules, so that a matching changes no link")
}

func TestGroupsThatCannotStandAreRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"groups: reception":                                      "groups is not understood: number 1: expected keys with values",
		"groups: '[reception'":                                   "groups is not understood: no list",
		"groups: [reception]":                                    "groups is not understood: number 1: expected keys",
		"groups: [{name: a}]":                                    "groups is not understood: a: it holds nobody",
		"groups: [{name: a, people: ['']}]":                      "groups is not understood: a: people: number 1 is empty",
		"groups: [{name: a, people: [b]}]":                       "groups is not understood: a: nothing is different for it: give a direction, tables or both",
		"groups: [{name: a, people: [b], tables: {to_pbx: {}}}]": "groups is not understood: a: nothing is different",
		"groups: [{name: a, people: [b], direction: both}, {name: A, people: [c], direction: both}]": "groups has the name A twice",
		"groups: [{name: a, peeple: [b]}]":                                               "groups is not understood: a: there is no key peeple; did you mean people?",
		"groups: [{name: a, people: {b: c}}]":                                            "groups is not understood: a: people: number 1 is no name",
		"groups: [{name: [a]}]":                                                          "groups is not understood: number 1: name: it has one value",
		"groups: [{people: [a], direction: both}, {people: [b], direction: x}]":          `groups is not understood: number 2: direction "x" is none of both`,
		"groups: [{people: [a], tables: {to_pbx: {A: b}}}]":                              `row "A": the PBX does not know "b"`,
		"groups: [{people: [a], tables: {to_pbks: {A: b}}}]":                             "there is no key to_pbks; did you mean to_pbx?",
		"groups: [{name: a, people: [a], tables: {to_teams: {lunch: Busy/InAMeeting}}}]": "groups cannot be used, a: table to_teams, row \"lunch\"",
		"groups: [{name: a, people: [a], tables: {call: Busy}}]":                         "groups cannot be used, a",
	} {
		c, err := parse(t, text)
		if err == nil {
			_, err = c.ruleBook()
			err = errors.Join(err, c.groupsDiffer())
		}
		require.ErrorContains(t, err, want, text)
	}
}

func TestGroupsThatHoldNobodyAreListed(t *testing.T) {
	t.Parallel()
	b := book(t, groupsFile)
	require.Empty(t, b.unused(match.Report{Matched: []match.Pair{pairOf("RECEPTION"), pairOf("ben", "sales")}}))
	require.Equal(t, []string{
		"reception: nobody who is kept the same is called reception",
		"number 2: nobody who is kept the same is in the PBX group Sales",
	}, b.unused(match.Report{Matched: []match.Pair{pairOf("ben", "support")}}))
	require.Equal(t, []string{"the table to_pbx has a row for AvailableInactive, which Teams is not known to show"}, b.odd())
}
