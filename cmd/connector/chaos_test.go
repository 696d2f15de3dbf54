package main

import (
	"bytes"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// actAsConnector is set for the processes that the tests start, which are this program.
const actAsConnector = "TEST_ACTS_AS_CONNECTOR"

func TestMain(m *testing.M) {
	if os.Getenv(actAsConnector) != "" {
		main()
	}
	if err := os.Setenv(actAsConnector, "1"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// smallChaos is over in half a minute.
func smallChaos(seed uint64) (*chaos, *bytes.Buffer) {
	out := new(bytes.Buffer)
	return &chaos{
		out: out, people: 60, kills: 6, share: 0.01, seed: seed,
		between: 2 * time.Second, rounds: 3, pause: 2 * time.Second, calm: 3 * time.Second,
		patience: time.Minute, tell: time.Second,
		keys: map[string]any{"settle": "2s", "reconcile-every": "2s"},
	}, out
}

func TestChaosKeepsWhatIsPromised(t *testing.T) {
	t.Parallel()
	c, out := smallChaos(1)
	require.NoError(t, c.play(t.Context()), out.String())
	require.Equal(t, "chaos: 60 people, 6 kills, 0 lost, 0 writes without cause, 0 left behind", lastLine(out))
	require.Regexp(t, regexp.MustCompile(`^chaos: seed 1;`), out.String())
	require.Greater(t, c.crowd.acts(), 4*60)
	require.Greater(t, c.crowd.writes(), 60)
	t.Log(out.String())
}
