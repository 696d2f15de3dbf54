package main

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func TestTheApplicationSignsInByCertificate(t *testing.T) {
	t.Parallel()
	data, err := makeNotifyKey() // any certificate with its key will do
	require.NoError(t, err)
	key, err := parseNotifyKey(data)
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "app.pem")
	require.NoError(t, os.WriteFile(file, data, 0o600))
	s := running(t, "sweep", map[string]any{"graph-client-secret": "", "graph-certificate": file}, func(s *stage) {
		s.tenant.AddApp(graphtest.App{
			ID: demoApp, Certificate: key.Certificate,
			Roles: []string{"User.Read.All", "Presence.Read.All", "Presence.ReadWrite.All"},
		})
	})
	s.until(t, func(st status) bool { return green(st.Lights) && st.Bridge.Linked == 8 })
}

func TestACertificateFileWithoutOneIsNamed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "app.pem")
	require.NoError(t, os.WriteFile(file, []byte("no certificate"), 0o600))
	_, err := config{Graph: graphConfig{Certificate: file}}.application(nil)
	require.ErrorContains(t, err, file)
	_, err = config{Graph: graphConfig{Certificate: file + ".missing"}}.application(nil)
	require.ErrorContains(t, err, "missing")
}

// logBuffer is a log that may be read while it is written.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func TestTheCommunicationUserSignsInByCode(t *testing.T) {
	t.Parallel()
	log := new(logBuffer)
	d, _ := testDemo(60 * time.Second)
	d.keys = map[string]any{"users": demoUser}
	d.log = slog.New(slog.NewTextHandler(log, nil))
	s, err := newStage(t.Context(), "auto", d)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close()) }()
	s.tenant.RequireMFA(demoUser)
	require.NoError(t, s.startConnector())

	asked := regexp.MustCompile(`sign in the communication user.* code=(\S+)`)
	require.Eventually(t, func() bool { return asked.MatchString(log.String()) }, s.patience, 10*time.Millisecond)
	require.NoError(t, s.tenant.ApproveDevice(asked.FindStringSubmatch(log.String())[1], demoUser))
	s.until(t, func(st status) bool { return green(st.Lights) })
	require.NotContains(t, log.String(), demoSecret)
}
