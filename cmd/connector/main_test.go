package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

// failed is what the program says when it is called like that.
func failed(t *testing.T, args ...string) string {
	t.Helper()
	var c cli
	_, err := readArgs(&c, args, kong.Name("connector"))
	require.Error(t, err, args)
	var out bytes.Buffer
	require.Equal(t, 1, fail(&out, err))
	return out.String()
}

func TestAWrongCallSaysHowToCall(t *testing.T) {
	t.Parallel()
	require.Regexp(t, `(?s)^connector: .*\nUsage: connector <command> .*\n  serve .*\n  release `, failed(t))
	for want, args := range map[string][]string{
		"connector: expected \"<name> ...\"\nUsage: connector explain <name> ... [flags]\n": {"explain"},
		"connector: unknown flag --foo\nUsage: connector serve [flags]\n":                   {"serve", "--foo"},
		"connector: unexpected argument b\nUsage: connector tables [<value>] [flags]\n":     {"tables", "a", "b"},
		"did you mean \"tables\"?\nUsage: connector <command>":                              {"tabels"},
	} {
		require.Contains(t, failed(t, args...), want)
	}
}

func TestAWrongConfigurationIsNoWrongCall(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "connector.yaml")
	for _, text := range []string{"settle: soon\n", "setle: 1s\n", "- settle\n", "["} {
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
		require.NotContains(t, failed(t, "serve", "--config", name), "Usage", text)
	}
	require.NotContains(t, failed(t, "serve", "--config", "/nowhere"), "Usage")
}
