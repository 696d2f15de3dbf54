package main

import (
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// settings are the flags of a configuration, with its values.
func settings(c *config) []*kong.Flag {
	k, err := kong.New(c, kong.NoDefaultHelp())
	if err != nil {
		panic("connector: the settings are no flags: " + err.Error())
	}
	return k.Model.Flags
}

// settingNames are the names of the settings, as flags.
func settingNames() (names []string) {
	for _, flag := range settings(&config{}) {
		names = append(names, flag.Name)
	}
	return names
}

// changes are the names of the settings in which two configurations differ.
func changes(a, b config) (names []string) {
	before, after := settings(&a), settings(&b)
	for i, flag := range before {
		if flag.Name != "config" && !reflect.DeepEqual(flag.Target.Interface(), after[i].Target.Interface()) {
			names = append(names, flag.Name)
		}
	}
	return names
}

// take gives some settings the values that they have in another configuration.
func take(c, from *config, names []string) {
	to, other := settings(c), settings(from)
	for i, flag := range to {
		if slices.Contains(names, flag.Name) {
			flag.Target.Set(other[i].Target)
		}
	}
}

// environment gives each setting its variable, where the command that is run has settings. What
// else a command takes are flags.
func environment(run *kong.Path) error {
	if run.Command == nil || !slices.ContainsFunc(run.Command.Flags, func(f *kong.Flag) bool { return f.Name == "config" }) {
		return nil
	}
	names := settingNames()
	for _, flag := range run.Command.Flags {
		if slices.Contains(names, flag.Name) {
			flag.Envs = []string{"CONNECTOR_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))}
			flag.Tag.Envs = flag.Envs
		}
	}
	return nil
}
