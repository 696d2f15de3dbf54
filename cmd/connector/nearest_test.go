package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/match"
)

func TestTheLikestNameIsTheFirst(t *testing.T) {
	t.Parallel()
	for name, want := range map[string][]string{ // in the order of likeness
		"anna":     {"anna.mueller", "susi.anna", "annabell", "marie.annabell", "nina", "johanna"},
		"Anna":     {"ANNA.M", "Anna Müller", "nina"},
		"müller":   {"Anna Müller", "Müllerin", "muller", "Obermüller"},
		"tls":      {"tls-cert", "tlscert", "ttl"},
		"feeds":    {"feed"},
		"an":       {"nn", "anna"},
		"schmidt":  {"joerg.schmidt", "joerg.schmidt2", "schmitt", "hofschmidtke"},
		"nobody's": {},
	} {
		for turn := range len(want) {
			known := append(append([]string{"", "zzzzzzzzzz"}, want[turn:]...), want[:turn]...)
			require.Equal(t, want[:min(5, len(want))], append([]string{}, nearest(name, known)...), name)
		}
	}
	require.Empty(t, nearest(strings.Repeat("a", 101), []string{strings.Repeat("a", 102)}))
}

func TestNearNames(t *testing.T) {
	t.Parallel()
	known := everybody(match.Report{
		Matched:        []match.Pair{{PBX: match.PBXUser{Name: "anna", LongName: "Anna Müller"}, Teams: match.TeamsUser{UPN: "anna@x.example"}}},
		Unlicensed:     []match.Pair{{PBX: match.PBXUser{Name: "ute"}}},
		Ambiguous:      []match.Ambiguity{{PBX: []match.PBXUser{{Name: "alex1"}}, Teams: []match.TeamsUser{{UPN: "alex@x.example"}}}},
		UnmatchedTeams: []match.TeamsUser{{DisplayName: "Remote Rita"}},
		UnmatchedPBX:   []match.PBXUser{{LongName: "Reception"}},
	})
	for name, want := range map[string][]string{
		"ana": {"anna"}, "anna": {"Anna Müller"}, "müller": {"Anna Müller"}, "UTE": {"ute"}, "alex2": {"alex1"}, "alex": {"alex@x.example", "alex1"},
		"remote": {"Remote Rita"}, "recepton": {"Reception"}, "x.example": {"alex@x.example", "anna@x.example"}, "zzzzzz": nil,
	} {
		require.Equal(t, want, nearestPeople(name, known), name)
	}
	require.Len(t, nearest("same", []string{"same1", "same2", "same3", "same4", "same5", "same6"}), 5)
}
