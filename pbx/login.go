package pbx

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// loginLimit bounds a frame of a peer that has not logged in, in bytes.
const loginLimit = 8 << 10

// refusalPause is how long a refused peer is kept waiting for the end of its
// connection.
const refusalPause = time.Second

// CheckLogin says how an AppCheckLogin is answered. The SDK does not tell what its
// digest is made from.
type CheckLogin string

const (
	// CheckLoginEmpty takes the formula of AppLogin with app and domain alone.
	CheckLoginEmpty CheckLogin = "empty"
	// CheckLoginAsSent takes the members that were sent, as in AppLogin.
	CheckLoginAsSent CheckLogin = "as-sent"
	// CheckLoginOff leaves the question unanswered.
	CheckLoginOff CheckLogin = "off"
)

// login is the body of an AppLogin.
type login struct {
	credentials
	PBXObject string `json:"pbxObj"`
}

// identity is who has logged in.
type identity struct {
	Visitor
	isPBX bool
}

// door lets in those who know the password of the app.
type door struct {
	apps     []string
	password string
	timeout  time.Duration
	check    CheckLogin
	turns    *turnstile
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
		m, err := d.read(ctx, s)
		if err != nil {
			refused.Err = err
			return identity{}, refused
		}
		var reply []byte
		switch {
		case m.API != "":
			refused.Err = fmt.Errorf("%w: %q", ErrNotLoggedIn, clip(m.API))
		case m.Name == "KeepAlive" || m.Name == "CheckBuild":
			continue
		case m.Name == "AppChallenge":
			challenge = newChallenge()
			reply = frameOf("AppChallengeResult", "", fields{"challenge": challenge})
		case m.Name == "AppCheckLogin":
			if refused.Err = d.await(ctx, addr); refused.Err == nil {
				reply, refused.Err = d.answer(m)
				d.judged(addr, refused.Err)
			}
		case m.Name == "AppLogin":
			if refused.Err = d.await(ctx, addr); refused.Err != nil {
				break
			}
			who, err := d.login(m, challenge)
			d.judged(addr, err)
			refused.SIP, refused.PBX, refused.Err = clip(who.Name), clip(who.PBX), err
			reply = frameOf("AppLoginResult", string(m.Src), fields{"ok": err == nil, "app": clip(who.App), "domain": clip(who.Domain)})
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

func (d door) read(ctx context.Context, s *socket) (message, error) {
	frame, err := s.read(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return message{}, context.Cause(ctx)
	case err != nil:
		return message{}, err
	}
	return decode(frame)
}

// await returns when a login of the address may be looked at. One whose turn would come
// too late is refused without a look.
func (d door) await(ctx context.Context, addr string) error {
	wait := d.turns.turn(network(addr))
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < wait {
		return ErrTooManyFailures
	}
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// judged takes down what became of a login, if it was a guess at the password.
func (d door) judged(addr string, err error) {
	switch {
	case err == nil:
		d.turns.passed(network(addr))
	case errors.Is(err, ErrDigest), errors.Is(err, ErrApp), errors.Is(err, ErrNoChallenge):
		d.turns.failed(network(addr))
	}
}

// login checks an AppLogin against the challenge, which is empty where none was
// asked for. What the peer claims to be is returned in any case.
func (d door) login(m message, challenge string) (identity, error) {
	var l login
	if err := m.into(&l); err != nil {
		return identity{}, err
	}
	visitor, isPBX, err := l.visitor()
	who := identity{visitor, isPBX}
	switch {
	case err != nil:
		return who, fmt.Errorf("%w: info of AppLogin", ErrFrame)
	case challenge == "":
		return who, ErrNoChallenge
	case !slices.Contains(d.apps, l.App):
		return who, fmt.Errorf("%w %q", ErrApp, clip(l.App))
	case !l.proves(challenge, d.password):
		return who, ErrDigest
	}
	who.Key = SessionKey(challenge, d.password)
	return who, nil
}

// answer answers an AppCheckLogin, by which an administrator finds out whether the
// App object and the service hold the same password (innovaphone SDK: AppWebsocket,
// AppCheckLogin, which does not tell what is hashed).
func (d door) answer(m message) (reply []byte, err error) {
	var q struct {
		credentials
		Challenge string `json:"challenge"`
	}
	switch {
	case d.check == CheckLoginOff:
		return nil, nil
	case m.into(&q) != nil:
		err = ErrFrame
	case d.check == CheckLoginEmpty:
		q.credentials = credentials{App: q.App, Domain: q.Domain, Digest: q.Digest}
	}
	if err == nil && !q.proves(q.Challenge, d.password) {
		err = ErrDigest
	}
	return frameOf("AppCheckLoginResult", string(m.Src), fields{"ok": err == nil}), err
}

// tell sends a reply, if there is one. Its error is the refusal, with the reason
// for which the reply could not be sent where there was none before.
func (d door) tell(ctx context.Context, s *socket, reply []byte, refusal *LoginError) error {
	if reply == nil {
		return nil
	}
	if err := s.write(ctx, reply); err != nil {
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

// frameOf is a reply of the base protocol, or nil where the src to be echoed is too long.
func frameOf(name, src string, body any) []byte {
	frame, _ := envelope{Name: name, Src: src}.encode(body)
	return frame
}
