package main

import (
	"bytes"
	"context"
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
		out: out, people: 60, kills: 8, share: 0.01, seed: seed,
		between: time.Second, rounds: 3, pause: 3 * time.Second, calm: 3 * time.Second,
		patience: time.Minute, tell: time.Second,
		keys: map[string]any{"settle": "2s", "reconcile-every": "2s"},
	}, out
}

func TestChaosKeepsWhatIsPromised(t *testing.T) {
	t.Parallel()
	c, out := smallChaos(1)
	require.NoError(t, c.play(t.Context()), out.String())
	require.Equal(t, "chaos: 60 people, 8 kills, 0 lost, 0 writes without cause, 0 left behind", lastLine(out))
	require.Regexp(t, regexp.MustCompile(`^chaos: seed 1;`), out.String())
	require.GreaterOrEqual(t, c.hits, 2, "in the middle of a write")
	require.Greater(t, c.crowd.acts(), 4*60)
	require.Greater(t, c.crowd.writes(), 60)
	require.NotEmpty(t, c.stage.system.Losses())
}

func TestChaosTakesArgumentsThatMakeSense(t *testing.T) {
	t.Parallel()
	for want, cmd := range map[string]chaosCmd{
		"--people 7 is too few": {People: 7, Kills: 2},
		"--kills 1 is too few":  {People: 8, Kills: 1},
		"--faults 1 is no":      {People: 8, Kills: 2, Faults: 1},
		"--faults -1 is no":     {People: 8, Kills: 2, Faults: -1},
	} {
		require.ErrorContains(t, cmd.Run(t.Context()), want)
	}
}

func TestChaosTellsWhereTheConnectorEndedByItself(t *testing.T) {
	t.Parallel()
	c, _ := smallChaos(1)
	c.keys["pbx-password"] = "longer than fifteen characters"
	err := c.play(t.Context())
	require.ErrorContains(t, err, "the connector ended by itself: exit status 1")
	require.NotErrorIs(t, err, errChaos)
	log := c.log.Name()
	require.ErrorContains(t, err, "the log of the connector and of the simulators is "+log)
	text, err := os.ReadFile(log)
	require.NoError(t, err)
	require.Contains(t, string(text), "option Password is longer than the 15 characters")
	require.NoError(t, os.Remove(log))
}

func TestChaosEndsWhenInterrupted(t *testing.T) {
	t.Parallel()
	c, _ := smallChaos(1)
	ctx, cancel := context.WithCancel(t.Context())
	killed := regexp.MustCompile(`[1-9] kills, \d+ acts`)
	c.out = writerFunc(func(line []byte) (int, error) {
		if killed.Match(line) {
			cancel()
		}
		return len(line), nil
	})
	require.ErrorIs(t, c.play(ctx), context.Canceled)
	<-c.now.ended
	require.NoError(t, os.Remove(c.log.Name()))
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
