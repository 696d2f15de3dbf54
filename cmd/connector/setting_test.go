package main

import (
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/require"
)

func TestTheEnvironmentIsThatOfSettings(t *testing.T) {
	for name, value := range map[string]string{
		"CONNECTOR_FEED": "sweep", "CONNECTOR_PEOPLE": "7", "CONNECTOR_KEEP": "true", "CONNECTOR_KILLS": "3", "CONNECTOR_GRAPH_CLIENT_ID": "c",
		"CONNECTOR_TIMEOUT": "1s", "CONNECTOR_JSON": "true", "CONNECTOR_FOR": "anna", "CONNECTOR_VERSION": "true", "CONNECTOR_HELP": "true",
	} {
		t.Setenv(name, value)
	}
	read := func(args ...string) (c cli) {
		_, err := readArgs(&c, args, kong.WithBeforeReset(environment))
		require.NoError(t, err, args)
		return c
	}
	settings := func(c config) { require.Equal(t, []string{"sweep", "c"}, []string{c.Feed, c.Graph.ClientID}) }
	settings(read("serve").Serve.config)
	release := read("release").Release
	settings(release.config)
	require.Equal(t, 10*time.Minute, release.Timeout)
	explain := read("explain", "anna").Explain
	settings(explain.config)
	require.False(t, explain.JSON)
	tables := read("tables").Tables
	settings(tables.config)
	require.Empty(t, tables.For)

	demo, chaos := read("demo").Demo, read("chaos").Chaos
	require.Equal(t, demoCmd{Feed: "both", People: 14}, demo)
	require.Equal(t, []int{2000, 200}, []int{chaos.People, chaos.Kills})
}

func TestTheEnvironmentNamesTheFile(t *testing.T) {
	t.Setenv("CONNECTOR_CONFIG", "/nowhere/connector.yaml")
	var c cli
	_, err := readArgs(&c, []string{"serve"}, kong.WithBeforeReset(environment))
	require.ErrorContains(t, err, "/nowhere/connector.yaml")
	t.Setenv("CONNECTOR_SETTLE", "soon")
	_, err = readArgs(&c, []string{"demo"}, kong.WithBeforeReset(environment))
	require.NoError(t, err)
}
