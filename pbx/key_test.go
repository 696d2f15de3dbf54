package pbx_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/pbx365/connector/pbx"
)

// Made with another implementation of RC4 and SHA-256.
func TestKeyVectors(t *testing.T) {
	t.Parallel()
	key := pbx.SessionKey("0123456789abcdef", "pwd")
	for _, test := range []struct{ seed, text, ciphertext, hash string }{
		{"seed", "text", "89c6dbb2", "36272ec58a79caba3ad04b39a26423d1e2fb1ceebae02274b974c01e69e4dfc1"},
		{"", "", "", "9bf6cd23c42879154e63c65c3ce20ccd5ed0ef6bff1abeb9db3e6976d8ebd1d6"},
		{"1", "pässwörd & <x>", "806cc31e3b0b9195a70ac07c646b475d", "aae0867a9b693ce4d7e64d23f18098ea29b3fb459690e18242dc7ef3a392c90f"},
		{
			"a:b", strings.Repeat("x", 40),
			"407eb9848424c7ed647e6318d11f0401219a48ef64078f411b4d9ab2f3869026f39e72353b3f2717",
			"768badc00272748e23c24bfef655917c1ba7bb6ae91502275a6c839332ccd1c0",
		},
	} {
		require.Equal(t, test.ciphertext, key.Encrypt(test.seed, test.text))
		text, err := key.Decrypt(test.seed, test.ciphertext)
		require.NoError(t, err)
		require.Equal(t, test.text, text)
		require.Equal(t, test.hash, key.Hash(test.seed, test.text))
	}
}

func TestKeyIsItsOwnInverse(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := pbx.SessionKey(rapid.String().Draw(t, "challenge"), rapid.String().Draw(t, "password"))
		seed, text := rapid.StringN(0, 300, -1).Draw(t, "seed"), rapid.String().Draw(t, "text")
		ciphertext := key.Encrypt(seed, text)
		require.Regexp(t, "^([0-9a-f]{2})*$", ciphertext)
		back, err := key.Decrypt(seed, ciphertext)
		require.NoError(t, err)
		require.Equal(t, text, back)
		require.Regexp(t, "^[0-9a-f]{64}$", key.Hash(seed, text))
	})
}

func TestKeyStaysSecret(t *testing.T) {
	t.Parallel()
	key := pbx.SessionKey("0123456789abcdef", "pwd")
	const secret = "d58c77ea" // it begins with
	up := pbx.PBXUp{Name: "master", Key: key}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "key", key, "up", up)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "key", key, "up", up)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %s %v %+v %#v", key, key, key, key, up, up, up)+log.String(), secret)
	_, err := key.Decrypt("seed", "no hex at all")
	require.Error(t, err)
	require.NotContains(t, err.Error(), "no hex at all")
}
