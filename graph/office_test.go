package graph_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/presence/bridge"
	"github.com/pbx365/connector/store/memstore"
)

var tenantKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// office is a simulated tenant in simulated time, and a telephone on every desk in it. A
// bridge keeps the two the same, through the real client and a sweep.
type office struct {
	*graphtest.Server
	t      *testing.T
	client *graph.Client
	bridge *bridge.Bridge
	sweep  *graph.Sweep
	people []string // object ids
	log    *slog.Logger
	stop   func() // ends the bridge before the test does

	mu     sync.Mutex // protects following
	phones map[string]presence.PBXSeen
}

// newOffice has that many people, all of them signed in to Teams. Nobody works before open.
func newOffice(t *testing.T, people int, o graphtest.Options, change ...func(*graph.Options)) *office {
	t.Helper()
	o.Key = tenantKey()
	f := &office{Server: graphtest.New(o), t: t, phones: map[string]presence.PBXSeen{}}
	f.AddApp(graphtest.App{ID: appID, Secret: secret, Roles: []string{"User.Read.All", "Presence.ReadWrite.All"}})
	for i := range people {
		upn := fmt.Sprintf("p%d@contoso.com", i)
		f.people = append(f.people, f.AddUser(graphtest.User{DisplayName: upn, UPN: upn, Teams: true}))
		f.SignIn(f.people[i])
	}
	t.Cleanup(run(t, f.Run))
	options := graph.Options{Endpoint: f.GraphURL(), Transport: f.Client().Transport, AppID: appID}
	for _, c := range change {
		c(&options)
	}
	var err error
	f.client, err = graph.New(&applicant{server: f.Server}, options)
	require.NoError(t, err)
	return f
}

// open starts the bridge and the sweep, and returns when everybody is linked and was read.
func (f *office) open(sweep graph.SweepOptions) {
	f.t.Helper()
	f.sweep = graph.NewSweep(f.client, sweep)
	var err error
	f.bridge, err = bridge.New(bridge.Options{
		Teams: f.client, PBX: f, Store: memstore.New(), Matcher: match.Default(nil), Watch: f.sweep.Watch, Logger: f.log,
	})
	require.NoError(f.t, err)
	f.stop = sync.OnceFunc(run(f.t, func(ctx context.Context) error { return errors.Join(f.bridge.Run(ctx), ctx.Err()) }))
	f.t.Cleanup(f.stop)
	f.t.Cleanup(run(f.t, func(ctx context.Context) error {
		return f.sweep.Run(ctx, func(p graph.Presence) { f.bridge.TeamsSeen(p.User, p.Seen) })
	}))
	var users []match.TeamsUser
	for _, u := range f.Users() {
		users = append(users, match.TeamsUser{ID: u.ID, DisplayName: u.DisplayName, UPN: u.UPN})
		f.bridge.PBXUser(match.PBXUser{GUID: u.ID, Name: u.DisplayName, LongName: u.DisplayName, Licensed: true})
		f.phone(u.ID, func(*presence.PBXSeen) {})
	}
	f.bridge.PBXSynced()
	f.bridge.TeamsPeople(users)
	f.wait(time.Minute)
	require.Equal(f.t, len(f.people), f.bridge.Status().Linked)
}

// wait lets time pass until everything has come to rest.
func (f *office) wait(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

// costs returns what f costs in requests.
func (f *office) costs(what func()) graphtest.Tally {
	before := f.Tally()
	what()
	return f.Tally().Since(before)
}

// phone changes what somebody's telephone shows.
func (f *office) phone(guid string, change func(*presence.PBXSeen)) {
	f.mu.Lock()
	seen := f.phones[guid]
	seen.Home, seen.Connection, seen.Counted, seen.At = "master", 1, true, time.Now()
	change(&seen)
	f.phones[guid] = seen
	f.mu.Unlock()
	f.bridge.PBXSeen(guid, seen)
}

func (f *office) call(guid string, on bool) {
	f.phone(guid, func(p *presence.PBXSeen) { p.OnPhone = on })
}

func (f *office) set(guid, activity string) {
	f.phone(guid, func(p *presence.PBXSeen) { p.Value.Activity = activity })
}

// SetPresence implements bridge.PBX.
func (f *office) SetPresence(_ context.Context, guid string, p presence.PBX) error {
	f.set(guid, p.Activity)
	return nil
}

// AddAlienCall implements bridge.PBX.
func (f *office) AddAlienCall(context.Context, string) (int64, uint64, error) { return 1, 1, nil }

// DelAlienCall implements bridge.PBX.
func (f *office) DelAlienCall(context.Context, string, int64) error { return nil }

// applicant signs the application in by its secret.
type applicant struct {
	server *graphtest.Server

	mu    sync.Mutex // protects following
	token azcore.AccessToken
}

func (a *applicant) GetToken(ctx context.Context, _ policy.TokenRequestOptions) (azcore.AccessToken, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Until(a.token.ExpiresOn) > time.Minute {
		return a.token, nil
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {appID}, "client_secret": {secret}, "scope": {"https://graph.microsoft.com/.default"}}
	answer, err := a.server.Client().PostForm(a.server.AuthorityURL()+"/"+a.server.Tenant()+"/oauth2/v2.0/token", form)
	if err != nil {
		return azcore.AccessToken{}, err
	}
	defer answer.Body.Close()
	var body struct {
		Token   string `json:"access_token"`
		Expires int    `json:"expires_in"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&body); err != nil || answer.StatusCode != http.StatusOK {
		return azcore.AccessToken{}, fmt.Errorf("sign in: %s: %w", answer.Status, err)
	}
	a.token = azcore.AccessToken{Token: body.Token, ExpiresOn: time.Now().Add(time.Duration(body.Expires) * time.Second)}
	return a.token, nil
}
