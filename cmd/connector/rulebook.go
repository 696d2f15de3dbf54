package main

import (
	"maps"
	"slices"
	"strings"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
)

// ruleBook is what is decided by: the rules of the site, and those of its groups.
type ruleBook struct {
	site   presence.Rules
	groups []groupRules
}

// groupRules are a group with its rules.
type groupRules struct {
	group
	label string
	own   presence.Rules
}

// ruleBook reads the tables and groups of the configuration.
func (c config) ruleBook() (ruleBook, error) {
	var b ruleBook
	site, err := c.Tables.rows()
	if err != nil {
		return b, c.wrong("tables", "cannot be used: %w", err)
	}
	if b.site, err = c.rules(c.Direction, site); err != nil {
		return b, c.wrong("tables", "cannot be used: %w", err)
	}
	for i, g := range c.Groups {
		one := groupRules{group: g, label: label(g.Name, i)}
		rows, err := g.Tables.rows()
		if err != nil {
			return b, c.wrong("groups", "cannot be used, %s: %w", one.label, err)
		}
		if g.Direction == "" {
			g.Direction = c.Direction
		}
		if one.own, err = c.rules(g.Direction, site, rows); err != nil {
			return b, c.wrong("groups", "cannot be used, %s: %w", one.label, err)
		}
		b.groups = append(b.groups, one)
	}
	return b, nil
}

func (c config) rules(direction string, rows ...presence.Rows) (presence.Rules, error) {
	tables, err := presence.NewTables(rows...)
	return presence.Rules{Direction: presence.Direction(direction), Tables: tables, Settle: c.Settle, Pace: c.Pace}, err
}

// of returns the rules of the first group that holds a person, or else those of the site.
func (b ruleBook) of(pair match.Pair) presence.Rules {
	for _, g := range b.groups {
		if g.holds(pair.PBX) {
			return g.own
		}
	}
	return b.site
}

// decideBy has everybody decided about by these rules.
func (s *service) decideBy(rules *ruleBook) {
	s.rules.Store(rules)
	for _, odd := range rules.odd() {
		s.log.Warn(odd)
	}
}

// rulesOf returns the rules of now for a pair.
func (s *service) rulesOf(pair match.Pair) presence.Rules { return s.rules.Load().of(pair) }

// moveRules goes over to the rules of another service.
func (s *service) moveRules(to *service) {
	s.decideBy(to.rules.Load())
	s.bridge.RulesChanged()
}

// odd names rows for activities that Teams is not known to show.
func (b ruleBook) odd() (odd []string) {
	known := slices.Sorted(maps.Keys(presence.DefaultRows().ToPBX))
	seen := map[string]bool{}
	for _, rules := range append([]groupRules{{own: b.site}}, b.groups...) {
		for _, activity := range slices.Sorted(maps.Keys(rules.own.Tables.Rows().ToPBX)) {
			if !hasName(known, activity) && !seen[activity] {
				seen[activity] = true
				odd = append(odd, "the table to_pbx has a row for "+activity+", which Teams is not known to show"+didYouMean(activity, known))
			}
		}
	}
	return odd
}

// unused are the names in groups that nobody who is matched has, or is in.
func (b ruleBook) unused(r match.Report) (unused []string) {
	users, groups := map[string]bool{}, map[string]bool{}
	for _, pair := range r.Matched {
		users[strings.ToLower(pair.PBX.Name)] = true
		for _, name := range pair.PBX.Groups {
			groups[strings.ToLower(name)] = true
		}
	}
	for _, g := range b.groups {
		for _, name := range g.People {
			if !users[strings.ToLower(name)] {
				unused = append(unused, g.label+": nobody who is kept the same is called "+name)
			}
		}
		for _, name := range g.PBXGroups {
			if !groups[strings.ToLower(name)] {
				unused = append(unused, g.label+": nobody who is kept the same is in the PBX group "+name)
			}
		}
	}
	return unused
}
