package graph

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Open checks and decrypts the data of a rich notification (Graph: set up change
// notifications that include resource data). The result is the JSON of the
// resource. Every failure looks the same to who sent it.
func Open(e Encrypted, key *rsa.PrivateKey) ([]byte, error) {
	plain, err := open(e, key)
	if err != nil {
		return nil, fmt.Errorf("open notification: %w", err)
	}
	return plain, nil
}

func open(e Encrypted, private *rsa.PrivateKey) ([]byte, error) {
	wrapped, err := base64.StdEncoding.DecodeString(e.DataKey)
	if err != nil {
		return nil, errors.New("dataKey is no base64")
	}
	signature, err := base64.StdEncoding.DecodeString(e.DataSignature)
	if err != nil {
		return nil, errors.New("dataSignature is no base64")
	}
	data, err := base64.StdEncoding.DecodeString(e.Data)
	if err != nil {
		return nil, errors.New("data is no base64")
	}
	key, err := rsa.DecryptOAEP(sha1.New(), nil, private, wrapped, nil)
	if err != nil {
		return nil, errors.New("dataKey is not for this certificate")
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(data)
	if !hmac.Equal(mac.Sum(nil), signature) {
		return nil, errors.New("dataSignature does not match")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, errors.New("dataKey has the wrong length")
	}
	if len(data) == 0 || len(data)%aes.BlockSize != 0 {
		return nil, errors.New("data has the wrong length")
	}
	plain := make([]byte, len(data))
	cipher.NewCBCDecrypter(block, key[:aes.BlockSize]).CryptBlocks(plain, data)
	return unpad(plain)
}

// unpad takes off the padding (PKCS #7). The data is authentic by now, so that the
// time it takes tells nobody anything.
func unpad(plain []byte) ([]byte, error) {
	n := int(plain[len(plain)-1])
	if n < 1 || n > aes.BlockSize {
		return nil, errors.New("data has no padding")
	}
	for _, b := range plain[len(plain)-n:] {
		if int(b) != n {
			return nil, errors.New("data has no padding")
		}
	}
	return plain[:len(plain)-n], nil
}

// openPresence opens a notification about a presence, at being when it arrived.
func openPresence(e Encrypted, key *rsa.PrivateKey, at time.Time) (Presence, error) {
	plain, err := Open(e, key)
	if err != nil {
		return Presence{}, err
	}
	var p rawPresence
	if err := json.Unmarshal(plain, &p); err != nil {
		return Presence{}, fmt.Errorf("open notification: %w", shape(err))
	}
	if p.ID == "" || p.Activity == "" {
		return Presence{}, errors.New("open notification: it holds no presence")
	}
	seen := p.seen(at)
	seen.Notified = true
	return Presence{User: p.ID, Seen: seen}, nil
}
