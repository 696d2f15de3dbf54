package pbxtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// page is a connection of a Browser that is logged in.
type page struct {
	browser *Browser
	ws      *socket
	out     *outbox
	heard   chan struct{} // holds a token after each message received
}

// connect dials, asks for the build and logs in.
func (b *Browser) connect(ctx context.Context, address string) (*page, error) {
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	login, err := b.credentials()
	if err != nil {
		return nil, err
	}
	p := b.pbx
	ws, err := dialSocket(ctx, address, p.o.HTTPClient, p.o.FragmentSize)
	if err != nil {
		return nil, fmt.Errorf("dial: %w", err)
	}
	challenge, err := caller{
		pbx: p, hello: [][]byte{
			envelope("", "CheckBuild", "", encode(buildBody{b.URL()})),
			envelope("", "AppChallenge", "", nil),
		},
		proof: login.pageLogin, known: b.checkedBuild,
	}.login(ctx, ws)
	p.sys.mu.Lock()
	defer p.sys.mu.Unlock()
	defer p.sys.changed()
	if err != nil {
		if errors.Is(err, errRefused) {
			b.refused++
		}
		ws.cut()
		return nil, err
	}
	b.accepted++
	b.key = newSessionKey(challenge, b.o.Password)
	b.out = newOutbox(pageQueue)
	return &page{browser: b, ws: ws, out: b.out, heard: make(chan struct{}, 1)}, nil
}

// serve works until the connection or ctx ends and returns why it did.
func (p *page) serve(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return p.readLoop(ctx) })
	g.Go(func() error { return p.writeLoop(ctx) })
	g.Go(func() error {
		select {
		case <-p.out.full:
			return errOverflow
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	err := g.Wait()
	p.ws.cut()
	sys := p.browser.pbx.sys
	sys.mu.Lock()
	defer sys.mu.Unlock()
	p.browser.out = nil
	sys.changed()
	return err
}

func (p *page) readLoop(ctx context.Context) error {
	b := p.browser
	for {
		raw, err := p.ws.read(ctx)
		if err != nil {
			return fmt.Errorf("read: %w", b.pbx.blame(err))
		}
		select {
		case p.heard <- struct{}{}:
		default:
		}
		m, err := parse(raw)
		switch {
		case err != nil:
			_ = b.pbx.blame(err)
		case m.name() == "KeepAlive" || b.checkedBuild(m):
		default:
			select {
			case b.inbox <- json.RawMessage(raw):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
}

func (p *page) writeLoop(ctx context.Context) error {
	idle := time.NewTimer(pageKeepAlive)
	defer idle.Stop()
	for {
		select {
		case <-p.out.ready:
		case <-p.heard:
		case <-idle.C:
			p.out.push(envelope("", "KeepAlive", "", nil))
		case <-ctx.Done():
			return ctx.Err()
		}
		for _, frame := range p.out.take() {
			if err := p.ws.write(ctx, frame); err != nil {
				return fmt.Errorf("write: %w", err)
			}
		}
		idle.Reset(pageKeepAlive)
	}
}

type buildBody struct {
	URL string `json:"url"`
}

// checkedBuild takes a CheckBuildResult in and reports whether m is one.
func (b *Browser) checkedBuild(m message) bool {
	var build buildBody
	if m.name() != "CheckBuildResult" || m.decode(&build) != nil {
		return false
	}
	b.pbx.sys.mu.Lock()
	defer b.pbx.sys.mu.Unlock()
	b.url = build.URL
	b.pbx.sys.changed()
	return true
}

type appBody struct {
	Name string `json:"name"`
	DN   string `json:"dn"`
}

func (b *Browser) appURL() string {
	url := b.pbx.o.AppURL
	return url[:strings.LastIndex(url, "/")+1] + b.o.App
}

// credentials of the page, an error if its user is unknown.
func (b *Browser) credentials() (credentials, error) {
	if b.o.User == "" {
		return credentials{
			app: b.o.App, sip: b.o.App, guid: strings.Repeat("0", 32), dn: "Admin", password: b.o.Password,
		}, nil
	}
	p := b.pbx
	u, ok := p.sys.User(b.o.User)
	if !ok {
		return credentials{}, noUser(b.o.User)
	}
	login := credentials{
		app: b.o.App, domain: p.sys.domain, sip: u.Name, guid: u.GUID, dn: u.DisplayName,
		password: b.o.Password, pbxObj: p.o.AppObject,
	}
	if !b.o.WithoutInfo {
		apps := make([]appBody, len(u.Apps))
		for i, name := range u.Apps {
			apps[i] = appBody{name, name}
		}
		login.info = encode(struct {
			AppObj     string      `json:"appobj"`
			AppDN      string      `json:"appdn"`
			AppURL     string      `json:"appurl"`
			PBX        string      `json:"pbx"`
			CN         string      `json:"cn"`
			Unlicensed bool        `json:"unlicensed,omitempty"`
			Groups     []groupBody `json:"groups"`
			Apps       []appBody   `json:"apps"`
		}{p.o.AppObject, p.o.AppTitle, b.appURL(), p.o.Name, u.LongName, !u.Licensed, groups(u.Groups), apps})
	}
	return login, nil
}

// CheckLogin asks on a connection of its own, without a login, whether the service has the
// password of the page, as a page of the PBX manager does (SDK page AppWebsocket,
// AppCheckLogin). An error is a service that does not answer.
func (b *Browser) CheckLogin(ctx context.Context) (ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, loginTimeout)
	defer cancel()
	defer func() {
		if err != nil {
			err = fmt.Errorf("check login of %s: %w", b.o.App, err)
		}
	}()
	p := b.pbx
	address, err := p.address()
	if err != nil {
		return false, err
	}
	ws, err := dialSocket(ctx, address, p.o.HTTPClient, p.o.FragmentSize)
	if err != nil {
		return false, err
	}
	defer ws.cut()
	challenge := newGUID("challenge", time.Now().String())[:16]
	err = ws.write(ctx, envelope("", "AppCheckLogin", "check", encode(struct {
		App       string `json:"app"`
		Domain    string `json:"domain"`
		Challenge string `json:"challenge"`
		Digest    string `json:"digest"`
	}{b.o.App, p.sys.domain, challenge, p.appDigest(b.o.App, challenge, b.o.Password)})))
	for err == nil {
		var raw []byte
		if raw, err = ws.read(ctx); err != nil {
			break
		}
		m, bad := parse(raw)
		var result struct{ OK bool }
		if bad == nil && m.name() == "AppCheckLoginResult" && m.Src == "check" {
			err = m.decode(&result)
			return result.OK, err
		}
	}
	if ctx.Err() != nil {
		err = ctx.Err() // and not what became of the socket by it
	}
	return false, p.blame(err)
}
