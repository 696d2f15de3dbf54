package match

import "slices"

// Rule ties people together: a Teams user and a PBX user that have a key in common
// are candidates for each other. An empty key ties nobody.
//
// The functions are called by [Matcher.Match] for every person that no earlier rule
// has decided about. They must be pure, and quick.
type Rule struct {
	// Name stands in the report for what the rule has decided.
	Name  string
	Teams func(TeamsUser) []string
	PBX   func(PBXUser) []string

	rows Table // what the keys stand for, where they stand for rows
}

// ByAddress returns the rule "address": UPN, mail or a proxy address is an e-mail
// address of the PBX user.
func ByAddress() Rule {
	return Rule{
		Name: "address",
		Teams: func(t TeamsUser) []string {
			return folded(append([]string{t.UPN, t.Mail}, t.Addresses...))
		},
		PBX: func(p PBXUser) []string { return folded(slices.Clone(p.Emails)) },
	}
}

// ByName returns the rule "name": the display name is the Long Name.
func ByName() Rule {
	return Rule{
		Name:  "name",
		Teams: func(t TeamsUser) []string { return []string{fold(t.DisplayName)} },
		PBX:   func(p PBXUser) []string { return []string{fold(p.LongName)} },
	}
}

// ByTable returns the rule "id": a row of the table has the PBX name, guid or Long
// Name in one column, and the object id, UPN or mail in the other. The table must
// not be changed afterwards.
func ByTable(table Table) Rule {
	teams, pbx := map[string][]string{}, map[string][]string{}
	for _, row := range table {
		name := fold(row.Teams)
		teams[name] = append(teams[name], row.String())
		name = fold(row.PBX)
		pbx[name] = append(pbx[name], row.String())
	}
	return Rule{
		Name:  "id",
		Teams: func(t TeamsUser) []string { return lookUp(teams, t.ID, t.UPN, t.Mail) },
		PBX:   func(p PBXUser) []string { return lookUp(pbx, p.Name, p.GUID, p.LongName) },
		rows:  slices.Clone(table),
	}
}

// unused returns the rows that name nobody on one side or on both.
func (r Rule) unused(teams []TeamsUser, pbx []PBXUser) []Row {
	if len(r.rows) == 0 {
		return nil
	}
	inTeams, inPBX := map[string]bool{}, map[string]bool{}
	for _, t := range teams {
		for _, row := range r.Teams(t) {
			inTeams[row] = true
		}
	}
	for _, p := range pbx {
		for _, row := range r.PBX(p) {
			inPBX[row] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(r.rows), func(row Row) bool {
		return inTeams[row.String()] && inPBX[row.String()]
	})
}

// lookUp returns the rows that any of the names stands for.
func lookUp(rows map[string][]string, names ...string) []string {
	if len(rows) == 0 {
		return nil
	}
	var found []string
	for _, name := range names {
		if name = fold(name); name != "" {
			found = append(found, rows[name]...)
		}
	}
	return found
}

// folded folds the words in place.
func folded(words []string) []string {
	for i, word := range words {
		words[i] = fold(word)
	}
	return words
}
