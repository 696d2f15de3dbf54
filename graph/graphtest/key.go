package graphtest

import (
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"math/big"
	"net/http"
	"slices"

	"github.com/golang-jwt/jwt/v5"
)

// signer is one of the authority's keys.
type signer struct {
	id  string
	key *rsa.PrivateKey
}

func newSigner(key *rsa.PrivateKey) signer {
	sum := sha256.Sum256(key.N.Bytes())
	return signer{id: hex.EncodeToString(sum[:10]), key: key}
}

func (g signer) sign(claims jwt.MapClaims) string {
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	token.Header["kid"] = g.id
	signed, err := token.SignedString(g.key)
	if err != nil {
		panic("graphtest: sign token: " + err.Error())
	}
	return signed
}

// RotateKey signs from now on with a new key. The former ones stay published, and the
// tokens they signed valid, until [Server.RetireKeys].
func (s *Server) RotateKey() {
	next := newSigner(newKey())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signers = append(s.signers, next)
}

// RetireKeys withdraws all keys but the current one. What the others signed, access tokens
// and validation tokens alike, is no longer valid.
func (s *Server) RetireKeys() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signers = slices.Clone(s.signers[len(s.signers)-1:])
	clear(s.verified)
	s.announce()
}

// signer returns the current key. Called with mu held.
func (s *Server) signer() signer { return s.signers[len(s.signers)-1] }

// publicKey finds a key by its id, for verification. Called with mu held.
func (s *Server) publicKey(token *jwt.Token) (any, error) {
	i := slices.IndexFunc(s.signers, func(g signer) bool { return g.id == token.Header["kid"] })
	if i < 0 {
		return nil, jwt.ErrTokenUnverifiable
	}
	return &s.signers[i].key.PublicKey, nil
}

func (s *Server) serveKeys(w http.ResponseWriter, _ *http.Request) {
	type webKey struct {
		Type   string `json:"kty"`
		Use    string `json:"use"`
		ID     string `json:"kid"`
		Thumb  string `json:"x5t"`
		N      string `json:"n"`
		E      string `json:"e"`
		Issuer string `json:"issuer"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []webKey
	for _, g := range s.signers {
		keys = append(keys, webKey{
			Type: "RSA", Use: "sig", ID: g.id, Thumb: g.id,
			N:      base64.RawURLEncoding.EncodeToString(g.key.N.Bytes()),
			E:      base64.RawURLEncoding.EncodeToString(big.NewInt(int64(g.key.E)).Bytes()),
			Issuer: s.issuerV2(),
		})
	}
	writeJSON(w, http.StatusOK, map[string]any{"keys": keys})
}
