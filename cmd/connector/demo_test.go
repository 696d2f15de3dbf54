package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func testDemo(patience time.Duration) (*demo, *bytes.Buffer) {
	out := new(bytes.Buffer)
	return &demo{out: out, setting: setting{people: 14, patience: patience, log: slog.New(slog.DiscardHandler)}}, out
}

func lastLine(out fmt.Stringer) string {
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	return lines[len(lines)-1]
}

func TestDemoIsSeenOnTheOtherSide(t *testing.T) {
	t.Parallel()
	d, out := testDemo(30 * time.Second)
	require.NoError(t, d.play(t.Context(), []string{"auto", "sweep"}, false), out.String())
	require.Regexp(t, regexp.MustCompile(`^demo: (\d+) of (\d+) steps seen on the other side$`), lastLine(out))
	require.Greater(t, d.steps, 2*(len(expectedToPBX)+len(expectedToTeams)+10))
	require.Equal(t, d.steps, d.seen)
}

func TestDemoSaysWhichStepWasNotSeen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		keys     map[string]any
		sabotage func(*stage)
		want     string
	}{
		"a row is missing": {
			keys: map[string]any{"tables": map[string]any{"to_pbx": map[string]string{"BeRightBack": "busy"}}},
			want: `.* Teams shows BeRightBack/BeRightBack +→ PBX +FAILED: wanted away, PBX shows busy`,
		},
		"sessions are not cleared": {
			sabotage: func(s *stage) {
				s.tenant.Fault(graphtest.Answer{Route: graphtest.RouteClearPresence, Status: 403})
			},
			want: `Anna Müller +hangs up +→ Teams FAILED: wanted Available/Available, Teams shows Busy/InACall`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, out := testDemo(3 * time.Second)
			d.keys, d.sabotage = c.keys, c.sabotage
			require.ErrorIs(t, d.play(t.Context(), []string{"auto"}, false), errUnseen)
			require.Regexp(t, regexp.MustCompile(c.want), out.String())
			require.Less(t, d.seen, d.steps)
			require.Greater(t, d.seen, d.steps/2, "the rest goes on")
		})
	}
}

func TestDemoEndsWhenInterrupted(t *testing.T) {
	t.Parallel()
	d, _ := testDemo(30 * time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	d.sabotage = func(*stage) { cancel() }
	require.ErrorIs(t, d.play(ctx, []string{"sweep"}, false), context.Canceled)
}

func TestNothingTouchesTheAddressOfThePage(t *testing.T) {
	t.Parallel()
	lines := strings.Split(whereToLook("127.0.0.1:8080"), "\n")
	require.Contains(t, lines, "  http://127.0.0.1:8080/status")
	require.Contains(t, lines, "  connector explain ben --status-listen 127.0.0.1:8080")
}
