package pbx

import "encoding/json"

// MaxFrame is the size of the largest frame sent.
const MaxFrame = maxFrame

// Decode returns the envelope of a frame.
func Decode(frame []byte) (name, api, src string, failure, err error) {
	m, err := decode(frame)
	return m.Name, m.API, string(m.Src), m.failure("pbx", m.Name, nil), err
}

// Login checks an AppLogin the way a connection does, and returns whether it is that
// of a PBX.
func Login(frame []byte, app, challenge, password string) (isPBX bool, err error) {
	m, err := decode(frame)
	if err != nil {
		return false, err
	}
	who, err := door{apps: []string{app}, password: password}.login(m, challenge)
	return who.isPBX, err
}

// Digest returns the digest of an AppLogin.
func Digest(login []byte, challenge, password string) (string, error) {
	var c credentials
	err := json.Unmarshal(login, &c)
	return c.digest(c.Info, challenge, password), err
}
