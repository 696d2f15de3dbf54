package pbx

import (
	"crypto/rc4"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
)

// Key is the session key of a login. Both ends know it and neither sends it, so that
// what is encrypted with it is hidden from whoever ends TLS between them
// (innovaphone SDK: AppWebsocket, encrypt and hash). It is printed nowhere.
//
// The cipher is RC4, as the protocol has it: it hides a value from a look, it proves
// nothing. Use each seed once.
type Key struct{ hex string }

// errCiphertext is returned by Decrypt. It quotes nothing.
var errCiphertext = errors.New("ciphertext is not hexadecimal")

// SessionKey returns the key of a login with that challenge and password.
func SessionKey(challenge, password string) Key {
	return Key{digest("innovaphoneAppSessionKey", challenge, password)}
}

// Encrypt returns text as lower-case hexadecimal digits. The other end needs the seed.
func (k Key) Encrypt(seed, text string) string {
	return hex.EncodeToString(k.crypt(seed, []byte(text)))
}

// Decrypt returns the text that was encrypted with the seed. With another seed or key
// the result is noise, not an error.
func (k Key) Decrypt(seed, ciphertext string) (string, error) {
	data, err := hex.DecodeString(ciphertext)
	if err != nil {
		return "", errCiphertext
	}
	return string(k.crypt(seed, data)), nil
}

// Hash returns 64 lower-case hexadecimal digits that prove the text to the other end.
func (k Key) Hash(seed, text string) string { return digest(seed, k.hex, text) }

// String keeps the key out of logs.
func (Key) String() string { return "session key" }

// GoString keeps the key out of logs.
func (Key) GoString() string { return "pbx.Key{}" }

// crypt cuts the RC4 key where the cipher ends to take it, at 256 bytes.
func (k Key) crypt(seed string, data []byte) []byte {
	secret := []byte(seed + ":" + k.hex)
	cipher, err := rc4.NewCipher(secret[:min(len(secret), 256)])
	if err != nil {
		panic(err) // no key of 1 to 256 bytes is wrong
	}
	out := make([]byte, len(data))
	cipher.XORKeyStream(out, data)
	return out
}

// digest is the SHA-256 of parts joined by colons, as the protocol hashes everything.
func digest(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(sum[:])
}
