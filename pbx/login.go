package pbx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// loginLimit bounds a frame of a peer that has not logged in, in bytes.
const loginLimit = 8 << 10

// refusalPause is how long a refused peer is kept waiting for the end of its
// connection. It slows down guessing.
const refusalPause = time.Second

// identity is who has logged in.
type identity struct {
	object string // App object that granted access
	pbx    string // PBX the peer belongs to, empty on old builds
	sip    string
	isPBX  bool
}

// door lets in those who know the password of the app.
type door struct {
	app      string
	password string
	timeout  time.Duration
}

// admit reads until the peer has logged in and tells it so. Its error is a
// [LoginError]; the peer was told of a failed login, the socket is still open.
func (d door) admit(ctx context.Context, s *socket, addr string) (identity, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, d.timeout, ErrLoginTimeout)
	defer cancel()
	s.limit(loginLimit)
	refused := &LoginError{Addr: addr}
	var challenge string
	for {
		frame, err := s.read(ctx)
		if err != nil {
			refused.Err = err
			if ctx.Err() != nil {
				refused.Err = context.Cause(ctx)
			}
			return identity{}, refused
		}
		m, err := decode(frame)
		if err != nil {
			refused.Err = err
			return identity{}, refused
		}
		var reply fields
		switch {
		case m.API != "":
			refused.Err = fmt.Errorf("%w: %q", ErrNotLoggedIn, clip(m.API))
		case m.Name == "KeepAlive" || m.Name == "CheckBuild":
			continue
		case m.Name == "AppChallenge":
			challenge = newChallenge()
			reply = fields{"mt": "AppChallengeResult", "challenge": challenge}
		case m.Name == "AppCheckLogin":
			var ok bool
			if reply, ok = d.check(m); !ok {
				refused.Err = ErrDigest
			}
		case m.Name == "AppLogin":
			who, login, err := d.login(m, challenge)
			refused.SIP, refused.PBX, refused.Err = clip(who.sip), clip(who.pbx), err
			reply = fields{"mt": "AppLoginResult", "ok": err == nil, "app": d.app, "domain": clip(login.Domain)}
			if err == nil {
				return who, d.tell(ctx, s, reply, refused)
			}
		default:
			refused.Err = fmt.Errorf("%w: %q", ErrNotLoggedIn, clip(m.Name))
		}
		if err := d.tell(ctx, s, reply, refused); err != nil {
			return identity{}, err
		}
		if refused.Err != nil {
			return identity{}, refused
		}
	}
}

// login checks an AppLogin against the challenge, which is empty where none was
// asked for. What the peer claims to be is returned in any case.
func (d door) login(m message, challenge string) (identity, credentials, error) {
	var login struct {
		credentials
		PBXObject string `json:"pbxObj"`
	}
	if err := m.into(&login); err != nil {
		return identity{}, credentials{}, err
	}
	var info struct {
		Object string `json:"appobj"`
		PBX    string `json:"pbx"`
	}
	if login.Info != nil && json.Unmarshal(login.Info, &info) != nil {
		return identity{sip: login.SIP}, login.credentials, fmt.Errorf("%w: info of AppLogin", ErrFrame)
	}
	who := identity{
		object: info.Object,
		pbx:    info.PBX,
		sip:    login.SIP,
		isPBX:  login.PBXObject == "" && info.Object != "" && info.Object == login.SIP,
	}
	switch {
	case challenge == "":
		return who, login.credentials, ErrNoChallenge
	case login.App != d.app:
		return who, login.credentials, fmt.Errorf("%w %q", ErrApp, clip(login.App))
	case !login.proves(challenge, d.password):
		return who, login.credentials, ErrDigest
	}
	return who, login.credentials, nil
}

// check answers an AppCheckLogin, by which an administrator finds out whether the
// App object and the service hold the same password.
func (d door) check(m message) (reply fields, ok bool) {
	var question struct {
		credentials
		Challenge string `json:"challenge"`
	}
	ok = m.into(&question) == nil && question.proves(question.Challenge, d.password)
	reply = fields{"mt": "AppCheckLoginResult", "ok": ok}
	if m.Src != "" {
		reply["src"] = m.Src
	}
	return reply, ok
}

// tell sends a reply, if there is one. Its error is the refusal, with the reason
// for which the reply could not be sent where there was none before.
func (d door) tell(ctx context.Context, s *socket, reply fields, refusal *LoginError) error {
	if reply == nil {
		return nil
	}
	frame, err := reply.encode()
	if err == nil {
		err = s.write(ctx, frame)
	}
	if err != nil {
		if errors.Is(context.Cause(ctx), ErrLoginTimeout) {
			err = ErrLoginTimeout
		}
		if refusal.Err == nil {
			refusal.Err = err
		}
		return refusal
	}
	return nil
}
