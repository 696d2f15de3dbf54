package main

import (
	"bufio"
	"context"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTeamsPrintsWhatChanges(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, write)
		write.Close()
	}()
	missing := map[string]bool{
		"Ada Lovelace shows Available/Available": true, "Ada Lovelace shows Busy/InAMeeting": true,
		"Bob Kahn shows Available/Available": true, "Bob Kahn shows DoNotDisturb/Presenting": true,
	}
	for scan := bufio.NewScanner(read); scan.Scan(); {
		if delete(missing, scan.Text()); len(missing) == 0 {
			cancel()
		}
	}
	require.ErrorIs(t, <-ended, context.Canceled)
	require.Empty(t, missing)
}
