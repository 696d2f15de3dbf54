package graph_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
)

func newVerifier(s *signer) *graph.Verifier {
	return graph.NewVerifier(graph.VerifierOptions{Tenant: tenantID, AppID: appID, HTTP: &http.Client{Transport: s}})
}

func TestVerifierAsksTheAuthorityOnce(t *testing.T) {
	t.Parallel()
	s := newSigner()
	v, token := newVerifier(s), s.token(t, nil)
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() {
			if err := v.Verify(t.Context(), []string{token, token}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.Equal(t, 1, s.fetches)
}

func TestVerifierSparesAnAuthorityThatIsOutOfOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSigner()
		v, ctx := newVerifier(s), t.Context()
		require.NoError(t, v.Verify(ctx, []string{s.token(t, nil)}))
		s.rotate("kid-2")
		s.down = true
		pass(2 * time.Minute)
		for range 100 {
			require.Error(t, v.Verify(ctx, []string{s.token(t, nil)}))
		}
		require.Equal(t, 2, s.fetches)
		pass(5 * time.Second)
		require.ErrorContains(t, v.Verify(ctx, []string{s.token(t, nil)}), "503")
		require.Equal(t, 3, s.fetches)
		s.rotate("kid-1")
		require.NoError(t, v.Verify(ctx, []string{s.token(t, nil)}), "the keys there are stay")
		s.down = false
		s.rotate("kid-2")
		pass(5 * time.Second)
		require.NoError(t, v.Verify(ctx, []string{s.token(t, nil)}))
	})
}

func TestVerifierGivesUpAKeyThatWasWithdrawn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSigner()
		v, ctx := newVerifier(s), t.Context()
		require.NoError(t, v.Verify(ctx, []string{s.token(t, nil)}))
		s.rotate("kid-2")
		pass(24 * time.Hour)
		s.rotate("kid-1")
		stale := s.token(t, nil)
		s.rotate("kid-2")
		require.NoError(t, v.Verify(ctx, []string{stale}), "until the keys have come without it")
		synctest.Wait()
		require.ErrorContains(t, v.Verify(ctx, []string{stale}), "does not have")
	})
}

func TestVerifierDoesNotWaitForAKeyThatIsThere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSigner()
		v := newVerifier(s)
		require.NoError(t, v.Verify(t.Context(), []string{s.token(t, nil)}))
		pass(24 * time.Hour)
		s.hangs = true
		token, begin := s.token(t, nil), time.Now()
		for range 100 {
			ctx, cancel := context.WithCancel(t.Context())
			require.NoError(t, v.Verify(ctx, []string{token}))
			cancel()
		}
		require.Zero(t, time.Since(begin))
		synctest.Wait()
		require.Equal(t, 2, s.fetches, "one at a time")
		pass(10 * time.Second)
		require.NoError(t, v.Verify(t.Context(), []string{token}))
		synctest.Wait()
		require.Equal(t, 2, s.fetches, "not again at once")

		pass(5 * time.Second)
		s.hangs = false
		require.NoError(t, v.Verify(t.Context(), []string{token}))
		synctest.Wait()
		require.Equal(t, 3, s.fetches)
		require.NoError(t, v.Verify(t.Context(), []string{token}))
		synctest.Wait()
		require.Equal(t, 3, s.fetches, "they are fresh again")
	})
}

func TestVerifierRefusesAShortKey(t *testing.T) {
	t.Parallel()
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	tests := map[string][]byte{
		"as it is":         short.N.Bytes(),
		"filled with zero": append(make([]byte, 128), short.N.Bytes()...),
	}
	for name, n := range tests {
		s := newSigner()
		s.key = short
		s.change = map[string]any{"n": base64.RawURLEncoding.EncodeToString(n)}
		require.ErrorContains(t, newVerifier(s).Verify(t.Context(), []string{s.token(t, nil)}), "does not have", name)
	}
}

// FuzzVerifier: a genuine token in which any bit is changed is refused.
func FuzzVerifier(f *testing.F) {
	f.Add(uint8(0), uint16(3), uint8(1))
	f.Add(uint8(1), uint16(30), uint8(0))
	f.Add(uint8(2), uint16(200), uint8(128))
	f.Fuzz(func(t *testing.T, part uint8, at uint16, change uint8) {
		s := newSigner()
		parts := strings.Split(s.token(t, nil), ".")
		raw, err := base64.RawURLEncoding.DecodeString(parts[part%3])
		require.NoError(t, err)
		raw[int(at)%len(raw)] ^= change
		parts[part%3] = base64.RawURLEncoding.EncodeToString(raw)
		err = newVerifier(s).Verify(t.Context(), []string{strings.Join(parts, ".")})
		require.Equal(t, change == 0, err == nil)
	})
}
