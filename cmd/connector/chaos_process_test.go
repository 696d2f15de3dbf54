package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChaosSettingsAreNotInherited(t *testing.T) {
	t.Setenv("CONNECTOR_FEED", "push")
	t.Setenv("OTHER_FEED", "push")
	env := foreign(os.Environ())
	require.Contains(t, env, "OTHER_FEED=push")
	require.NotContains(t, env, "CONNECTOR_FEED=push")
}
