package match_test

import (
	"fmt"
	"strings"

	"github.com/pbx365/connector/match"
)

func Example() {
	table, err := match.ParseCSV(strings.NewReader("pbx;teams\nreception;front.desk@example.com\nlobby;t9\n"))
	if err != nil {
		panic(err)
	}
	report := match.Default(table).Match(
		[]match.TeamsUser{
			{ID: "t1", UPN: "anna@example.com", DisplayName: "Anna Miller"},
			{ID: "t2", UPN: "front.desk@example.com"},
			{ID: "t3", DisplayName: "John Smith"},
			{ID: "t4", DisplayName: "john smith"},
		},
		[]match.PBXUser{
			{GUID: "g1", Name: "anna", Emails: []string{"Anna@Example.com"}, Licensed: true},
			{GUID: "g2", Name: "reception", Licensed: true},
			{GUID: "g3", Name: "john", LongName: "John Smith", Licensed: true},
		},
	)
	for _, p := range report.Matched {
		fmt.Printf("%s is %s (rule %s)\n", p.PBX.Name, p.Teams.UPN, p.Rule)
	}
	for _, a := range report.Ambiguous {
		fmt.Println(a)
	}
	for _, row := range report.UnusedRows {
		fmt.Printf("line %d names nobody: %s\n", row.Line, row)
	}
	// Output:
	// anna is anna@example.com (rule address)
	// reception is front.desk@example.com (rule id)
	// john could be t3, t4: same name (john smith)
	// line 3 names nobody: lobby = t9
}
