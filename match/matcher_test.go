package match_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/match"
)

// teams returns a Teams user with that id, UPN and display name.
func teams(id, upn, name string) match.TeamsUser {
	return match.TeamsUser{ID: id, UPN: upn, DisplayName: name}
}

// pbx returns a licensed PBX user with that name, Long Name and addresses.
func pbx(name, long string, emails ...string) match.PBXUser {
	return match.PBXUser{GUID: "guid-" + name, Name: name, LongName: long, Emails: emails, Licensed: true}
}

func TestMatchPairs(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		table match.Table
		teams match.TeamsUser
		pbx   match.PBXUser
		rule  string // empty: no match
	}{
		"table by object id and PBX name": {
			table: match.Table{{PBX: "ANNA", Teams: "T1"}},
			teams: teams("t1", "", ""), pbx: pbx("anna", ""), rule: "id",
		},
		"table by UPN and guid": {
			table: match.Table{{PBX: "GUID-anna", Teams: " a.miller@example.com "}},
			teams: teams("t1", "A.Miller@example.com", ""), pbx: pbx("anna", ""), rule: "id",
		},
		"table by mail and Long Name": {
			table: match.Table{{PBX: "Anna  miller", Teams: "anna@example.com"}},
			teams: match.TeamsUser{ID: "t1", Mail: "anna@example.com"}, pbx: pbx("am", "Anna Miller"), rule: "id",
		},
		"table does not look at proxy addresses": {
			table: match.Table{{PBX: "anna", Teams: "anna@example.com"}},
			teams: match.TeamsUser{ID: "t1", Addresses: []string{"anna@example.com"}}, pbx: pbx("anna", ""),
		},
		"the same row twice is one row": {
			table: match.Table{{PBX: "anna", Teams: "t1"}, {PBX: "anna", Teams: "t1"}},
			teams: teams("t1", "", ""), pbx: pbx("anna", ""), rule: "id",
		},
		"UPN": {
			teams: teams("t1", "Anna@Example.com", ""), pbx: pbx("anna", "", "x@example.com", "anna@example.COM"), rule: "address",
		},
		"mail": {
			teams: match.TeamsUser{ID: "t1", UPN: "am@example.com", Mail: "anna@example.com"},
			pbx:   pbx("anna", "", "anna@example.com"), rule: "address",
		},
		"proxy address": {
			teams: match.TeamsUser{ID: "t1", Addresses: []string{"a@example.com", "anna@example.com"}},
			pbx:   pbx("anna", "", "anna@example.com"), rule: "address",
		},
		"several addresses of the same two people": {
			teams: match.TeamsUser{ID: "t1", UPN: "a@example.com", Mail: "a@example.com", Addresses: []string{"b@example.com"}},
			pbx:   pbx("anna", "", "a@example.com", "b@example.com", "a@example.com"), rule: "address",
		},
		"an address before a name": {
			teams: teams("t1", "anna@example.com", "Anna"), pbx: pbx("anna", "Anna", "anna@example.com"), rule: "address",
		},
		"name":                         {teams: teams("t1", "", "Anna Miller"), pbx: pbx("am", "Anna Miller"), rule: "name"},
		"name in another case":         {teams: teams("t1", "", "ANNA miller"), pbx: pbx("am", "Anna Miller"), rule: "name"},
		"name with other white space":  {teams: teams("t1", "", " Anna\t Miller\n"), pbx: pbx("am", "Anna\u00a0Miller"), rule: "name"},
		"composed and decomposed":      {teams: teams("t1", "", "J\u00fcrgen"), pbx: pbx("j", "Ju\u0308rgen"), rule: "name"},
		"sharp s in capitals":          {teams: teams("t1", "", "Jens WEISS"), pbx: pbx("j", "Jens Weiß"), rule: "name"},
		"capital sharp s":              {teams: teams("t1", "", "Jens WEIẞ"), pbx: pbx("j", "Jens Weiss"), rule: "name"},
		"full width":                   {teams: teams("t1", "", "Ａｎｎａ"), pbx: pbx("a", "anna"), rule: "name"},
		"final sigma":                  {teams: teams("t1", "", "ΝΙΚΟΣ"), pbx: pbx("n", "νικος"), rule: "name"},
		"dotted capital i":             {teams: teams("t1", "", "İlkay"), pbx: pbx("i", "i\u0307lkay"), rule: "name"},
		"dotted capital i is no i":     {teams: teams("t1", "", "İlkay"), pbx: pbx("i", "ilkay")},
		"dotless i is no i":            {teams: teams("t1", "", "Işıl"), pbx: pbx("i", "işil")},
		"written-out umlaut is no u":   {teams: teams("t1", "", "Mueller"), pbx: pbx("m", "Müller")},
		"an accent makes another name": {teams: teams("t1", "", "Rene"), pbx: pbx("r", "René")},
		"the PBX name is no Long Name": {teams: teams("t1", "", "anna"), pbx: pbx("anna", "Anna Miller")},
		"nothing is not like nothing":  {teams: teams("t1", "", ""), pbx: pbx("anna", "", "")},
		"blank is not like blank":      {teams: teams("t1", " ", "  "), pbx: pbx("anna", "\t", " ")},
		"an empty row stands for nobody": {
			table: match.Table{{}}, teams: teams("t1", "", ""), pbx: match.PBXUser{GUID: "g", Licensed: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := match.Default(test.table).Match([]match.TeamsUser{test.teams}, []match.PBXUser{test.pbx})
			require.Empty(t, report.Ambiguous)
			require.Empty(t, report.Unlicensed)
			if test.rule == "" {
				require.Empty(t, report.Matched)
				require.Equal(t, []match.TeamsUser{test.teams}, report.UnmatchedTeams)
				require.Equal(t, []match.PBXUser{test.pbx}, report.UnmatchedPBX)
				return
			}
			require.Equal(t, []match.Pair{{Teams: test.teams, PBX: test.pbx, Rule: test.rule}}, report.Matched)
			require.Empty(t, report.UnmatchedTeams)
			require.Empty(t, report.UnmatchedPBX)
		})
	}
}

func TestMatchAmbiguous(t *testing.T) {
	t.Parallel()
	type list = []string
	for name, test := range map[string]struct {
		table   match.Table
		teams   []match.TeamsUser
		pbx     []match.PBXUser
		rule    string
		shared  list
		inTeams list
		inPBX   list
		pairs   list
	}{
		"two PBX users of one name": {
			teams: []match.TeamsUser{teams("t1", "", "Anna")},
			pbx:   []match.PBXUser{pbx("b", "anna"), pbx("a", "Anna")},
			rule:  "name", shared: list{"anna"}, inTeams: list{"t1"}, inPBX: list{"a", "b"},
		},
		"two Teams users of one name": {
			teams: []match.TeamsUser{teams("t2", "", "ANNA"), teams("t1", "", "Anna")},
			pbx:   []match.PBXUser{pbx("a", "Anna")},
			rule:  "name", shared: list{"anna"}, inTeams: list{"t1", "t2"}, inPBX: list{"a"},
		},
		"a chain of addresses": {
			teams: []match.TeamsUser{teams("t1", "1@x", ""), {ID: "t2", UPN: "2@x", Mail: "3@x"}},
			pbx:   []match.PBXUser{pbx("a", "", "1@x", "2@x"), pbx("b", "", "3@x")},
			rule:  "address", shared: list{"1@x", "2@x", "3@x"}, inTeams: list{"t1", "t2"}, inPBX: list{"a", "b"},
		},
		"two rows for one person": {
			table: match.Table{{PBX: "a", Teams: "t1"}, {PBX: "b", Teams: "t1"}},
			teams: []match.TeamsUser{teams("t1", "", "")},
			pbx:   []match.PBXUser{pbx("a", ""), pbx("b", "")},
			rule:  "id", shared: list{"a = t1", "b = t1"}, inTeams: list{"t1"}, inPBX: list{"a", "b"},
		},
		"a row that fits a name and a Long Name": {
			table: match.Table{{PBX: "a", Teams: "t1"}},
			teams: []match.TeamsUser{teams("t1", "", "")},
			pbx:   []match.PBXUser{pbx("a", ""), pbx("b", "A")},
			rule:  "id", shared: list{"a = t1"}, inTeams: list{"t1"}, inPBX: list{"a", "b"},
		},
		"no later rule helps": {
			teams: []match.TeamsUser{teams("t1", "1@x", "Anna"), teams("t2", "", "Berta")},
			pbx:   []match.PBXUser{pbx("a", "Anna", "1@x"), pbx("b", "Berta", "1@x")},
			rule:  "address", shared: list{"1@x"}, inTeams: list{"t1"}, inPBX: list{"a", "b"},
		},
		"who is matched by an earlier rule is no candidate later": {
			table: match.Table{{PBX: "c", Teams: "t3"}},
			teams: []match.TeamsUser{teams("t1", "", "Anna"), teams("t2", "", "Anna"), teams("t3", "", "Anna")},
			pbx:   []match.PBXUser{pbx("a", "Anna"), pbx("c", "Anna")},
			rule:  "name", shared: list{"anna"}, inTeams: list{"t1", "t2"}, inPBX: list{"a"}, pairs: list{"t3 c id"},
		},
		"an unlicensed PBX user is a candidate, too": {
			teams: []match.TeamsUser{teams("t1", "", "Anna")},
			pbx:   []match.PBXUser{pbx("a", "Anna"), {GUID: "g", Name: "b", LongName: "Anna"}},
			rule:  "name", shared: list{"anna"}, inTeams: list{"t1"}, inPBX: list{"a", "b"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := match.Default(test.table).Match(test.teams, test.pbx)
			require.Len(t, report.Ambiguous, 1)
			got := report.Ambiguous[0]
			require.Equal(t, test.rule, got.Rule)
			require.Equal(t, test.shared, got.Shared)
			require.Equal(t, test.inTeams, teamsIDs(got.Teams))
			require.Equal(t, test.inPBX, pbxNames(got.PBX))
			require.Equal(t, test.pairs, pairNames(report.Matched))
		})
	}
}

func TestMatchUnlicensedPairIsKeptApart(t *testing.T) {
	t.Parallel()
	anna, berta := pbx("anna", "Anna"), pbx("berta", "Berta")
	berta.Licensed = false
	report := match.Default(nil).Match(
		[]match.TeamsUser{teams("t1", "", "Anna"), teams("t2", "", "Berta")},
		[]match.PBXUser{anna, berta, {GUID: "g", Name: "door"}},
	)
	require.Equal(t, []string{"t1 anna name"}, pairNames(report.Matched))
	require.Equal(t, []string{"t2 berta name"}, pairNames(report.Unlicensed))
	require.Equal(t, []string{"door"}, pbxNames(report.UnmatchedPBX))
	require.Empty(t, report.UnmatchedTeams)
}

func TestMatchReportsRowsThatNameNobody(t *testing.T) {
	t.Parallel()
	table := match.Table{
		{PBX: "nobody", Teams: "t1", Line: 1},
		{PBX: "anna", Teams: "t1", Line: 2},
		{PBX: "anna", Teams: "nobody", Line: 3},
		{PBX: "nobody", Teams: "nobody", Line: 4},
	}
	people := []match.TeamsUser{teams("t1", "", "")}
	phones := []match.PBXUser{pbx("anna", "")}

	report := match.Default(table).Match(people, phones)
	require.Equal(t, []string{"t1 anna id"}, pairNames(report.Matched))
	require.Equal(t, []match.Row{table[0], table[2], table[3]}, report.UnusedRows)

	late := match.New(match.ByName(), match.ByTable(table)).Match(people, phones)
	require.Equal(t, report, late)
	require.Equal(t, 2, table[1].Line, "the table was changed")
}

func TestMatchAsksRulesInTheirOrder(t *testing.T) {
	t.Parallel()
	people := []match.TeamsUser{teams("t1", "berta@x", "Anna")}
	phones := []match.PBXUser{pbx("a", "Anna"), pbx("b", "", "berta@x")}
	require.Equal(t, []string{"t1 b address"}, pairNames(match.Default(nil).Match(people, phones).Matched))
	names := match.New(match.ByName(), match.ByAddress())
	require.Equal(t, []string{"t1 a name"}, pairNames(names.Match(people, phones).Matched))
	require.Empty(t, match.New().Match(people, phones).Matched)
}

func TestMatchOrdersItsReportAndLeavesTheInputAlone(t *testing.T) {
	t.Parallel()
	people := []match.TeamsUser{teams("t3", "", "C"), teams("t1", "", "A"), teams("t2", "", "B"), teams("t9", "", "?"), teams("t8", "", "?")}
	phones := []match.PBXUser{pbx("z", "A"), pbx("y", "B"), pbx("x", "C"), pbx("w", "!"), pbx("v", "!")}
	report := match.Default(nil).Match(people, phones)
	require.Equal(t, []string{"t3 x name", "t2 y name", "t1 z name"}, pairNames(report.Matched))
	require.Equal(t, []string{"t8", "t9"}, teamsIDs(report.UnmatchedTeams))
	require.Equal(t, []string{"v", "w"}, pbxNames(report.UnmatchedPBX))
	require.Equal(t, "t3", people[0].ID)
	require.Equal(t, "z", phones[0].Name)
}

func TestAmbiguityNamesEverybody(t *testing.T) {
	t.Parallel()
	report := match.Default(nil).Match(
		[]match.TeamsUser{teams("t1", "anna@x", "Anna"), teams("t2", "", "Anna")},
		[]match.PBXUser{pbx("a", "anna"), {GUID: "g", LongName: "ANNA"}},
	)
	require.Len(t, report.Ambiguous, 1)
	require.Equal(t, "g, a could be anna@x, t2: same name (anna)", report.Ambiguous[0].String())
}

func teamsIDs(people []match.TeamsUser) []string {
	var ids []string
	for _, p := range people {
		ids = append(ids, p.ID)
	}
	return ids
}

func pbxNames(people []match.PBXUser) []string {
	var names []string
	for _, p := range people {
		names = append(names, p.Name)
	}
	return names
}

func pairNames(pairs []match.Pair) []string {
	var names []string
	for _, p := range pairs {
		names = append(names, p.Teams.ID+" "+p.PBX.Name+" "+p.Rule)
	}
	return names
}
