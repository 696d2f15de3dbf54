package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/presence"
)

func testKeys(t *testing.T) *notifyKeys {
	t.Helper()
	return newNotifyKeys(filepath.Join(t.TempDir(), "notify.pem"), slog.New(slog.DiscardHandler))
}

func TestTheNotificationKeyIsMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	k := testKeys(t)
	first, err := k.load(time.Now())
	require.NoError(t, err)
	second, err := k.load(time.Now())
	require.NoError(t, err)
	require.Equal(t, first[0].ID, second[0].ID)
	require.True(t, first[0].Private.Equal(second[0].Private))
	info, err := os.Stat(k.file)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	require.NoError(t, os.WriteFile(k.file, []byte("damaged"), 0o600))
	_, err = k.load(time.Now())
	require.ErrorContains(t, err, "remove the file")
}

func TestTheNotificationKeyIsReplacedBeforeItEnds(t *testing.T) {
	t.Parallel()
	k, now := testKeys(t), time.Now()
	first, err := k.load(now)
	require.NoError(t, err)
	same, err := k.load(now.Add(334 * 24 * time.Hour))
	require.NoError(t, err)
	require.Equal(t, first, same)

	later := now.Add(336 * 24 * time.Hour)
	both, err := k.load(later)
	require.NoError(t, err)
	require.Len(t, both, 2, "the old one still opens")
	require.NotEqual(t, first[0].ID, both[0].ID)
	require.Equal(t, first[0].ID, both[1].ID)

	next, err := k.load(later.Add(340 * 24 * time.Hour))
	require.NoError(t, err)
	require.Len(t, next, 2, "what has ended is dropped")
	require.Equal(t, both[0].ID, next[1].ID)
}

func TestANotificationKeyThatCannotBeReplacedIsUsedOn(t *testing.T) {
	t.Parallel()
	k, now := testKeys(t), time.Now()
	first, err := k.load(now)
	require.NoError(t, err)
	// Beside a file with the longest name there is, no other can be written, by anybody.
	data, err := os.ReadFile(k.file)
	require.NoError(t, err)
	k.file = filepath.Join(t.TempDir(), strings.Repeat("k", 255))
	require.NoError(t, os.WriteFile(k.file, data, 0o600))
	keys, err := k.load(now.Add(336 * 24 * time.Hour))
	require.NoError(t, err)
	require.Equal(t, first, keys)
	require.Equal(t, presence.StateFailed, k.light.Health().State)
	require.Contains(t, k.light.Health().Todo, "writable")
}

func TestNewNotificationKeysReachTheWebhook(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		k := testKeys(t)
		k.log = slog.New(slog.NewTextHandler(&log, nil))
		keys, err := k.load(time.Now())
		require.NoError(t, err)
		webhook, err := graph.NewWebhook(graph.WebhookOptions{PublicURL: "https://connector.example", AppID: "a", Tenant: "t", Keys: keys})
		require.NoError(t, err)
		defer goRun(t, func(ctx context.Context) error { return k.run(ctx, webhook) })()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		require.Empty(t, log.String())
		require.NoError(t, os.WriteFile(k.file, []byte("half of a"), 0o600))
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Contains(t, log.String(), "stay as they are")
		require.Equal(t, presence.StateFailed, k.light.Health().State)
		data, err := keyOf(time.Now().Add(-334 * 24 * time.Hour))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(k.file, data, 0o600))
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Contains(t, log.String(), "new keys for notifications")
		require.Equal(t, presence.StateOK, k.light.Health().State)
		time.Sleep(25 * time.Hour)
		synctest.Wait()
		require.Equal(t, presence.StateOK, k.light.Health().State)
		require.Equal(t, 2, strings.Count(log.String(), "new keys for notifications"), "replaced by itself")
	})
}

func TestKeysThatTheWebhookDidNotTakeAreTriedAgain(t *testing.T) {
	t.Parallel()
	k := testKeys(t)
	keys, err := k.load(time.Now())
	require.NoError(t, err)
	o := graph.WebhookOptions{PublicURL: "https://connector.example", Secret: "s"}
	picky, err := graph.NewWebhook(o) // without application and tenant it takes no keys
	require.NoError(t, err)
	o.AppID, o.Tenant, o.Keys = "a", "t", keys
	webhook, err := graph.NewWebhook(o)
	require.NoError(t, err)

	var log bytes.Buffer
	k.log = slog.New(slog.NewTextHandler(&log, nil))
	file, id := newKey(t)
	require.Error(t, k.move(file, picky))
	require.NotEqual(t, file, k.file)
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, writeFile(k.file, data))
	var failed presence.Health
	for range 2 {
		k.look(picky)
		require.Equal(t, presence.StateFailed, k.light.Health().State)
		require.Contains(t, log.String(), "stay as they are")
		require.NotContains(t, log.String(), "new keys")
		if !failed.Since.IsZero() {
			require.Equal(t, failed.Since, k.light.Health().Since, "it has not been green meanwhile")
		}
		failed = k.light.Health()
		log.Reset()
	}
	k.look(webhook)
	require.Contains(t, log.String(), "new keys for notifications")
	require.Contains(t, log.String(), id)
	require.Equal(t, presence.StateOK, k.light.Health().State)
	log.Reset()
	k.look(webhook)
	require.Empty(t, log.String())
}

func TestNotificationKeysAreFoundInAnyOrder(t *testing.T) {
	t.Parallel()
	now := time.Now()
	old, err := keyOf(now.Add(-time.Hour))
	require.NoError(t, err)
	recent, err := keyOf(now)
	require.NoError(t, err)
	want, err := parseNotifyKeys(recent)
	require.NoError(t, err)
	cert, rest := pem.Decode(old)
	key, _ := pem.Decode(rest)
	shuffled := append(pem.EncodeToMemory(key), recent...)
	shuffled = append(shuffled, pem.EncodeToMemory(cert)...)
	keys, err := parseNotifyKeys(shuffled)
	require.NoError(t, err)
	require.Len(t, keys, 2)
	require.Equal(t, want[0].ID, keys[0].ID, "the newest first")

	pkcs1 := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: want[0].Certificate.Raw}),
		pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(want[0].Private)})...)
	keys, err = parseNotifyKeys(pkcs1)
	require.NoError(t, err)
	require.Equal(t, want, keys)

	for text, damage := range map[string][]byte{
		"no certificate":              pem.EncodeToMemory(key),
		"number 1 has no RSA key":     pem.EncodeToMemory(cert),
		"a private key in it is dama": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("x")}),
		"a certificate in it is dama": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("x")}),
	} {
		_, err := parseNotifyKeys(damage)
		require.ErrorContains(t, err, text)
	}
}

// FuzzNotifyKeys: whatever is accepted is a key that a webhook takes.
func FuzzNotifyKeys(f *testing.F) {
	data, err := keyOf(time.Now())
	require.NoError(f, err)
	f.Add(data)
	f.Add(data[:len(data)/2])
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		keys, err := parseNotifyKeys(data)
		if err != nil {
			return
		}
		_, err = graph.NewWebhook(graph.WebhookOptions{PublicURL: "https://connector.example", AppID: "a", Tenant: "t", Keys: keys})
		require.NoError(t, err)
	})
}

// keyOf returns a key as the service makes it at a time.
func keyOf(now time.Time) ([]byte, error) {
	return makeNotifyKey(now.Add(-time.Hour), now.Add(notifyKeyLife))
}

func TestAShortLivedKeyOfTheAdministratorStays(t *testing.T) {
	t.Parallel()
	now := time.Now()
	file := filepath.Join(t.TempDir(), "notify.pem")
	own, err := makeNotifyKey(now, now.Add(30*24*time.Hour)) // as openssl does by default
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, own, 0o600))
	keys := newNotifyKeys(file, slog.New(slog.DiscardHandler))
	for range 3 {
		loaded, err := keys.load(now)
		require.NoError(t, err)
		require.Len(t, loaded, 1)
	}
	late := now.Add(21 * 24 * time.Hour)
	var first string
	for range 3 {
		loaded, err := keys.load(late)
		require.NoError(t, err)
		require.Len(t, loaded, 2, "one new key, once")
		if first == "" {
			first = loaded[0].ID
		}
		require.Equal(t, first, loaded[0].ID)
		require.True(t, loaded[0].Certificate.NotAfter.After(loaded[1].Certificate.NotAfter))
	}
}

func TestANewKeyGoesBeforeOneThatHasJustBegun(t *testing.T) {
	t.Parallel()
	now := time.Now()
	file := filepath.Join(t.TempDir(), "notify.pem")
	own, err := makeNotifyKey(now.Add(time.Minute), now.Add(2*time.Minute))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(file, own, 0o600))
	keys := newNotifyKeys(file, slog.New(slog.DiscardHandler))
	for range 3 {
		loaded, err := keys.load(now.Add(110 * time.Second))
		require.NoError(t, err)
		require.Len(t, loaded, 2)
		require.True(t, loaded[0].Certificate.NotAfter.After(now.Add(time.Hour)))
	}
}
