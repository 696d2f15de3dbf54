package main

import (
	"fmt"
	"os"
	"runtime/debug"
)

// versionCmd is connector version.
type versionCmd struct{}

// Run prints the version.
func (versionCmd) Run() error {
	_, err := fmt.Fprintln(os.Stdout, version())
	return err
}

// version says what this program was built from, and with what.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "connector, of unknown origin"
	}
	return versionText(info)
}

func versionText(info *debug.BuildInfo) string {
	built := map[string]string{}
	for _, s := range info.Settings {
		built[s.Key] = s.Value
	}
	text := "connector " + info.Main.Version
	if revision := built["vcs.revision"]; revision != "" {
		text += ", revision " + revision + unless(built["vcs.modified"] != "true", " with changes")
	}
	return text + ", " + info.GoVersion
}
