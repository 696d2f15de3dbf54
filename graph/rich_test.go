package graph_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
)

// newKey returns a key as a program would load it.
var newKey = sync.OnceValue(func() graph.Key { return makeKey("key-1") })

func makeKey(id string) graph.Key {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: id},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		panic(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return graph.Key{ID: id, Certificate: certificate, Private: private}
}

// encrypt does what Graph does with the data of a rich notification.
func encrypt(plain []byte, to graph.Key) graph.Encrypted {
	key := make([]byte, 32)
	rand.Read(key)
	n := aes.BlockSize - len(plain)%aes.BlockSize
	return seal(append(bytes.Clone(plain), bytes.Repeat([]byte{byte(n)}, n)...), key, to)
}

// seal encrypts what is padded already.
func seal(padded, key []byte, to graph.Key) graph.Encrypted {
	data := bytes.Clone(padded)
	if block, err := aes.NewCipher(key); err == nil && len(padded)%aes.BlockSize == 0 {
		cipher.NewCBCEncrypter(block, key[:aes.BlockSize]).CryptBlocks(data, padded)
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(data)
	wrapped, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, &to.Private.PublicKey, key, nil)
	if err != nil {
		panic(err)
	}
	b64 := base64.StdEncoding.EncodeToString
	return graph.Encrypted{CertificateID: to.ID, Data: b64(data), DataKey: b64(wrapped), DataSignature: b64(mac.Sum(nil))}
}

// rich turns a basic item into one with data.
func rich(item map[string]any, e graph.Encrypted) map[string]any {
	item["encryptedContent"] = map[string]any{"data": e.Data, "dataKey": e.DataKey, "dataSignature": e.DataSignature,
		"encryptionCertificateId": e.CertificateID, "encryptionCertificateThumbprint": "00"}
	return item
}

func presenceJSON(user, activity string) []byte {
	return fmt.Appendf(nil, `{"@odata.type":"#microsoft.graph.presence","id":%q,"availability":%q,"activity":%q}`, user, activity, activity)
}

// signer is the authority that vouches for notifications. It is an
// http.RoundTripper that serves its keys.
type signer struct {
	key     *rsa.PrivateKey
	mu      sync.Mutex
	id      string
	fetches int
	down    bool
	hangs   bool           // until the request is given up
	hanging int            // requests that do
	change  map[string]any // of the key as it is published
}

func newSigner() *signer { return &signer{key: newKey().Private, id: "kid-1"} }

func (s *signer) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetches++
	if s.hangs {
		s.hanging++
		s.mu.Unlock()
		<-r.Context().Done()
		s.mu.Lock()
		s.hanging--
		return nil, r.Context().Err()
	}
	if s.down || r.URL.String() != "https://login.microsoftonline.com/common/discovery/v2.0/keys" {
		return reply(503, ""), nil
	}
	b64 := base64.RawURLEncoding.EncodeToString
	key := map[string]any{"kty": "RSA", "use": "sig", "kid": s.id,
		"n": b64(s.key.N.Bytes()), "e": b64(big.NewInt(int64(s.key.E)).Bytes())}
	maps.Copy(key, s.change)
	other := map[string]any{"kty": "something new", "kid": "other"}
	return jsonReply(200, map[string]any{"keys": []any{other, key}}), nil
}

// rotate changes the id of the key.
func (s *signer) rotate(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.id = id
}

// token signs the claims of a genuine token, changed by the given ones. A nil
// takes a claim away.
func (s *signer) token(t *testing.T, change jwt.MapClaims) string {
	t.Helper()
	claims := jwt.MapClaims{"aud": appID, "iss": "https://login.microsoftonline.com/" + tenantID + "/v2.0",
		"exp": time.Now().Add(time.Hour).Unix(), "nbf": time.Now().Add(-time.Minute).Unix(),
		"azp": "0bf30f3b-4a52-48df-9a82-234910c4a086", "tid": tenantID, "ver": "2.0"}
	for k, v := range change {
		if claims[k] = v; v == nil {
			delete(claims, k)
		}
	}
	token := jwt.NewWithClaims(jwt.SigningMethodRS256, claims)
	s.mu.Lock()
	token.Header["kid"] = s.id
	s.mu.Unlock()
	raw, err := token.SignedString(s.key)
	require.NoError(t, err)
	return raw
}
