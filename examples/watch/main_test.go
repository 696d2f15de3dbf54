package main

import (
	"bufio"
	"context"
	"go/parser"
	"go/token"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWatchPrintsPresenceAndCalls(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	read, write := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- watch(ctx, write, listener, "secret")
		write.Close()
	}()
	go simulatePBX(ctx, "http://"+listener.Addr().String()+"/ms365/innovaphone-microsoft365", "secret")
	var lines []string
	for scan := bufio.NewScanner(read); scan.Scan(); {
		lines = append(lines, scan.Text())
		if scan.Text() == "Ada Lovelace: call 1 ended" {
			cancel()
		}
	}
	require.NoError(t, <-ended)
	require.Subset(t, lines, []string{
		"master: connected",
		"Ada Lovelace: available",
		"Alan Turing: available",
		`Hedy Lamarr: cannot be seen: PBX "master" hides the presence of user "hidden"`,
		"Ada Lovelace: call 1 ringing 00497031730090",
		"Ada Lovelace: call 1 connected 00497031730090",
		"Ada Lovelace: available, on the phone",
		"Ada Lovelace: dnd, on the phone",
	})
}

func TestThePackageIsUsedAlone(t *testing.T) {
	t.Parallel()
	file, err := parser.ParseFile(token.NewFileSet(), "main.go", nil, parser.ImportsOnly)
	require.NoError(t, err)
	for _, i := range file.Imports {
		path := strings.Trim(i.Path.Value, `"`)
		require.True(t, path == "github.com/pbx365/connector/pbx" || !strings.Contains(path, "."), path)
	}
}
