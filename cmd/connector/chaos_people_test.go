package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestActsThatAreNoneAreNoInput(t *testing.T) {
	t.Parallel()
	c := staged(t)
	anna := c.crowd.people[0]
	for _, kind := range []deed{hangsUp, rings, rings, hangsUp, hangsUp} {
		require.NoError(t, c.crowd.do(0, act{kind: kind}))
	}
	require.Equal(t, 2, c.crowd.acts())
	require.Equal(t, hangsUp, anna.last().act.kind)
	for _, home := range []string{"slave", "master"} {
		require.NoError(t, c.crowd.do(0, act{kind: moves}))
		u, _ := c.stage.system.User(anna.guid)
		require.Equal(t, home, u.Home)
		require.NoError(t, c.crowd.do(0, act{kind: rings})) // which goes on over the second move
	}
	require.Equal(t, 5, c.crowd.acts())
}
