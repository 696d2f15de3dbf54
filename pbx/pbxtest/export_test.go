package pbxtest

import "context"

// Digest is the login digest of credentials given one by one.
func Digest(app, domain, sip, guid, dn string, info []byte, challenge, password string) string {
	return credentials{
		app: app, domain: domain, sip: sip, guid: guid, dn: dn, info: info, password: password,
	}.digest(challenge)
}

// Address is where a PBX with that App URL dials.
func Address(appURL string) (string, error) { return (&PBX{o: Options{AppURL: appURL}}).address() }

// LogLimit is how many writes and violations are kept at least.
const LogLimit = logLimit

// AppendBounded appends as writes and violations are kept.
func AppendBounded(list []int, item int) []int { return appendBounded(list, item) }

// Parse returns the envelope of a frame.
func Parse(raw []byte) (api, mt, src string, err error) {
	m, err := parse(raw)
	return m.API, m.MT, m.Src, err
}

// Envelope builds a frame around a body.
func Envelope(api, mt, src string, body any) []byte { return envelope(api, mt, src, encode(body)) }

// Outbox is an outbox of texts.
type Outbox struct{ o *outbox }

func NewOutbox(limit int) Outbox { return Outbox{newOutbox(limit)} }

func (o Outbox) Push(text string)                    { o.o.push([]byte(text)) }
func (o Outbox) AwaitRoom(ctx context.Context) error { return o.o.awaitRoom(ctx) }
func (o Outbox) Full() <-chan struct{}               { return o.o.full }
func (o Outbox) Ready() <-chan struct{}              { return o.o.ready }

func (o Outbox) Take() []string {
	var texts []string
	for _, frame := range o.o.take() {
		texts = append(texts, string(frame))
	}
	return texts
}

// SessionKey is the session key of a login.
func SessionKey(challenge, password string) string { return string(newSessionKey(challenge, password)) }

// Decrypt reads what was encrypted for a login.
func Decrypt(challenge, password, seed, digits string) (string, error) {
	return newSessionKey(challenge, password).decrypt(seed, digits)
}
