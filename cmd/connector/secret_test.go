package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

func TestSecretsAreReadFromFilesAndNeverShown(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(file, []byte("hush hush\n"), 0o600))
	c, err := parse(t, "users: [{upn: a@example.com, password: hush}]\n", "--pbx-password", "file:"+file)
	require.NoError(t, err)
	require.Equal(t, "hush hush", c.PBX.Password.text)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("configuration", "pbx", c.PBX, "password", c.PBX.Password)
	require.NotContains(t, log.String()+fmt.Sprintf("%v %+v %#v", c, c, c.PBX.Password), "hush")
}

const unreadableFile = `
graph: {tenant: t, client_id: c, client_secret: file:/nowhere/graph}
pbx:
  password: file:/nowhere/pbx
  alien_calls: direct
status_password: file:/nowhere/status
users:
  - {upn: a@example.com, password: file:/nowhere/a}
`

func TestASecretThatCannotBeReadIsNamedByWhoNeedsIt(t *testing.T) {
	t.Parallel()
	c, err := parse(t, unreadableFile)
	require.NoError(t, err)
	err = c.validate()
	for _, want := range []string{
		c.Config.name + ", line 2: graph.client_secret cannot be read: open /nowhere/graph: ", ", line 4: pbx.password cannot be read: open /nowhere/pbx",
		", line 6: status_password cannot be read", ", line 7: users cannot be used, a@example.com: the password cannot be read: open /nowhere/a",
	} {
		require.ErrorContains(t, err, want)
	}
	require.NotContains(t, err.Error(), "missing", "they are there")
}

func TestWhoeverMayNotReadSecretsCanLookAtTables(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "connector.yaml")
	require.NoError(t, os.WriteFile(file, []byte(unreadableFile), 0o600))
	var c cli
	_, err := readArgs(&c, []string{"tables", "InAMeeting", "--config", file})
	require.NoError(t, err)
	var out bytes.Buffer
	c.Tables.out = &out
	require.NoError(t, c.Tables.Run())
	require.Contains(t, out.String(), "is carried to the PBX as  meeting")
}

func TestWhoeverMayNotReadSecretsCanAskForAPerson(t *testing.T) {
	t.Parallel()
	s := asked(t, "sweep")
	address := s.connector.config.StatusListen
	file := filepath.Join(t.TempDir(), "connector.yaml")
	require.NoError(t, os.WriteFile(file, []byte(unreadableFile+"status_listen: "+address+"\n"), 0o600))
	ask := func(args ...string) error {
		var c cli
		_, err := readArgs(&c, append([]string{"explain", "anna.mueller", "--config", file}, args...))
		require.NoError(t, err)
		return c.Explain.ask(t.Context(), &bytes.Buffer{}, time.UTC)
	}
	require.NoError(t, ask("--status-password", "open sesame"))
	err := ask()
	require.ErrorContains(t, err, "the service at http://"+address+" asks for the password, which cannot be read here: open /nowhere/status")
	require.Contains(t, presence.Advice(err), "--status-password")
}
