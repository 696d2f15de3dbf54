package pbx

import (
	"encoding/json"
	"time"
)

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

// Turnstile is what peers pass on their way in.
type Turnstile struct{ t *turnstile }

func NewTurnstile() Turnstile { return Turnstile{newTurnstile()} }

func (t Turnstile) Enter(addr string) bool         { return t.t.enter(addr) }
func (t Turnstile) Leave(addr string)              { t.t.leave(addr) }
func (t Turnstile) Failed(addr string)             { t.t.failed(addr) }
func (t Turnstile) Turn(addr string) time.Duration { return t.t.turn(addr) }
func (t Turnstile) Remembered() int                { return len(t.t.byAddr) }
