//lint:file-ignore SA1019 The module has moved, with the same API; moving along is one import line here.

package pbxtest_test

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"nhooyr.io/websocket"

	"github.com/pbx365/connector/pbx/pbxtest"
)

// open has a page log in to the service.
func open(t *testing.T, svc *service, sys *pbxtest.System, o pbxtest.BrowserOptions) (*pbxtest.Browser, *link) {
	t.Helper()
	b := sys.AddPBX(svc.options()).Browser(o)
	runPage(t, b)
	return b, svc.connection()
}

func runPage(t *testing.T, b *pbxtest.Browser) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
}

func TestLoginsOfPages(t *testing.T) {
	t.Parallel()
	info := func(more, app string) string {
		return `{"appobj":"microsoft365","appdn":"Microsoft 365 & <Präsenz>",` +
			`"appurl":"http://ap.example.com/example.com/ms365/` + app + `","pbx":"master","cn":"` + more + `,"apps":[]}`
	}
	for name, tc := range map[string]struct {
		o    pbxtest.BrowserOptions
		want string // the login without its digest
	}{
		"licensed user": {
			pbxtest.BrowserOptions{User: guid1},
			`{"mt":"AppLogin","app":"innovaphone-microsoft365","domain":"example.com","sip":"user1","guid":"` + guid1 +
				`","dn":"One, User","info":` + info(`User One","groups":[]`, "innovaphone-microsoft365") + `,"pbxObj":"microsoft365"}`,
		},
		"unlicensed user in a group, on another page": {
			pbxtest.BrowserOptions{User: guid2, App: "admin"},
			`{"mt":"AppLogin","app":"admin","domain":"example.com","sip":"user2","guid":"` + guid2 +
				`","dn":"","info":` + info(`","unlicensed":true,"groups":[{"name":"Support"}]`, "admin") + `,"pbxObj":"microsoft365"}`,
		},
		"user without info": {
			pbxtest.BrowserOptions{User: guid1, WithoutInfo: true},
			`{"mt":"AppLogin","app":"innovaphone-microsoft365","domain":"example.com","sip":"user1","guid":"` + guid1 +
				`","dn":"One, User","pbxObj":"microsoft365"}`,
		},
		"administrator outside myApps": {
			pbxtest.BrowserOptions{App: "innovaphone-microsoft365admin"},
			`{"mt":"AppLogin","app":"innovaphone-microsoft365admin","domain":"","sip":"innovaphone-microsoft365admin",` +
				`"guid":"00000000000000000000000000000000","dn":"Admin"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sys := newSystem()
				sys.UpdateUser(guid2, func(u *pbxtest.User) { u.Groups = []string{"Support"} })
				b, l := open(t, newService(t), sys, tc.o)
				require.Equal(t, tc.want, strings.Replace(l.login.raw, `,"digest":"`+l.login.Digest+`"`, "", 1),
					"the service checks the digest")
				await(t, sys, b.LoggedIn)
				require.Equal(t, "/example.com/ms365", l.path)
			})
		})
	}
}

func TestPageTalks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		b, l := open(t, newService(t), sys, pbxtest.BrowserOptions{User: guid1})
		await(t, sys, b.LoggedIn)
		require.NoError(t, b.Send(map[string]string{"mt": "Hello", "text": "Löve & <tea>"}))
		require.JSONEq(t, `{"mt":"Hello","text":"Löve & <tea>"}`, l.next())
		l.send(`{"mt":"KeepAlive"}`, `{"mt":"HelloResult","Text":"Hi"}`)
		m, err := b.Receive(t.Context())
		require.NoError(t, err)
		require.Equal(t, `{"mt":"HelloResult","Text":"Hi"}`, string(m), "as it was sent")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err = b.Receive(ctx)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, b.Send(make(chan int)), "send: json")
		require.Empty(t, sys.Violations())
		l.send(`{"mt":1}`)
		await(t, sys, func() bool { return len(sys.Violations()) == 1 })
	})
}

func TestPageIsKeptAliveAfterSilenceBothWays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		b, l := open(t, newService(t), sys, pbxtest.BrowserOptions{User: guid1})
		await(t, sys, b.LoggedIn)
		start := time.Now()
		l.expect(`{"mt":"KeepAlive"}`)
		require.Equal(t, time.Minute, time.Since(start))
		pass(30 * time.Second)
		l.send(`{"mt":"News"}`)
		l.expect(`{"mt":"KeepAlive"}`)
		require.Equal(t, 150*time.Second, time.Since(start))
		pass(30 * time.Second)
		require.NoError(t, b.Send(struct {
			MT string `json:"mt"`
		}{"News"}))
		l.expect(`{"mt":"News"}`, `{"mt":"KeepAlive"}`)
		require.Equal(t, 240*time.Second, time.Since(start))
	})
}

func TestPageComesBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		sys := newSystem()
		times := make(chan time.Time, 16)
		var right atomic.Bool
		svc.accept = func(login) bool {
			times <- time.Now()
			return right.Load()
		}
		b := sys.AddPBX(svc.options()).Browser(pbxtest.BrowserOptions{User: guid1, Password: "guess"})
		require.ErrorContains(t, b.Send("x"), "not logged in")
		runPage(t, b)
		await(t, sys, func() bool { _, refused := b.Logins(); return refused == 8 })
		last := <-times
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 32} {
			at := <-times
			require.Equal(t, want*time.Second, at.Sub(last))
			last = at
		}
		right.Store(true)
		l := svc.connection()
		await(t, sys, b.LoggedIn)
		l.cut()
		await(t, sys, func() bool { return !b.LoggedIn() })
		start := time.Now()
		svc.connection()
		require.Equal(t, time.Second, time.Since(start))
		await(t, sys, b.LoggedIn)
		accepted, refused := b.Logins()
		require.Equal(t, []int{2, 8}, []int{accepted, refused})
	})
}

func TestPageChecksItsBuild(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		sys := newSystem()
		b, l := open(t, svc, sys, pbxtest.BrowserOptions{User: guid1})
		require.Equal(t, []string{`{"mt":"CheckBuild","url":"` + appURL + `.htm"}`}, l.before)
		await(t, sys, b.LoggedIn)
		require.Equal(t, appURL+".htm", b.URL(), "silence is consent")
		svc.build = "http://ap.example.com/example.com/ms365/1a2b/innovaphone-microsoft365.htm"
		l.cut()
		l = svc.connection()
		await(t, sys, b.LoggedIn)
		require.Equal(t, svc.build, b.URL())
		l.cut()
		require.Equal(t, []string{`{"mt":"CheckBuild","url":"` + svc.build + `"}`}, svc.connection().before)
		require.Empty(t, sys.Violations())
	})
}

func TestPageOfNobody(t *testing.T) {
	t.Parallel()
	sys := pbxtest.NewSystem("example.com")
	p := sys.AddPBX(pbxtest.Options{AppURL: appURL})
	require.ErrorContains(t, p.Browser(pbxtest.BrowserOptions{User: "x"}).Run(t.Context()), `no user with guid "x"`)
	p = sys.AddPBX(pbxtest.Options{AppURL: "nowhere"})
	require.ErrorContains(t, p.Browser(pbxtest.BrowserOptions{}).Run(t.Context()), "want scheme://host/path/app")
}

func TestPageSharesSecretsWithItsService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		b, _ := open(t, newService(t), sys, pbxtest.BrowserOptions{User: guid1})
		await(t, sys, b.LoggedIn)
		// computed by other means from the challenge and the password of the tests
		require.Equal(t, "89099a06de", b.Encrypt("seed", "Löve"))
		text, err := b.Decrypt("seed", "89099a06de")
		require.NoError(t, err)
		require.Equal(t, "Löve", text)
		require.Equal(t, "d4e6b18ddb1f20acaab2e632372feae8045cccddc77b70cab00e72d8106f1768", b.Hash("seed", "Löve"))
		_, err = b.Decrypt("seed", "no hex")
		require.Error(t, err)
		require.Len(t, b.Encrypt(strings.Repeat("s", 300), "long seeds are cut"), 36)
	})
}

// TestCheckLogin has a service check the password of a page that is not logged in.
func TestCheckLogin(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer string // "" is none
		ok     bool
		err    string
	}{
		"right":          {`{"mt":"AppCheckLoginResult","src":"check","ok":true}`, true, ""},
		"wrong":          {`{"mt":"AppCheckLoginResult","src":"check"}`, false, ""},
		"no boolean":     {`{"mt":"AppCheckLoginResult","src":"check","ok":1}`, false, "invalid parameters"},
		"of another":     {`{"mt":"AppCheckLoginResult","src":"other","ok":true}`, false, "deadline exceeded"},
		"without answer": {"", false, "deadline exceeded"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				requests := make(chan string, 1)
				listener := pbxtest.NewListener()
				server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					ws, err := websocket.Accept(w, r, nil)
					if err != nil {
						return
					}
					defer ws.CloseNow()
					l := &link{ctx: context.Background(), ws: ws}
					_, raw, _ := ws.Read(l.ctx)
					requests <- string(raw)
					if tc.answer != "" {
						_ = l.write(tc.answer)
					}
					_, _, _ = ws.Read(l.ctx)
				})}
				go func() { _ = server.Serve(listener) }()
				defer server.Close()
				p := newSystem().AddPBX(pbxtest.Options{AppURL: appURL, Password: password, HTTPClient: listener.Client()})
				ok, err := p.Browser(pbxtest.BrowserOptions{App: "admin"}).CheckLogin(t.Context())
				require.Equal(t, tc.ok, ok)
				if tc.err == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, tc.err)
				}
				require.Regexp(t, `^{"mt":"AppCheckLogin","src":"check","app":"admin","domain":"example.com",`+
					`"challenge":"[0-9a-f]{16}","digest":"[0-9a-f]{64}"}$`, <-requests)
			})
		})
	}
}

func TestPageThatSendsTooMuch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		svc.deaf = true
		sys := newSystem()
		b, _ := open(t, svc, sys, pbxtest.BrowserOptions{User: guid1})
		await(t, sys, b.LoggedIn)
		for range 2000 {
			_ = b.Send(map[string]string{"mt": "Spam"}) // or the connection is lost already
		}
		synctest.Wait()
		require.False(t, b.LoggedIn())
	})
}
