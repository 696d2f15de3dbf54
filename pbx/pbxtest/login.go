package pbxtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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
}

// digest proves the password (SDK page AppWebsocket, AppLogin). The bytes of info count
// as they are.
func (c credentials) digest(challenge string) string {
	parts := []string{c.app, c.domain, c.sip, c.guid, c.dn}
	if c.info != nil {
		parts = append(parts, string(c.info))
	}
	parts = append(parts, challenge, c.password)
	sum := sha256.Sum256([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(sum[:])
}

// appLogin is the message, its members in the order of a real PBX. The login of a PBX
// has no pbxObj.
func (c credentials) appLogin(challenge string) []byte {
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

// login proves the password to a service that was just dialled.
func (p *PBX) login(ctx context.Context, ws *socket) error {
	if err := ws.write(ctx, envelope("", "AppChallenge", "", nil)); err != nil {
		return fmt.Errorf("send AppChallenge: %w", err)
	}
	challenged := false
	for {
		raw, err := ws.read(ctx)
		if err != nil {
			return fmt.Errorf("await login: %w", p.blame(err))
		}
		m, err := parse(raw)
		if err != nil {
			return fmt.Errorf("await login: %w", p.blame(err))
		}
		switch m.name() {
		case "AppChallengeResult":
			challenged = true
			frame := p.credentials().appLogin(p.challenge(m))
			if err := ws.write(ctx, frame); err != nil {
				return fmt.Errorf("send AppLogin: %w", err)
			}
		case "AppLoginResult":
			if !challenged {
				p.violated("AppLoginResult without a challenge")
			}
			var result struct {
				OK bool `json:"ok"`
			}
			if m.decode(&result) != nil || !result.OK {
				return errRefused
			}
			return nil
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
