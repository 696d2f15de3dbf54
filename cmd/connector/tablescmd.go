package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
)

// tablesCmd is connector tables.
type tablesCmd struct {
	config
	Value string `arg:"" optional:"" help:"An activity of Teams or of the PBX, in any case: show the way there and back."`
	For   string `placeholder:"NAME" help:"The tables of a group, or of the person with that name on the PBX. Membership of PBX groups is not known here."`
	out   io.Writer
}

// Run prints the tables in force, or the way of one value.
func (c tablesCmd) Run() error {
	p, err := c.config.ruleBook()
	if err == nil {
		err = c.groupsDiffer()
	}
	if err != nil {
		return err
	}
	rules, whose := p.named(c.For)
	if c.For != "" && whose == "" {
		return fmt.Errorf("tables: no group is called %s, and none names a person of that name: the tables of the site count", c.For)
	}
	if c.out == nil {
		c.out = os.Stdout
	}
	w := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
	printer := tablesPrinter{w, rules, "an alien call"}
	if c.PBX.AlienCalls == "off" {
		printer.onThePhone = "busy, where nothing else is set, since alien calls are off"
	}
	if c.Value != "" {
		err = printer.ways(c.Value)
	} else {
		printer.tables(whose, p)
	}
	if err != nil {
		return err
	}
	return w.Flush()
}

// named returns the rules of a group or of a person, and whose they are; "" for those of the site.
func (p ruleBook) named(name string) (rules presence.Rules, whose string) {
	for _, g := range p.groups {
		if strings.EqualFold(g.label, name) || g.holds(match.PBXUser{Name: name}) {
			return g.own, g.label
		}
	}
	return p.site, ""
}

// tablesPrinter prints rules.
type tablesPrinter struct {
	io.Writer
	rules      presence.Rules
	onThePhone string // what that is on the PBX
}

// tables prints every row; those that are not the default ones are marked, and so is
// what a direction leaves out.
func (w tablesPrinter) tables(whose string, p ruleBook) {
	rules, usual, rows := w.rules, presence.DefaultRows(), w.rules.Tables.Rows()
	if whose != "" {
		fmt.Fprintf(w, "The tables of %s\n\n", whose)
	}
	fmt.Fprintf(w, "Teams to PBX (to_pbx)%s\n", unless(rules.Direction != presence.PBXToTeams, ", not carried: direction is "+string(rules.Direction)))
	standard := map[string]string{}
	for activity, word := range usual.ToPBX {
		standard[strings.ToLower(activity)] = word
	}
	for _, activity := range slices.Sorted(maps.Keys(rows.ToPBX)) {
		word := rows.ToPBX[activity]
		fmt.Fprintf(w, "  %s\t%s%s\n", activity, w.word(word), unless(standard[strings.ToLower(activity)] == word, "\tset here"))
	}
	fmt.Fprintf(w, "\nPBX to Teams (to_teams)%s\n", unless(rules.Direction != presence.TeamsToPBX, ", not carried: direction is "+string(rules.Direction)))
	for _, word := range slices.Sorted(maps.Keys(rows.ToTeams)) {
		manual := rows.ToTeams[word]
		before, known := usual.ToTeams[word]
		fmt.Fprintf(w, "  %s\t%s%s\n", presence.PBX{Activity: word}, manual, unless(known && before == manual, "\tset here"))
	}
	if rules.Direction != presence.TeamsToPBX {
		fmt.Fprintf(w, "\nA call on the PBX is shown in Teams as %s.\n", rows.Call)
	}
	if whose == "" {
		for _, g := range p.groups {
			fmt.Fprintf(w, "Other rules: %s (%s); connector tables --for %q shows them.\n", g.label, g.who(), g.label)
		}
	}
}

// who says who is in the group.
func (g group) who() string {
	var parts []string
	if len(g.People) > 0 {
		parts = append(parts, strings.Join(g.People, ", "))
	}
	for _, name := range g.PBXGroups {
		parts = append(parts, "PBX group "+name)
	}
	return strings.Join(parts, ", ")
}

func (w tablesPrinter) word(word string) string {
	switch word {
	case presence.Online:
		return "online: takes away what Teams had put there"
	case presence.OnThePhone:
		return "on-the-phone: " + w.onThePhone
	}
	return word
}

func unless(usual bool, text string) string {
	if usual {
		return ""
	}
	return text
}

// ways prints how a value travels from each side that shows it.
func (w tablesPrinter) ways(value string) error {
	found := false
	if strings.EqualFold(value, "available") || strings.EqualFold(value, presence.Online) {
		value = "Available"
	}
	for _, side := range []presence.Side{presence.SideTeams, presence.SidePBX} {
		activity := value
		if side == presence.SidePBX && value == "Available" {
			activity = "" // the PBX has no word for it
		}
		way := w.rules.Tables.Way(side, activity)
		if len(way) == 0 {
			continue
		}
		if found {
			fmt.Fprintln(w)
		}
		found = true
		w.way(way)
	}
	if found {
		return nil
	}
	teams, pbx := w.shown()
	return fmt.Errorf("tables: %s is in no row and changes nothing%s\nTeams shows %s\nThe PBX shows %s",
		value, didYouMean(value, slices.Concat(teams, pbx)), strings.Join(teams, ", "), strings.Join(pbx, ", "))
}

// shown are the activities of each side that are in a row.
func (w tablesPrinter) shown() (teams, pbx []string) {
	rows := w.rules.Tables.Rows()
	for word := range rows.ToTeams {
		pbx = append(pbx, presence.PBX{Activity: word}.String())
	}
	pbx = append(pbx, presence.OnThePhone)
	slices.Sort(pbx)
	return slices.Sorted(maps.Keys(rows.ToPBX)), pbx
}

// way prints a way as far as the direction lets it go.
func (w tablesPrinter) way(way []presence.Row) {
	d := w.rules.Direction
	for _, row := range way {
		if toPBX := row.Table == "to_pbx"; toPBX && d == presence.PBXToTeams || !toPBX && d == presence.TeamsToPBX {
			fmt.Fprintf(w, "%s\tis not carried: the direction is %s\n", presence.PBX{Activity: row.Key}, d)
			return
		}
		fmt.Fprintln(w, w.row(row))
	}
	fmt.Fprintln(w, "and there it stays.")
}

func (w tablesPrinter) row(row presence.Row) string {
	switch row.Table {
	case "to_pbx":
		return fmt.Sprintf("shown in Teams\t%s\tis carried to the PBX as\t%s", row.Key, w.word(row.Value))
	case "call":
		return fmt.Sprintf("a call on the PBX\t%s\tis shown in Teams as\t%s", row.Key, row.Value)
	}
	return fmt.Sprintf("set by a person on the PBX\t%s\tis carried to Teams as\t%s", presence.PBX{Activity: row.Key}, row.Value)
}
