package pbx

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
)

// newChallenge returns 16 random hexadecimal digits, the most an AppChallengeResult
// may hold.
func newChallenge() string {
	var b [8]byte
	_, _ = rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// credentials are the members of an AppLogin (or AppCheckLogin) that its digest
// covers. Info is the text as it came, nil where there was none.
type credentials struct {
	App    string          `json:"app"`
	Domain string          `json:"domain"`
	SIP    string          `json:"sip"`
	GUID   string          `json:"guid"`
	DN     string          `json:"dn"`
	Info   json.RawMessage `json:"info"`
	Digest string          `json:"digest"`
}

// proves reports whether the digest was made with the password. The peer hashed
// its info without white space; where what came has some, it is taken out.
func (c credentials) proves(challenge, password string) bool {
	if equal(c.Digest, c.digest(c.Info, challenge, password)) {
		return true
	}
	var compact bytes.Buffer
	if c.Info == nil || json.Compact(&compact, c.Info) != nil {
		return false
	}
	return equal(c.Digest, c.digest(compact.Bytes(), challenge, password))
}

func (c credentials) digest(info []byte, challenge, password string) string {
	parts := []string{c.App, c.Domain, c.SIP, c.GUID, c.DN}
	if info != nil {
		parts = append(parts, string(info))
	}
	return digest(append(parts, challenge, password)...)
}

// equal compares in a time that does not depend on where a and b differ.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
