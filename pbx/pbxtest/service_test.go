//lint:file-ignore SA1019 The module has moved, with the same API; moving along is one import line here.

package pbxtest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"nhooyr.io/websocket"

	"github.com/pbx365/connector/pbx/pbxtest"
)

const (
	challenge = "0123456789abcdef"
	password  = "secret"
	appURL    = "http://ap.example.com/example.com/ms365/innovaphone-microsoft365"
)

// service is a hand-written App Service: it lets PBXs log in and leaves the rest to the test.
type service struct {
	t         *testing.T
	listener  *pbxtest.Listener
	links     chan *link
	challenge string                // sent as it is, JSON
	greet     func(*websocket.Conn) // called before the challenge
	accept    func(login) bool
	deaf      bool   // does not read after the login
	build     string // answers CheckBuild with that URL
	ctx       context.Context
}

// login is an AppLogin as the service got it.
type login struct {
	raw                                    string
	App, Domain, SIP, GUID, DN, Digest, MT string
	PbxObj                                 *string
	Info                                   json.RawMessage
}

func newService(t *testing.T) *service {
	s := &service{
		t: t, listener: pbxtest.NewListener(), links: make(chan *link, 64),
		challenge: `"` + challenge + `"`,
		greet:     func(*websocket.Conn) {},
		accept: func(l login) bool {
			return l.Digest == pbxtest.Digest(l.App, l.Domain, l.SIP, l.GUID, l.DN, l.Info, challenge, password)
		},
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.ctx = ctx
	server := &http.Server{Handler: s}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(s.listener)
	}()
	t.Cleanup(func() {
		cancel()
		_ = server.Close()
		<-served
	})
	return s
}

// options are those of a PBX that reaches the service.
func (s *service) options() pbxtest.Options {
	return pbxtest.Options{AppURL: appURL, Password: password, HTTPClient: s.listener.Client()}
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return
	}
	defer ws.CloseNow()
	ws.SetReadLimit(-1)
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	l := &link{t: s.t, ctx: ctx, ws: ws, path: r.URL.Path, cut: cancel, frames: make(chan frame, 1024)}
	if !s.admit(ctx, l) {
		_ = ws.Close(websocket.StatusPolicyViolation, "")
		return
	}
	s.links <- l
	if s.deaf {
		<-ctx.Done()
		return
	}
	l.readAll()
}

func (s *service) admit(ctx context.Context, l *link) bool {
	greeted := make(chan struct{})
	go func() { // a pipe has no buffer: the PBX speaks first as well
		defer close(greeted)
		s.greet(l.ws)
	}()
	_, raw, err := l.ws.Read(ctx)
	for ; err == nil && strings.Contains(string(raw), `"mt":"CheckBuild"`); _, raw, err = l.ws.Read(ctx) {
		l.before = append(l.before, string(raw))
		if s.build != "" {
			_ = l.write(`{"mt":"CheckBuildResult","url":"` + s.build + `"}`)
		}
	}
	if err != nil {
		return false
	}
	if string(raw) != `{"mt":"AppChallenge"}` {
		s.t.Errorf("want AppChallenge, got %s", raw)
		return false
	}
	<-greeted
	if l.write(`{"mt":"AppChallengeResult","challenge":`+s.challenge+`}`) != nil {
		return false
	}
	if _, raw, err = l.ws.Read(ctx); err != nil {
		return false
	}
	l.login.raw = string(raw)
	if err := json.Unmarshal(raw, &l.login); err != nil {
		s.t.Errorf("login: %v", err)
		return false
	}
	if !s.accept(l.login) {
		_ = l.write(`{"mt":"AppLoginResult"}`)
		return false
	}
	return l.write(`{"mt":"AppLoginResult","ok":true}`) == nil
}

// next is the next connection, past PbxInfo and AppInfo.
func (s *service) next() *link {
	s.t.Helper()
	l := s.connection()
	require.Contains(s.t, l.next(), `"mt":"PbxInfo"`)
	require.Contains(s.t, l.next(), `"mt":"AppInfo"`)
	return l
}

func (s *service) connection() *link {
	s.t.Helper()
	select {
	case l := <-s.links:
		return l
	case <-time.After(time.Hour):
		require.FailNow(s.t, "no connection")
		return nil
	}
}

// link is a connection from a PBX.
type link struct {
	t      *testing.T
	ctx    context.Context
	ws     *websocket.Conn
	path   string
	login  login
	before []string // the login
	cut    func()
	frames chan frame
}

type frame struct {
	text   string
	pieces int // websocket frames it came in
}

func (l *link) readAll() {
	defer close(l.frames)
	buf := make([]byte, 1<<20)
	for {
		_, r, err := l.ws.Reader(l.ctx)
		if err != nil {
			return
		}
		var f frame
		for err == nil {
			var n int
			n, err = r.Read(buf)
			f.text += string(buf[:n])
			if n > 0 {
				f.pieces++
			}
		}
		select {
		case l.frames <- f:
		case <-l.ctx.Done():
			return
		}
	}
}

func (l *link) write(text string) error {
	return l.ws.Write(l.ctx, websocket.MessageText, []byte(text))
}

func (l *link) send(texts ...string) {
	l.t.Helper()
	for _, text := range texts {
		require.NoError(l.t, l.write(text))
	}
}

func (l *link) sendBinary(data string) {
	l.t.Helper()
	require.NoError(l.t, l.ws.Write(l.ctx, websocket.MessageBinary, []byte(data)))
}

func (l *link) ping() {
	l.t.Helper()
	require.NoError(l.t, l.ws.Ping(l.ctx))
}

// receive is the next frame, "" once the connection is gone.
func (l *link) receive() frame {
	l.t.Helper()
	select {
	case f := <-l.frames:
		return f
	case <-time.After(time.Hour):
		require.FailNow(l.t, "nothing received")
		return frame{}
	}
}

func (l *link) next() string {
	l.t.Helper()
	return l.receive().text
}

func (l *link) expect(texts ...string) {
	l.t.Helper()
	for _, text := range texts {
		require.Equal(l.t, text, l.next())
	}
}

// ask sends a request and returns the next frame.
func (l *link) ask(text string) string {
	l.t.Helper()
	l.send(text)
	return l.next()
}

// gone waits for the end of the connection.
func (l *link) gone() {
	l.t.Helper()
	for l.receive() != (frame{}) {
	}
}

// silent asserts that nothing is on its way; only in a synctest bubble.
func (l *link) silent() {
	l.t.Helper()
	synctest.Wait()
	select {
	case f := <-l.frames:
		require.Fail(l.t, "unexpected frame", f.text)
	default:
	}
}

// run starts a PBX that the test stops itself, tolerating violations.
func run(t *testing.T, p *pbxtest.PBX) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
}

// sendEarly has a service say something before its challenge.
func sendEarly(text string) func(*websocket.Conn) {
	return func(ws *websocket.Conn) {
		_ = ws.Write(context.Background(), websocket.MessageText, []byte(text))
	}
}

// await waits for a state of the system.
func await(t *testing.T, s *pbxtest.System, cond func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	require.NoError(t, s.Await(ctx, cond))
}

// pass lets time go by in a synctest bubble.
func pass(d time.Duration) { <-time.After(d) }

// readOnly is an App Service that accepts every login and then only listens.
func readOnly() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		l := &link{ctx: context.Background(), ws: ws}
		for _, answer := range []string{`{"mt":"AppChallengeResult","challenge":"1"}`, `{"mt":"AppLoginResult","ok":true}`} {
			if _, _, err := ws.Read(l.ctx); err != nil || l.write(answer) != nil {
				return
			}
		}
		for err == nil {
			_, _, err = ws.Read(l.ctx)
		}
	})
}
