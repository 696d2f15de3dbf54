package graphtest

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
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// encrypted is resource data as only the owner of a certificate can read it.
type encrypted struct {
	Data          string `json:"data"`
	Signature     string `json:"dataSignature"`
	Key           string `json:"dataKey"`
	CertificateID string `json:"encryptionCertificateId"`
	Thumbprint    string `json:"encryptionCertificateThumbprint"`
}

// encrypt follows "Set up change notifications that include resource data": AES-256-CBC under a
// one-time key whose first half is the initialization vector, signed by HMAC-SHA256 over
// the ciphertext, the key under RSA-OAEP with SHA-1. Certificates have RSA keys.
func encrypt(plain []byte, to *x509.Certificate, spoil bool) *encrypted {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	block, err := aes.NewCipher(key)
	if err != nil {
		panic("graphtest: make cipher: " + err.Error())
	}
	padding := aes.BlockSize - len(plain)%aes.BlockSize
	data := append(bytes.Clone(plain), bytes.Repeat([]byte{byte(padding)}, padding)...)
	cipher.NewCBCEncrypter(block, key[:aes.BlockSize]).CryptBlocks(data, data)

	mac := hmac.New(sha256.New, key)
	mac.Write(data)
	signature := mac.Sum(nil)
	if spoil {
		signature[0] ^= 0xff
	}
	sealed, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, to.PublicKey.(*rsa.PublicKey), key, nil)
	if err != nil {
		panic("graphtest: encrypt key: " + err.Error())
	}
	thumbprint := sha1.Sum(to.Raw)
	return &encrypted{
		Data:       base64.StdEncoding.EncodeToString(data),
		Signature:  base64.StdEncoding.EncodeToString(signature),
		Key:        base64.StdEncoding.EncodeToString(sealed),
		Thumbprint: strings.ToUpper(hex.EncodeToString(thumbprint[:])),
	}
}
