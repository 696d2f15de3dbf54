package pbx_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx"
)

// asPerson is the login of a person from a browser.
func asPerson() identity {
	i := asPBX("hq")
	i.sip, i.dn, i.pbxObj = "ada", "Ada", "ms365"
	i.info = `{"appobj":"ms365","appurl":"https://x/ms365/innovaphone-microsoft365","pbx":"hq","cn":"Ada <&> Löve","unlicensed":true,` +
		`"lics":2,"groups":["sales",{"name":"it"},7],"apps":[{"name":"users","dn":"Users"}]}`
	return i
}

func TestPage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var visitor pbx.Visitor
		ended := make(chan error, 1)
		r := newRig(t, pbx.Options{OnPage: func(ctx context.Context, p *pbx.Page) {
			visitor = p.Visitor
			for {
				m, err := p.Receive(ctx)
				if err != nil {
					ended <- err
					return
				}
				var question struct{ Src, Text string }
				if json.Unmarshal(m, &question) == nil {
					err = p.Send(map[string]any{"mt": "EchoResult", "src": question.Src, "text": question.Text})
				}
				if err != nil {
					ended <- err
					return
				}
			}
		}})
		w := r.dial("/")
		require.True(t, w.login(asPerson()))
		w.send(`{"mt":"KeepAlive"}`, `{"mt":"Echo","src":"1","text":"<é>"}`, `{"mt":"AppInfo","app":"x"}`,
			`{"mt":"SetPresence","api":"PbxApi","sip":"ada"}`, `{"mt":"PbxInfo","pbx":"hq","apis":["PbxApi"]}`, `nonsense`)
		require.ElementsMatch(t, []string{"EchoResult", "AppInfoResult"}, names(w.received()))
		require.Empty(t, r.take(), "no PBX has come up")
		require.EqualValues(t, 1, r.server.Counters().Unknown["SetPresence"], "there is no API")
		require.EqualValues(t, 1, r.server.Counters().BadFrames)

		key := visitor.Key
		visitor.Key = pbx.Key{}
		require.NotEqual(t, pbx.Key{}, key)
		require.Equal(t, pbx.Visitor{
			App: "innovaphone-microsoft365", Domain: "example.com", Name: "ada", GUID: guidA, DisplayName: "Ada",
			LongName: "Ada <&> Löve", PBX: "hq", Object: "ms365", URL: "https://x/ms365/innovaphone-microsoft365",
			Unlicensed: true, Licences: 2, Groups: []string{"sales", "it"}, Apps: []string{"users"},
		}, visitor)

		require.NoError(t, w.conn.Close())
		require.ErrorContains(t, <-ended, "page of ada has gone")
	})
}

func names(messages []map[string]any) []string {
	var all []string
	for _, m := range messages {
		all = append(all, m["mt"].(string))
	}
	return all
}

func TestPageOfAnAdministrator(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		visitors := make(chan pbx.Visitor, 1)
		r := newRig(t, pbx.Options{Apps: []string{"adminapp"}, OnPage: func(_ context.Context, p *pbx.Page) { visitors <- p.Visitor }})
		w := r.dial("/")
		require.True(t, w.login(identity{
			app: "adminapp", sip: "adminapp", guid: strings.Repeat("0", 32), dn: "Admin", password: password,
		}), "opened outside of myApps, with the password itself")
		v := <-visitors
		require.Equal(t, []string{"adminapp", "adminapp", "Admin", ""}, []string{v.App, v.Name, v.DisplayName, v.Object})
		require.True(t, w.isClosed(), "the handler is done")
	})
}

func TestPageThatIsNotHeard(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := make(chan error, 1)
		r := newRig(t, pbx.Options{OnPage: func(ctx context.Context, p *pbx.Page) {
			<-ctx.Done()
			gone <- context.Cause(ctx)
		}})
		newFake("master").connect(r)
		w := r.dial("/")
		require.True(t, w.login(asPerson()))
		go func() {
			for range 100 {
				w.send(`{"mt":"Chatter"}`)
			}
		}()
		time.Sleep(10 * time.Minute)
		require.ErrorContains(t, <-gone, "ping")
		require.True(t, w.isClosed())
		require.Contains(t, kinds(r.take()), "up", "the PBX is not concerned")
	})
}

func TestPageThatDoesNotRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone, flood := make(chan error, 1), make(chan struct{})
		r := newRig(t, pbx.Options{OnPage: func(ctx context.Context, p *pbx.Page) {
			<-flood
			for ctx.Err() == nil {
				_ = p.Send(map[string]any{"mt": "Flood"})
				time.Sleep(time.Millisecond)
			}
			gone <- context.Cause(ctx)
		}})
		w := r.dial("/")
		require.True(t, w.login(asPerson()))
		token := <-w.reading
		close(flood)
		require.ErrorIs(t, <-gone, pbx.ErrSlow)
		w.reading <- token
	})
}

func TestPageSend(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, pbx.Options{OnPage: func(ctx context.Context, p *pbx.Page) {
			for _, bad := range []any{7, []int{}, map[string]any{"no": "mt"}, func() {}} {
				if p.Send(bad) == nil {
					t.Errorf("%T was sent", bad)
				}
			}
			if _, err := p.Receive(canceled()); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
			<-ctx.Done()
		}})
		w := r.dial("/")
		require.True(t, w.login(asPerson()))
		require.Empty(t, w.received())
	})
}

func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestStopEndsPages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		served := false
		r := newRig(t, pbx.Options{OnPage: func(ctx context.Context, p *pbx.Page) {
			<-ctx.Done()
			served = true
		}})
		w := r.dial("/")
		require.True(t, w.login(asPerson()))
		r.stop()
		require.True(t, served, "Run waits for it")
	})
}
