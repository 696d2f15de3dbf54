package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/store"
)

func TestReleaseDeletesTheSubscriptionsOfAnotherFeed(t *testing.T) {
	t.Parallel()
	s := running(t, "auto", nil, nil)
	s.until(t, func(st status) bool { return green(st.Lights) })
	require.Eventually(t, func() bool { return len(s.tenant.Subscriptions()) == 3 }, s.patience, 10*time.Millisecond)
	require.NoError(t, s.stopConnector())
	text, err := os.ReadFile(s.file)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(s.file, []byte(strings.Replace(string(text), "feed: auto", "feed: sweep", 1)), 0o600))
	require.NoError(t, s.releaseConnector(t.Context()))
	require.Empty(t, s.tenant.Subscriptions())
}

func TestReleaseOfNothingIsNoSuccess(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "typo.db")
	err := releaseCmd{config: config{Store: file}}.Run(t.Context())
	require.ErrorContains(t, err, file)
	require.NoFileExists(t, file)
	here, err := os.Getwd()
	require.NoError(t, err)
	err = releaseCmd{config: config{Store: "typo.db"}}.Run(t.Context())
	require.ErrorContains(t, err, filepath.Join(here, "typo.db"), "whatever folder that is")
}

func TestReleaseFromAStoreThatRemembersNothingIsNoSuccess(t *testing.T) {
	t.Parallel()
	s := running(t, "auto", nil, nil)
	s.until(t, func(st status) bool { return green(st.Lights) && st.Bridge.Linked == 8 })
	require.NoError(t, s.stopConnector())
	c, err := s.readConfig()
	require.NoError(t, err)

	known, err := (&service{config: c, store: s.connector.store}).remembered(t.Context())
	require.ErrorIs(t, err, store.ErrClosed)
	require.Empty(t, known)
	connector, err := s.newConnector()
	require.NoError(t, err)
	known, err = connector.remembered(t.Context())
	require.NoError(t, err)
	require.NoError(t, connector.close())
	require.Regexp(t, c.Store+" remembers people: [1-8], subscriptions: [1-3], sign-ins: 0$", known.String())

	require.NoError(t, s.releaseConnector(t.Context()))
	asked := s.tenant.Calls()
	err = releaseCmd{config: c, Timeout: s.patience}.Run(t.Context())
	require.ErrorContains(t, err, "store remembers nothing: there is no person, no subscription and no sign-in in "+c.Store)
	require.ErrorContains(t, err, "neither Teams nor a PBX was asked")
	require.Contains(t, presence.Advice(err), "--store")
	require.Equal(t, asked, s.tenant.Calls())
	require.Equal(t, 1, run(t.Context(), []string{"release", "--config", s.file}))
}

func TestReleaseAsksNobodyAboutWhatHasEnded(t *testing.T) {
	t.Parallel()
	s := running(t, "sweep", nil, nil)
	s.until(t, func(st status) bool { return green(st.Lights) })
	put := func(name string, expires time.Time) {
		_, err := s.connector.store.PutSubscription(t.Context(), store.Subscription{Name: "presence/" + name, ID: "x-" + name, Expires: expires})
		require.NoError(t, err)
		_, err = s.connector.store.PutSignIn(t.Context(), store.SignIn{Name: name, Sealed: []byte("x")})
		require.NoError(t, err)
	}
	put("left@contoso.com", time.Now().Add(-time.Minute))
	put("gone@contoso.com", time.Now().Add(time.Hour))
	err := s.connector.unsubscribe(t.Context())
	require.ErrorContains(t, err, "gone@contoso.com is not among users any more")
	require.ErrorContains(t, err, "run release again after that")
	signIns, err := s.connector.store.SignIns(t.Context())
	require.NoError(t, err)
	require.Len(t, signIns, 1)
	require.Equal(t, "gone@contoso.com", signIns[0].Name, "the other one is needed no more")
}
