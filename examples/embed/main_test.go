package main

import (
	"bufio"
	"context"
	"io"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEmbedRunsAgainstTheSimulators(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, write)
		write.Close()
	}()
	var lines []string
	for scan := bufio.NewScanner(read); scan.Scan(); {
		lines = append(lines, scan.Text())
		if scan.Text() == "Teams shows do not disturb; interrupt to end" {
			cancel()
		}
	}
	<-ended
	require.Subset(t, lines, []string{
		"ada: activity meeting",
		"the phone shows the meeting",
		"ada: preferred presence DoNotDisturb/DoNotDisturb",
		"Teams shows do not disturb; interrupt to end",
	})
}
