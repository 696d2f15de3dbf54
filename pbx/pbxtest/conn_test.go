package pbxtest_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestConnectionComesBackAfterADrop(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		o := svc.options()
		o.MinBackoff, o.MaxBackoff = 50*time.Millisecond, time.Second
		p := newSystem().AddPBX(o)
		run(t, p)
		first := svc.next()
		require.True(t, p.Connected())
		start := time.Now()
		p.Drop()
		require.False(t, p.Connected())
		first.gone()
		svc.next()
		require.Equal(t, 50*time.Millisecond, time.Since(start))
		accepted, refused := p.Logins()
		require.Equal(t, []int{2, 0}, []int{accepted, refused})
	})
}

func TestConnectionComesBackWhenTheServiceEndsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		sys := newSystem()
		p := sys.AddPBX(svc.options())
		run(t, p)
		svc.next().cut()
		await(t, sys, func() bool { return !p.Connected() })
		svc.next()
	})
}

func TestPausedPBXStaysAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		p := newSystem().AddPBX(svc.options())
		p.Pause()
		p.Pause()
		run(t, p)
		pass(time.Hour)
		require.Empty(t, svc.links)
		p.Resume()
		svc.next()
		p.Pause()
		require.False(t, p.Connected())
		pass(time.Hour)
		require.Empty(t, svc.links)
		p.Resume()
		p.Resume()
		svc.next()
	})
}

func TestPauseDuringALoginEndsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		p := newSystem().AddPBX(svc.options())
		svc.accept = func(login) bool {
			p.Pause()
			return true
		}
		run(t, p)
		svc.connection().gone()
		require.False(t, p.Connected())
	})
}

func TestDuplicateLeavesTheOlderConnectionToTheService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		sys := newSystem()
		p := sys.AddPBX(svc.options())
		p.Duplicate()
		run(t, p)
		older := svc.next()
		p.Duplicate()
		newer := svc.next()
		for _, l := range []*link{older, newer} {
			require.Contains(t, l.ask(`{"api":"PbxApi","mt":"SubscribePresence","sip":"user1"}`), "Result")
		}
		require.Equal(t, 2, sys.Subscriptions(guid1))
		older.cut()
		await(t, sys, func() bool { return sys.Subscriptions(guid1) == 1 })
		pass(time.Hour)
		require.Empty(t, svc.links, "the older one is not opened again")
		require.True(t, p.Connected())
	})
}

func TestViolations(t *testing.T) {
	t.Parallel()
	long := `{"mt":"` + strings.Repeat("x", 65535) + `"}`
	many := strings.Repeat(`"a",`, 20) + `"b"`
	for name, tc := range map[string]struct {
		request, want string
		answer        string // "" is none
		ends          bool   // the connection
	}{
		"unknown base message": {`{"mt":"Hello"}`, "Hello: unknown message", "", false},
		"unknown request": {
			`{"api":"RCC","mt":"Dance","src":"1"}`, "RCC Dance: unknown message",
			`{"api":"RCC","mt":"DanceResult","src":"1","error":3,"errorText":"unknown operation"}`, false,
		},
		"API that is not enabled": {
			`{"api":"PbxSignal","mt":"Register"}`, "PbxSignal Register: API is not enabled",
			`{"api":"PbxSignal","mt":"RegisterResult","error":1,"errorText":"API is not enabled"}`, false,
		},
		"impersonated API that is none": {
			`{"api":"PbxApi.4","mt":"SetPresence"}`, "PbxApi.4 SetPresence: no such API",
			`{"api":"PbxApi.4","mt":"SetPresenceResult","error":1,"errorText":"no such API"}`, false,
		},
		"row before the start": {
			`{"api":"PbxTableUsers","mt":"ReplicateNext"}`, "PbxTableUsers ReplicateNext before ReplicateStart",
			`{"api":"PbxTableUsers","mt":"ReplicateNextResult","error":1,"errorText":"not started"}`, false,
		},
		"passwords": {
			`{"api":"PbxTableUsers","mt":"ReplicateStart","columns":{"pwd":{},"cn":{}}}`,
			"PbxTableUsers ReplicateStart: column pwd",
			`{"api":"PbxTableUsers","mt":"ReplicateStartResult","columns":{"cn":{}}}`, false,
		},
		"too many types": {
			`{"api":"PbxTableUsers","mt":"ReplicateStart","columns":{"cn":{}},"pseudo":[` + many + `]}`,
			"PbxTableUsers ReplicateStart: 21 pseudo types", "", true,
		},
		"no JSON":      {`hello`, "no JSON object with mt, and with api and src as strings", "", false},
		"no mt":        {`{"api":"PbxApi"}`, "no JSON object with mt, and with api and src as strings", "", false},
		"numeric src":  {`{"mt":"KeepAlive","src":1}`, "no JSON object with mt, and with api and src as strings", "", false},
		"long message": {long, "message of more than 65535 bytes", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				sys := newSystem()
				_, l := connected(t, sys)
				_ = l.write(tc.request)
				if tc.answer != "" {
					require.Equal(t, tc.answer, l.next())
				}
				await(t, sys, func() bool { return len(sys.Violations()) > 0 })
				require.Equal(t, []string{"master: " + tc.want}, sys.Violations())
				if tc.ends {
					l.gone()
				} else {
					l.silent()
				}
			})
		})
	}
}

func TestBinaryFrameEndsTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, l := connected(t, sys)
		l.sendBinary(`{"mt":"KeepAlive"}`)
		l.gone()
		require.Equal(t, []string{"master: binary frame"}, sys.Violations())
	})
}

func TestMessagesThatNeedNoAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		_, l := connected(t, sys)
		l.send(`{"mt":"KeepAlive"}`, `{"mt":"AppInfoResult","app":"a","info":{}}`, `{"mt":"CheckBuildResult"}`)
		l.silent()
		require.Empty(t, sys.Violations())
		l.ping()
	})
}

func TestKeepAliveAfterSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, l := connected(t, newSystem())
		start := time.Now()
		l.expect(`{"mt":"KeepAlive"}`)
		require.Equal(t, time.Minute, time.Since(start))
		pass(30 * time.Second)
		l.ask(`{"api":"PbxAdminApi","mt":"GetObject","sip":"user1"}`)
		l.expect(`{"mt":"KeepAlive"}`)
		require.Equal(t, 150*time.Second, time.Since(start))
	})
}

func TestPingFindsADeadService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		svc.deaf = true
		sys := newSystem()
		o := svc.options()
		o.PingInterval = 30 * time.Second
		p := sys.AddPBX(o)
		run(t, p)
		await(t, sys, p.Connected)
		start := time.Now()
		await(t, sys, func() bool { return !p.Connected() })
		require.LessOrEqual(t, time.Since(start), time.Minute)
	})
	synctest.Test(t, func(t *testing.T) {
		p, _ := connected(t, newSystem(), func(o *pbxtest.Options) { o.PingInterval = time.Second })
		pass(time.Minute)
		synctest.Wait()
		accepted, _ := p.Logins()
		require.Equal(t, 1, accepted, "a service that reads stays")
	})
}

func TestSlowServiceLosesTheConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		sys := newSystem()
		p, l := connected(t, sys, func(o *pbxtest.Options) { o.QueueLimit = 8 })
		l.ask(`{"api":"PbxApi","mt":"SubscribePresence","src":"a","sip":"user1"}`)
		l.next()
		l.next()
		for p.Connected() { // the link buffers many frames, then stops reading
			for range 8 {
				require.NoError(t, sys.SetPresence(guid1, "tel:", "busy", ""))
			}
			synctest.Wait()
		}
		require.Zero(t, sys.Subscriptions(guid1))
	})
}

func TestFragmentedMessages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, l := connected(t, newSystem(), func(o *pbxtest.Options) { o.FragmentSize = 100 })
		l.send(`{"api":"PbxAdminApi","mt":"GetObject","src":"1","h323":"user1"}`)
		f := l.receive()
		require.Equal(t, (len(f.text)+99)/100, f.pieces)
		require.Greater(t, f.pieces, 2)
		require.Contains(t, f.text, `"h323":"user1"`)
	})
}

func TestDuplicateWhileReconnectingAddsNothing(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		svc := newService(t)
		p := newSystem().AddPBX(svc.options())
		run(t, p)
		svc.next()
		p.Duplicate()
		svc.next().cut()
		synctest.Wait()
		require.True(t, p.Connected(), "the older one")
		p.Duplicate()
		svc.next()
		pass(time.Hour)
		require.Empty(t, svc.links)
	})
}

func TestServiceThatComesLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		listener := pbxtest.NewListener()
		sys := newSystem()
		p := sys.AddPBX(pbxtest.Options{AppURL: appURL, HTTPClient: listener.Client()})
		run(t, p)
		pass(time.Hour)
		require.False(t, p.Connected())
		server := &http.Server{Handler: readOnly()}
		go func() { _ = server.Serve(listener) }()
		t.Cleanup(func() { _ = server.Close() })
		start := time.Now()
		await(t, sys, p.Connected)
		require.LessOrEqual(t, time.Since(start), 42*time.Second, "backoff and one login timeout at most")
	})
}

func TestNothingPersonalIsLogged(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		sys := newSystem()
		p, l := connected(t, sys, func(o *pbxtest.Options) {
			o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		l.ask(`{"api":"PbxApi","mt":"SetPresence","src":"1","sip":"user1","activity":"busy","note":"dentist"}`)
		l.ask(`{"api":"PbxApi","mt":"Dentist","note":"dentist"}`)
		p.Drop()
		l.gone()
		synctest.Wait()
		require.Contains(t, log.String(), "msg=connected pbx=master")
		require.Contains(t, log.String(), "msg=request pbx=master api=PbxApi mt=SetPresence")
		require.Contains(t, log.String(), `msg="connection lost" pbx=master error=dropped`)
		seen := log.String() + strings.Join(sys.Violations(), "\n")
		for _, private := range []string{"dentist", password, l.login.Digest, challenge} {
			require.NotContains(t, seen, private)
		}
	})
}
