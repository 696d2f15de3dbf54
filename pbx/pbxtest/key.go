package pbxtest

import (
	"crypto/rc4"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// maxCipherKey is the number of bytes RC4 takes as its key.
const maxCipherKey = 256

// sessionKey is what both sides of a login can derive and nobody sends (SDK page
// AppWebsocket, AppLogin).
type sessionKey string

func newSessionKey(challenge, password string) sessionKey {
	return sessionKey(hash("innovaphoneAppSessionKey", challenge, password))
}

// encrypt returns lower-case hex digits.
func (k sessionKey) encrypt(seed, text string) string {
	return hex.EncodeToString(k.crypt(seed, []byte(text)))
}

func (k sessionKey) decrypt(seed, digits string) (string, error) {
	data, err := hex.DecodeString(digits)
	if err != nil {
		return "", fmt.Errorf("decrypt: %w", err)
	}
	return string(k.crypt(seed, data)), nil
}

func (k sessionKey) hash(seed, text string) string { return hash(seed, string(k), text) }

func (k sessionKey) crypt(seed string, data []byte) []byte {
	key := []byte(seed + ":" + string(k))
	stream, err := rc4.NewCipher(key[:min(len(key), maxCipherKey)])
	if err != nil {
		panic("pbxtest: " + err.Error())
	}
	stream.XORKeyStream(data, data)
	return data
}

// hash joins its parts with colons and returns the lower-case hex digits of their SHA-256.
func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(sum[:])
}
