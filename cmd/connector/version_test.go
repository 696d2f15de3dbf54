package main

import (
	"bytes"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

func TestTheVersionSaysWhatItWasBuiltFrom(t *testing.T) {
	t.Parallel()
	const revision = "03b2a4670000000000000000000000000000cafe"
	for want, c := range map[string]struct {
		version  string
		settings []debug.BuildSetting
	}{
		"connector (devel), go1.26.8": {"(devel)", nil},
		"connector v0.3.1, revision " + revision + ", go1.26.8": {"v0.3.1", []debug.BuildSetting{
			{Key: "vcs.revision", Value: revision}, {Key: "vcs.modified", Value: "false"},
		}},
		"connector v0.3.1+dirty, revision " + revision + " with changes, go1.26.8": {"v0.3.1+dirty", []debug.BuildSetting{
			{Key: "-buildmode", Value: "exe"}, {Key: "vcs.modified", Value: "true"}, {Key: "vcs.revision", Value: revision},
		}},
	} {
		info := &debug.BuildInfo{GoVersion: "go1.26.8", Main: debug.Module{Version: c.version}, Settings: c.settings}
		require.Equal(t, want, versionText(info))
	}
}

func TestTheVersionIsPrinted(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	var c cli
	ended := -1
	_, _ = readArgs(&c, []string{"--version"}, kong.Vars{"version": version()}, kong.Writers(&out, &out), kong.Exit(func(code int) { ended = code }))
	require.Zero(t, ended)
	require.Contains(t, out.String(), ", "+runtime.Version()+"\n")
	parsed, err := readArgs(&c, []string{"version"})
	require.NoError(t, err)
	require.Equal(t, "version", parsed.Command())
}
