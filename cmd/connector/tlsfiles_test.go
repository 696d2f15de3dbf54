package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/presence"
)

// writeTLS writes a certificate that ends then, and its key.
func writeTLS(t *testing.T, dir string, serial int64, end time.Time) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotBefore: time.Unix(0, 0), NotAfter: end}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	require.NoError(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, writeFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	require.NoError(t, writeFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})))
	return cert, key
}

func TestTheTLSCertificateIsReadAgainWhenItChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		cert, key := writeTLS(t, dir, 1, time.Now().AddDate(1, 0, 0))
		f, err := newTLSFiles(cert, key, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		serial := func() int64 {
			c, err := f.certificate(nil)
			require.NoError(t, err)
			return c.Leaf.SerialNumber.Int64()
		}
		require.EqualValues(t, 1, serial())

		half, err := os.ReadFile(key)
		require.NoError(t, err)
		writeTLS(t, dir, 2, time.Now().AddDate(1, 0, 0))
		whole, err := os.ReadFile(key)
		require.NoError(t, err)
		require.NoError(t, writeFile(key, half))
		require.EqualValues(t, 1, serial(), "not looked at for each connection")
		time.Sleep(tlsWatch)
		require.EqualValues(t, 1, serial(), "certificate and key do not belong together yet")
		require.Equal(t, presence.StateFailed, f.health().State)
		require.Contains(t, f.health().Todo, key)
		require.NoError(t, writeFile(key, whole))
		time.Sleep(tlsWatch)
		require.EqualValues(t, 2, serial())
		require.Equal(t, presence.StateOK, f.health().State)

		require.NoError(t, os.Remove(key))
		time.Sleep(tlsWatch)
		require.EqualValues(t, 2, serial(), "a missing file is no reason to stop")
		writeTLS(t, dir, 3, time.Now().Add(24*time.Hour))
		time.Sleep(tlsWatch)
		require.EqualValues(t, 3, serial())
		require.Contains(t, f.health().LastError, "ends on")
		require.Contains(t, f.health().Todo, cert)
	})
	_, err := newTLSFiles("/nowhere", "/nowhere", slog.Default())
	require.ErrorContains(t, err, "/nowhere")
}

func TestAFileIsReplacedAsAWhole(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "file")
	require.NoError(t, writeFile(name, []byte("one")))
	require.NoError(t, writeFile(name, []byte("two")))
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, "two", string(data))
	left, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.Error(t, writeFile(filepath.Join(name, "below"), nil))
}
