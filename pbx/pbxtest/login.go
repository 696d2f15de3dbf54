package pbxtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path"
	"strings"
)

var errRefused = errors.New("login refused")

// credentials are what an AppLogin says, and the password it does not say.
type credentials struct {
	app, domain, sip, guid, dn string
	info                       []byte // raw JSON; nil is a login without info
	password                   string
	pbxObj                     string // of a user's login; no part of the digest
}

// digest proves the password (SDK page AppWebsocket, AppLogin). The bytes of info count
// as they are.
func (c credentials) digest(challenge string) string {
	parts := []string{c.app, c.domain, c.sip, c.guid, c.dn}
	if c.info != nil {
		parts = append(parts, string(c.info))
	}
	return hash(append(parts, challenge, c.password)...)
}

// pbxLogin is the message of a PBX, its members in the order of a real one. It has no pbxObj.
func (c credentials) pbxLogin(challenge string) []byte {
	return envelope("", "AppLogin", "", encode(struct {
		SIP    string          `json:"sip"`
		GUID   string          `json:"guid"`
		DN     string          `json:"dn"`
		Digest string          `json:"digest"`
		Domain string          `json:"domain"`
		App    string          `json:"app"`
		Info   json.RawMessage `json:"info,omitempty"`
	}{c.sip, c.guid, c.dn, c.digest(challenge), c.domain, c.app, c.info}))
}

// pageLogin is the message of a page, its members in the order of a real one.
func (c credentials) pageLogin(challenge string) []byte {
	return envelope("", "AppLogin", "", encode(struct {
		App    string          `json:"app"`
		Domain string          `json:"domain"`
		SIP    string          `json:"sip"`
		GUID   string          `json:"guid"`
		DN     string          `json:"dn"`
		Info   json.RawMessage `json:"info,omitempty"`
		Digest string          `json:"digest"`
		PbxObj string          `json:"pbxObj,omitempty"`
	}{c.app, c.domain, c.sip, c.guid, c.dn, c.info, c.digest(challenge), c.pbxObj}))
}

// credentials of the App object.
func (p *PBX) credentials() credentials {
	info := encode(struct {
		AppObj     string   `json:"appobj"`
		AppDN      string   `json:"appdn"`
		AppURL     string   `json:"appurl"`
		PBX        string   `json:"pbx"`
		CN         string   `json:"cn"`
		Unlicensed bool     `json:"unlicensed"`
		Apps       []string `json:"apps"`
	}{p.o.AppObject, p.o.AppTitle, p.o.AppURL, p.o.Name, p.o.AppTitle, true, []string{}})
	return credentials{
		app: p.o.app(), domain: p.sys.domain, sip: p.o.AppObject, guid: p.o.AppGUID,
		dn: p.o.AppTitle, info: info, password: p.o.Password,
	}
}

// address is where to dial: the App URL without its last component.
func (p *PBX) address() (string, error) {
	u, err := url.Parse(p.o.AppURL)
	if err != nil {
		return "", fmt.Errorf("app URL: %w", err)
	}
	if u.Host == "" || len(u.Path) < 2 || strings.HasSuffix(u.Path, "/") {
		return "", fmt.Errorf("app URL %q: want scheme://host/path/app", u.Redacted())
	}
	u.Path = path.Dir(u.Path)
	return u.String(), nil
}

// appDigest is the input of AppCheckLogin. The SDK does not tell what is hashed; here it is
// a login that names app and domain only.
func (p *PBX) appDigest(app, challenge, password string) string {
	return credentials{app: app, domain: p.sys.domain, password: password}.digest(challenge)
}

// caller is who logs in to a service.
type caller struct {
	pbx   *PBX
	hello [][]byte                      // what it says first
	proof func(challenge string) []byte // its AppLogin
	known func(message) bool            // takes messages that are no part of the login
}

// login proves the password to a service that was just dialled and returns its challenge.
func (c caller) login(ctx context.Context, ws *socket) (challenge string, err error) {
	p := c.pbx
	ctx, cancel := context.WithCancel(ctx)
	said := make(chan struct{})
	go func() { // the service may speak at once, too, and a pipe has no buffer
		defer close(said)
		for _, frame := range c.hello {
			_ = ws.write(ctx, frame) // if that fails, so does the read
		}
	}()
	defer func() {
		cancel()
		<-said
	}()
	challenged := false
	for {
		raw, err := ws.read(ctx)
		if err != nil {
			return "", fmt.Errorf("await login: %w", p.blame(err))
		}
		m, err := parse(raw)
		if err != nil {
			return "", fmt.Errorf("await login: %w", p.blame(err))
		}
		if c.known(m) {
			continue
		}
		switch m.name() {
		case "AppChallengeResult":
			challenged = true
			challenge = p.challenge(m)
			if err := ws.write(ctx, c.proof(challenge)); err != nil {
				return "", fmt.Errorf("send AppLogin: %w", err)
			}
		case "AppLoginResult":
			if !challenged {
				p.violated("AppLoginResult without a challenge")
			}
			var result struct {
				OK bool `json:"ok"`
			}
			if m.decode(&result) != nil || !result.OK {
				return "", errRefused
			}
			return challenge, nil
		case "KeepAlive":
		default:
			p.violated("%s before the login", m.name())
		}
	}
}

// challenge reads a challenge, which old servers send as a number.
func (p *PBX) challenge(m message) string {
	var result struct {
		Challenge json.RawMessage `json:"challenge"`
	}
	var text string
	if m.decode(&result) == nil && json.Unmarshal(result.Challenge, &text) != nil {
		text = string(result.Challenge)
	}
	if text == "" || len(text) > 16 {
		p.violated("challenge of %d characters", len(text))
	}
	return text
}

// blame notes what the service did wrong, if that is what err says.
func (p *PBX) blame(err error) error {
	for _, wrong := range []error{errBinary, errTooLong, errNoMessage} {
		if errors.Is(err, wrong) {
			p.violated("%v", wrong)
		}
	}
	return err
}
