package match_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/match"
)

// BenchmarkMatch matches 100,000 people with 100,000: a third each by table, address
// and name, and a thousand who all have the same name.
func BenchmarkMatch(b *testing.B) {
	const size, namesakes = 100_000, 1_000
	var (
		people []match.TeamsUser
		phones []match.PBXUser
		table  match.Table
	)
	for i := range size {
		person := teams(fmt.Sprintf("id-%d", i), fmt.Sprintf("user%d@example.com", i), fmt.Sprintf("Jürgen Müller %d", i))
		phone := pbx(fmt.Sprintf("phone-%d", i), "")
		switch {
		case i < namesakes:
			person.DisplayName, phone.LongName = "Info", "INFO"
		case i%3 == 0:
			table = append(table, match.Row{PBX: phone.Name, Teams: person.ID})
		case i%3 == 1:
			phone.Emails = []string{person.UPN}
		default:
			phone.LongName = person.DisplayName
		}
		people, phones = append(people, person), append(phones, phone)
	}
	b.ReportAllocs()
	for b.Loop() {
		report := match.Default(table).Match(people, phones)
		require.Len(b, report.Matched, size-namesakes)
		require.Len(b, report.Ambiguous, 1)
	}
}
