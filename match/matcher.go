package match

import "slices"

// Matcher is a chain of rules. It may be used by many goroutines at once. The zero
// value matches nobody.
type Matcher struct{ rules []Rule }

// New returns a matcher that asks the rules in the order given.
func New(rules ...Rule) Matcher { return Matcher{slices.Clone(rules)} }

// Default returns the matcher most sites want: the explicit table first, then
// addresses, then names.
func Default(table Table) Matcher { return New(ByTable(table), ByAddress(), ByName()) }

// Match says who is who. The lists may be in any order and are not changed. It takes
// time in proportion to the number of people.
func (m Matcher) Match(teams []TeamsUser, pbx []PBXUser) Report {
	teams, pbx = ordered(teams, byID), ordered(pbx, byName)
	var report Report
	for _, rule := range m.rules {
		report.UnusedRows = append(report.UnusedRows, rule.unused(teams, pbx)...)
	}
	for _, rule := range m.rules {
		var knots []*knot
		knots, teams, pbx = tie(rule, teams, pbx)
		for _, k := range knots {
			report.add(rule, k)
		}
	}
	report.UnmatchedTeams, report.UnmatchedPBX = teams, pbx
	report.sort()
	return report
}
