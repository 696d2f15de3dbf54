package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
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

func TestPBXsMayDialWithAndWithoutTheSlash(t *testing.T) {
	t.Parallel()
	phones := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	for _, path := range []string{"/pbx", "/pbx/", "/pbx/innovaphone-microsoft365"} {
		w := httptest.NewRecorder()
		pages(phones).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		require.Equal(t, http.StatusTeapot, w.Code, "a redirection from %s, which no websocket follows", path)
	}
}
