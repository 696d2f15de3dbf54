package match_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/match"
)

// crowd draws people from a small town, where many share a name or an address.
func crowd(t *rapid.T) (people []match.TeamsUser, phones []match.PBXUser, table match.Table) {
	name := rapid.SampledFrom([]string{"", "anna", "Anna", "BERTA", "Carl", "dora", "emil"})
	address := rapid.SampledFrom([]string{"", "a@x", "A@X", "b@x", "c@x", "d@x", "e@x"})
	addresses := rapid.SliceOfN(address, 0, 2)
	for i := range rapid.IntRange(0, 8).Draw(t, "Teams users") {
		people = append(people, match.TeamsUser{
			ID:          fmt.Sprintf("t%d", i),
			DisplayName: name.Draw(t, "display name"),
			UPN:         address.Draw(t, "UPN"),
			Mail:        address.Draw(t, "mail"),
			Addresses:   addresses.Draw(t, "addresses"),
		})
	}
	for i := range rapid.IntRange(0, 8).Draw(t, "PBX users") {
		phones = append(phones, match.PBXUser{
			GUID:     fmt.Sprintf("g%d", i),
			Name:     fmt.Sprintf("p%d", i),
			LongName: name.Draw(t, "Long Name"),
			Emails:   addresses.Draw(t, "emails"),
			Licensed: rapid.Bool().Draw(t, "licensed"),
		})
	}
	for range rapid.IntRange(0, 3).Draw(t, "rows") {
		table = append(table, match.Row{
			PBX:   rapid.SampledFrom([]string{"p0", "g1", "P2", "anna", "nobody"}).Draw(t, "PBX cell"),
			Teams: rapid.SampledFrom([]string{"t0", "T1", "t2", "a@x", "nobody"}).Draw(t, "Teams cell"),
		})
	}
	return people, phones, table
}

func TestPropertyInputOrderDecidesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		people, phones, table := crowd(t)
		report := match.Default(table).Match(people, phones)
		shuffled := match.Default(rapid.Permutation(table).Draw(t, "table")).Match(
			rapid.Permutation(people).Draw(t, "people"), rapid.Permutation(phones).Draw(t, "phones"))
		report.UnusedRows, shuffled.UnusedRows = nil, nil // Those keep the order of the table.
		require.Equal(t, report, shuffled)
	})
}

func TestPropertyEverybodyIsInOnePlace(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		people, phones, table := crowd(t)
		r := match.Default(table).Match(people, phones)
		inTeams, inPBX := teamsIDs(r.UnmatchedTeams), pbxNames(r.UnmatchedPBX)
		for _, pair := range slices.Concat(r.Matched, r.Unlicensed) {
			inTeams, inPBX = append(inTeams, pair.Teams.ID), append(inPBX, pair.PBX.Name)
		}
		for _, a := range r.Ambiguous {
			require.GreaterOrEqual(t, len(a.Teams), 1)
			require.GreaterOrEqual(t, len(a.PBX), 1)
			require.GreaterOrEqual(t, len(a.Teams)+len(a.PBX), 3)
			require.NotEmpty(t, a.Shared)
			inTeams, inPBX = append(inTeams, teamsIDs(a.Teams)...), append(inPBX, pbxNames(a.PBX)...)
		}
		require.ElementsMatch(t, teamsIDs(people), inTeams)
		require.ElementsMatch(t, pbxNames(phones), inPBX)
	})
}

func TestPropertyStrangersChangeNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		people, phones, table := crowd(t)
		before := match.Default(table).Match(people, phones)
		after := match.Default(table).Match(
			append(people, teams("t99", "stranger@y", "Stranger")), append(phones, pbx("p99", "Other", "other@y")))
		require.Equal(t, before.Matched, after.Matched)
		require.Equal(t, before.Unlicensed, after.Unlicensed)
		require.Equal(t, before.Ambiguous, after.Ambiguous)
		require.Equal(t, before.UnusedRows, after.UnusedRows)
	})
}

func TestPropertyLicenceOnlyMovesPairs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		people, phones, table := crowd(t)
		before := match.Default(table).Match(people, phones)
		for i := range phones {
			phones[i].Licensed = true
		}
		after := match.Default(table).Match(people, phones)
		require.ElementsMatch(t,
			pairNames(slices.Concat(before.Matched, before.Unlicensed)), pairNames(after.Matched))
		require.Empty(t, after.Unlicensed)
	})
}

// TestPropertyPairsAreThoseOfThePlainDefinition compares with the definition by
// pairs of people: slow, and plain to see.
func TestPropertyPairsAreThoseOfThePlainDefinition(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		people, phones, table := crowd(t)
		report := match.Default(table).Match(people, phones)
		require.ElementsMatch(t, plain(people, phones, table),
			pairNames(slices.Concat(report.Matched, report.Unlicensed)))
	})
}

func plain(people []match.TeamsUser, phones []match.PBXUser, table match.Table) []string {
	is := func(a, b string) bool { return a != "" && strings.EqualFold(a, b) }
	any := func(list []string, word string) bool {
		return slices.ContainsFunc(list, func(s string) bool { return is(s, word) })
	}
	rules := []struct {
		name      string
		candidate func(match.TeamsUser, match.PBXUser) bool
	}{
		{"id", func(t match.TeamsUser, p match.PBXUser) bool {
			return slices.ContainsFunc(table, func(r match.Row) bool {
				return any([]string{t.ID, t.UPN, t.Mail}, r.Teams) && any([]string{p.Name, p.GUID, p.LongName}, r.PBX)
			})
		}},
		{"address", func(t match.TeamsUser, p match.PBXUser) bool {
			return any(p.Emails, t.UPN) || any(p.Emails, t.Mail) ||
				slices.ContainsFunc(t.Addresses, func(a string) bool { return any(p.Emails, a) })
		}},
		{"name", func(t match.TeamsUser, p match.PBXUser) bool { return is(t.DisplayName, p.LongName) }},
	}
	var pairs []string
	for _, rule := range rules {
		ofTeams, ofPBX := map[string][]string{}, map[string][]string{}
		for _, t := range people {
			for _, p := range phones {
				if rule.candidate(t, p) {
					ofTeams[t.ID] = append(ofTeams[t.ID], p.Name)
					ofPBX[p.Name] = append(ofPBX[p.Name], t.ID)
				}
			}
		}
		for id, names := range ofTeams {
			if len(names) == 1 && len(ofPBX[names[0]]) == 1 {
				pairs = append(pairs, id+" "+names[0]+" "+rule.name)
			}
		}
		people = slices.DeleteFunc(slices.Clone(people), func(t match.TeamsUser) bool { return ofTeams[t.ID] != nil })
		phones = slices.DeleteFunc(slices.Clone(phones), func(p match.PBXUser) bool { return ofPBX[p.Name] != nil })
	}
	return pairs
}

func TestPropertyNormalFormsOfANameAreOneName(t *testing.T) {
	t.Parallel()
	letter := rapid.OneOf(rapid.SampledFrom([]rune("aäßẞİıſΣςﬁ´Å\u0308\u0345\u00a0 ")), rapid.Rune())
	rapid.Check(t, func(t *rapid.T) {
		name := "x" + string(rapid.SliceOf(letter).Draw(t, "name"))
		for _, form := range []norm.Form{norm.NFC, norm.NFD, norm.NFKC, norm.NFKD} {
			report := match.New(match.ByName()).Match(
				[]match.TeamsUser{teams("t1", "", name)}, []match.PBXUser{pbx("a", " "+form.String(name))})
			require.Len(t, report.Matched, 1)
		}
	})
}
