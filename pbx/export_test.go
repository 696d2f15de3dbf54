package pbx

import (
	"context"
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

// Encode returns the frame of a message.
func Encode(api, name, src string, body any) ([]byte, error) {
	return envelope{api, name, src}.encode(body)
}

// Login checks an AppLogin the way a connection does, and returns who it is of and
// whether that is a PBX.
func Login(frame []byte, app, challenge, password string) (Visitor, bool, error) {
	m, err := decode(frame)
	if err != nil {
		return Visitor{}, false, err
	}
	who, err := door{apps: []string{app}, password: password}.login(m, challenge)
	return who.Visitor, who.isPBX, err
}

// Digest returns the digest of an AppLogin.
func Digest(login []byte, challenge, password string) (string, error) {
	var c credentials
	err := json.Unmarshal(login, &c)
	return c.digest(c.Info, challenge, password), err
}

// Info returns what a PbxInfo says.
func Info(frame []byte) (domain, pbx string, apis []string, err error) {
	m, err := decode(frame)
	if err != nil {
		return "", "", nil, err
	}
	info, err := readPbxInfo(m)
	return info.Domain, info.PBX, info.APIs, err
}

// Row returns the user of a message that carries a row, and whether it is a user.
func Row(frame []byte, domain string) (u User, isUser bool, err error) {
	m, err := decode(frame)
	var r row
	if err == nil {
		err = m.into(&r)
	}
	master := &session{info: pbxInfo{PBX: "master", Domain: domain}}
	return r.Columns.user(master), r.Columns.GUID != "" && r.Columns.Pseudo == "", err
}

// Contacts returns what a PresenceUpdate shows at the contact "tel:", and whether it
// shows a call.
func Contacts(frame []byte) (value Presence, phone bool, err error) {
	m, err := decode(frame)
	var update presenceUpdate
	if err == nil {
		err = m.into(&update)
	}
	var w watch
	w.read(update.Presence, Options{Contact: "tel:"})
	return w.value, w.phone, err
}

// Follow returns what a call becomes by messages of RCC.
func Follow(frames ...[]byte) (Call, error) {
	var c call
	for _, frame := range frames {
		var body callMessage
		m, err := decode(frame)
		if err == nil {
			err = m.into(&body)
		}
		if err != nil {
			return Call{}, err
		}
		c.follow(body)
	}
	return c.Call, nil
}

// Turnstile is what peers pass on their way in.
type Turnstile struct{ t *turnstile }

func NewTurnstile() Turnstile { return Turnstile{newTurnstile()} }

// Enter lets a peer in and returns what lets it out, nil where there is no room.
func (t Turnstile) Enter(addr string, end context.CancelCauseFunc) (leave func()) {
	if e := t.t.enter(addr, end); e != nil {
		return func() { t.t.leave(e) }
	}
	return nil
}

func (t Turnstile) Failed(addr string) { t.t.failed(addr) }
func (t Turnstile) Remembered() int    { return len(t.t.byAddr) }
func (t Turnstile) Inside() int        { return len(t.t.inside) }

func (t Turnstile) Turn(addr string, within time.Duration) (time.Duration, bool) {
	return t.t.turn(addr, within)
}

// Network returns what of an address tells strangers apart.
func Network(addr string) string { return network(addr) }

// Requests are the questions of one connection.
type Requests struct {
	q    *requests
	Sent []string // src of each, in the order they went out
}

func NewRequests(limit int) *Requests {
	r := &Requests{}
	r.q = &requests{limit: limit, timeout: time.Hour, expired: func(*request) {}, send: func(frame []byte) {
		m, _ := decode(frame)
		r.Sent = append(r.Sent, string(m.Src))
	}}
	return r
}

// Add asks a question and returns what takes it back, and what its timer does.
func (r *Requests) Add(name, src string, urgent bool, done func(err error)) (abandon func() (sent, ok bool), expire func(), err error) {
	frame, _ := Encode("", name, src, nil)
	q := &request{name: name, result: name + "Result", src: src, frames: [][]byte{frame}, done: func(_ message, err error) { done(err) }}
	err = r.q.add(q, urgent)
	return func() (bool, bool) { return r.q.abandon(q) }, func() { r.q.expire(q) }, err
}

// Answer hands a result in.
func (r *Requests) Answer(name, src string) bool {
	return r.q.answer(message{Name: name + "Result", Src: scalar(src)})
}

func (r *Requests) End(cause error) { r.q.end(cause) }
