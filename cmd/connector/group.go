package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/pbx365/connector/match"
)

// group is some people for whom direction, tables or both are different.
type group struct {
	Name      string
	People    nameList // PBX users
	PBXGroups nameList // groups on the PBX
	Direction string   // empty for the one of the site
	Tables    tablesConfig
}

// holds reports whether a PBX user is in the group.
func (g group) holds(user match.PBXUser) bool {
	return hasName(g.People, user.Name) || slices.ContainsFunc(g.PBXGroups, func(name string) bool { return hasName(user.Groups, name) })
}

// hasName reports whether a name is in a list, in any case.
func hasName(list []string, name string) bool {
	return slices.ContainsFunc(list, func(other string) bool { return strings.EqualFold(other, name) })
}

// groups are a list of mappings.
type groups []group

// UnmarshalText adds groups.
func (g *groups) UnmarshalText(text []byte) error {
	items, err := readList(text)
	if err != nil {
		return fmt.Errorf("no list: %w", err)
	}
	var wrong []error
	for i, item := range items {
		one, err := readGroup(item)
		if err != nil {
			wrong = append(wrong, each(label(one.Name, i), err))
		}
		*g = append(*g, one)
	}
	return errors.Join(wrong...)
}

// label is how a group is called in messages.
func label(name string, i int) string {
	if name != "" {
		return name
	}
	return fmt.Sprintf("number %d", i+1)
}

func readGroup(node *yaml.Node) (group, error) {
	var g group
	var tables yaml.Node
	err := readKeys(node, map[string]any{
		"name": &g.Name, "people": &g.People, "pbx-groups": &g.PBXGroups, "direction": &g.Direction, "tables": &tables,
	})
	if err == nil && !tables.IsZero() {
		err = readKeys(&tables, map[string]any{"to-pbx": &g.Tables.ToPBX, "to-teams": &g.Tables.ToTeams, "call": &g.Tables.Call})
	}
	switch {
	case err != nil:
		return g, err
	case len(g.People)+len(g.PBXGroups) == 0:
		return g, errors.New("it holds nobody: give people or pbx_groups")
	case g.Direction == "" && g.Tables.empty():
		return g, errors.New("nothing is different for it: give a direction, tables or both")
	case g.Direction != "" && !slices.Contains(directions, g.Direction):
		return g, fmt.Errorf("direction %q is none of %s", g.Direction, strings.Join(directions, ", "))
	}
	return g, nil
}

// directions are the values of the setting.
var directions = []string{"both", "teams-to-pbx", "pbx-to-teams"}

// groupsDiffer refuses a person who is named by two groups, and two groups of one name.
func (c config) groupsDiffer() error {
	holder := map[string]string{}
	for i, one := range c.Groups {
		if same := func(g group) bool { return strings.EqualFold(g.Name, one.Name) }; one.Name != "" && slices.ContainsFunc(c.Groups[:i], same) {
			return c.wrong("groups", "has the name %s twice", one.Name)
		}
		for _, name := range one.People {
			key := strings.ToLower(name)
			if before, twice := holder[key]; twice {
				return c.wrong("groups", "has %s twice: %s and %s name the same person", name, before, label(one.Name, i))
			}
			holder[key] = label(one.Name, i)
		}
	}
	return nil
}
