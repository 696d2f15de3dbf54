package pbxtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Times of a page (SDK script innovaphone.appwebsocket.Connection).
const (
	pageMinBackoff = time.Second
	pageMaxBackoff = 32 * time.Second
	pageKeepAlive  = time.Minute
)

// pageQueue is how many messages may wait in each direction.
const pageQueue = 1024

var errNotLoggedIn = errors.New("page is not logged in")

// BrowserOptions describe a page of the app and who has it open.
type BrowserOptions struct {
	// User is the GUID of the user who opened the page in myApps, which logs in for it.
	// Empty is an administrator who opened the page outside myApps and typed in the password
	// of the app: that login has no user, no domain and no info.
	User string
	// App is the name of the page, the last component of its URL. Defaults to that of the
	// App object, as on the page for users; the one for administrators has a name of its own.
	App string
	// Password defaults to that of the App object.
	Password string
	// WithoutInfo leaves info out of the login of a user.
	WithoutInfo bool
}

// Browser is a page of the app, open in a browser. It must be made with [PBX.Browser].
type Browser struct {
	pbx   *PBX
	o     BrowserOptions
	inbox chan json.RawMessage

	// protected by sys.mu
	out      *outbox // nil while not logged in
	key      sessionKey
	url      string
	accepted int
	refused  int
}

// Browser returns a page of the app of this PBX, which need not run. It does nothing
// before [Browser.Run].
func (p *PBX) Browser(o BrowserOptions) *Browser {
	if o.App == "" {
		o.App = p.o.app()
	}
	if o.Password == "" {
		o.Password = p.o.Password
	}
	b := &Browser{pbx: p, o: o, inbox: make(chan json.RawMessage, pageQueue)}
	b.url = b.appURL() + ".htm"
	return b
}

// Run keeps a connection to the service until ctx ends, then returns nil after it is
// closed. After a loss and a refused login it waits for 1 s, doubling up to 32 s. An error
// is a URL nobody can dial or a user who is not in the system. It must not run twice at a time.
func (b *Browser) Run(ctx context.Context) error {
	address, err := b.pbx.address()
	if err != nil {
		return fmt.Errorf("run page %s: %w", b.o.App, err)
	}
	log := b.pbx.o.Logger.With("page", b.o.App)
	delay := pageMinBackoff
	for ctx.Err() == nil {
		if _, err := b.credentials(); err != nil {
			return fmt.Errorf("run page %s: %w", b.o.App, err)
		}
		s, err := b.connect(ctx, address)
		if err == nil {
			delay = pageMinBackoff
			err = s.serve(ctx)
		}
		log.Info("page not connected", "error", err)
		_ = sleep(ctx, delay)
		delay = min(2*delay, pageMaxBackoff)
	}
	return nil
}

// LoggedIn reports whether the page is logged in.
func (b *Browser) LoggedIn() bool {
	b.pbx.sys.mu.Lock()
	defer b.pbx.sys.mu.Unlock()
	return b.out != nil
}

// Logins counts the logins the service accepted and refused.
func (b *Browser) Logins() (accepted, refused int) {
	b.pbx.sys.mu.Lock()
	defer b.pbx.sys.mu.Unlock()
	return b.accepted, b.refused
}

// URL is the address of the page, with the build number the service last sent for it. The
// page asks for that with CheckBuild before each login.
func (b *Browser) URL() string {
	b.pbx.sys.mu.Lock()
	defer b.pbx.sys.mu.Unlock()
	return b.url
}

// Send sends a message of the app, anything that encodes as a JSON object. It does not wait
// for the network; an error is a page that is not logged in. A page that sends faster than
// the service reads loses the connection.
func (b *Browser) Send(message any) error {
	frame, err := json.Marshal(message)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	b.pbx.sys.mu.Lock()
	defer b.pbx.sys.mu.Unlock()
	if b.out == nil {
		return fmt.Errorf("send: %w", errNotLoggedIn)
	}
	b.out.push(frame)
	return nil
}

// Receive returns the next message of the service that is none of the base protocol, or the
// error of ctx. Messages of an earlier connection come first.
func (b *Browser) Receive(ctx context.Context) (json.RawMessage, error) {
	select {
	case m := <-b.inbox:
		return m, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("receive: %w", ctx.Err())
	}
}

// Encrypt hides text from all but the service: lower-case hex digits of RC4 keyed with seed
// and session key. The service needs the seed. Like the next two, it goes by the last login.
func (b *Browser) Encrypt(seed, text string) string { return b.sessionKey().encrypt(seed, text) }

// Decrypt is the reverse of Encrypt, on either side. An error is text that is no hex.
func (b *Browser) Decrypt(seed, digits string) (string, error) {
	return b.sessionKey().decrypt(seed, digits)
}

// Hash returns the lower-case hex digits of SHA-256 over seed, session key and text.
func (b *Browser) Hash(seed, text string) string { return b.sessionKey().hash(seed, text) }

func (b *Browser) sessionKey() sessionKey {
	b.pbx.sys.mu.Lock()
	defer b.pbx.sys.mu.Unlock()
	return b.key
}
