package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/presence/bridge"
	"github.com/pbx365/connector/store"
	"github.com/pbx365/connector/store/boltstore"
)

// service is the connector: both sides, the bridge between them, and the pages.
type service struct {
	config     config
	log        *slog.Logger
	rules      atomic.Pointer[ruleBook]
	table      match.Table // of people
	store      store.Store
	throttle   graph.Throttle // the allowance is that of the app registration, whoever signs in
	app        *graph.Client
	users      []graph.PushUser // in the order of the configuration
	webhook    *graph.Webhook
	notifyKeys *notifyKeys // nil without a webhook
	tls        *tlsFiles   // nil where the service speaks plain HTTP
	feed       *graph.Push
	directory  *graph.Directory
	pbx        *pbx.Server
	bridge     *bridge.Bridge
	canary     *bridge.Canary // nil where there is none
	started    time.Time
}

// newService wires a service that does nothing yet. The transport carries everything
// that is sent to Graph and the authority.
func newService(c config, transport http.RoundTripper, log *slog.Logger) (*service, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	opened, err := boltstore.Open(c.Store, boltstore.Options{})
	if err != nil {
		return nil, err
	}
	s := &service{config: c, log: log, store: opened, started: time.Now()}
	if err := s.build(transport); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

// build makes the parts from the configuration. None of them does anything yet.
func (s *service) build(transport http.RoundTripper) error {
	for _, step := range []func(http.RoundTripper) error{s.readTables, s.signIn, s.newWebhook, s.newFeed, s.newPBX, s.newBridge, s.readTLS} {
		if err := step(transport); err != nil {
			return err
		}
	}
	return nil
}

func (s *service) close() error { return s.store.Close() }

func (s *service) readTables(http.RoundTripper) (err error) {
	rules, err := s.config.ruleBook()
	if err != nil {
		return err
	}
	s.decideBy(&rules)
	if s.table, err = s.config.People.read(); err != nil {
		return s.config.wrong("people-table", "cannot be read: %w", err)
	}
	return nil
}

func (s *service) signIn(transport http.RoundTripper) error {
	web := &http.Client{Transport: transport, Timeout: 30 * time.Second}
	cred, err := s.config.application(web)
	if err != nil {
		return s.config.wrong("graph", "cannot be used: %w", err)
	}
	o := graph.Options{
		Endpoint: s.config.Graph.cloud().Endpoint, Transport: transport, AppID: s.config.Graph.ClientID,
		Throttle: &s.throttle,
		Name:     "application", Logger: s.log,
	}
	if s.app, err = graph.New(cred, o); err != nil {
		return s.config.wrong("graph-endpoint", "cannot be used: %w", err)
	}
	if cloud := s.config.Graph.cloud(); len(s.config.Users) > 0 && !cloud.PresenceSubscriptions {
		s.log.Warn("communication users are of no use in this cloud, which has no presence subscriptions", "cloud", cloud.Name)
	}
	for _, user := range s.config.Users {
		if cred, err = s.communicationUser(user, web); err != nil {
			return s.config.wrong("users", "cannot be used, %s: %w", user.UPN, err)
		}
		o.Name = user.UPN
		client, err := graph.New(cred, o)
		if err != nil {
			return err
		}
		s.users = append(s.users, graph.PushUser{Name: user.UPN, Client: client})
	}
	return nil
}

func (s *service) newWebhook(transport http.RoundTripper) error {
	if !s.config.pushes() {
		return nil
	}
	file := s.config.Graph.NotifyKey
	if file == "" {
		file = s.config.Store + ".notify.pem"
	}
	s.notifyKeys = newNotifyKeys(file, s.log)
	keys, err := s.notifyKeys.load(time.Now())
	if err != nil {
		return s.config.wrong("graph-notify-key", "cannot be used: %w", err)
	}
	s.webhook, err = graph.NewWebhook(graph.WebhookOptions{
		PublicURL: s.config.notifyURL(),
		AppID:     s.config.Graph.userClient(), Tenant: s.config.Graph.Tenant, Authority: s.config.Graph.cloud().Authority,
		HTTP:   &http.Client{Transport: transport, Timeout: 10 * time.Second},
		Secret: s.config.Graph.NotifySecret.text, Keys: keys, Logger: s.log,
	})
	if err != nil {
		return s.config.wrong("public-url", "cannot be used: %w", err)
	}
	return nil
}

// moveWebhook goes over to the address, the keys and the secret of another service, which has
// tried them. What comes by the old ones meanwhile is still taken.
func (s *service) moveWebhook(to *service) error {
	if err := s.notifyKeys.move(to.notifyKeys.file, s.webhook); err != nil {
		return err
	}
	s.webhook.SetSecret(to.config.Graph.NotifySecret.text)
	return s.webhook.SetPublicURL(to.config.notifyURL())
}

// lookAtFiles looks at the files that are watched, without waiting for their time.
func (s *service) lookAtFiles() {
	if s.tls != nil {
		s.tls.readAgain()
	}
	if s.webhook != nil {
		s.notifyKeys.look(s.webhook)
	}
}

func (s *service) newFeed(http.RoundTripper) error {
	s.directory = graph.NewDirectory(graph.DirectoryOptions{
		Client: s.app, Every: s.config.People.Every, FullEvery: s.config.People.FullEvery, Webhook: s.webhook, Store: s.store, Logger: s.log,
	})
	o := graph.PushOptions{
		App: s.app, Sweep: graph.SweepOptions{Every: s.config.SweepEvery, Budget: s.config.SweepBudget},
		RenewEvery: s.config.RenewEvery, ReconcileEvery: s.config.ReconcileEvery, Logger: s.log,
	}
	if s.config.pushes() {
		o.Users, o.Webhook, o.Store = s.users, s.webhook, s.store
	}
	s.feed = graph.NewPush(o)
	return nil
}

func (s *service) newPBX(http.RoundTripper) (err error) {
	c := s.config.PBX
	s.pbx, err = pbx.NewServer(pbx.Options{
		Password: c.Password.text, App: c.App, Master: c.Master,
		Licence: c.Licence, LicenceOff: c.Licence == "off", LicenceEvery: c.LicenceEvery,
		Contact: c.Contact, ContactUnnamed: c.ContactUnnamed, PhoneContact: c.PhoneContact, PresenceOnMaster: c.PresenceOnMaster,
		WatchImpersonated: c.WatchHidden,
		AlienCalls:        pbx.AlienCalls(c.AlienCalls), AlienCallsUnseen: c.AlienCallsUnseen,
		Calls: pbx.CallSource(c.Calls), CountDialling: c.CountDialling,
		ReconnectWithin: c.ReconnectWithin, Address: c.address,
		HarmlessCodes: c.HarmlessCodes, CheckLogin: pbx.CheckLogin(c.CheckLogin),
		OnEvent: s.onPBX, Logger: s.log,
	})
	if err != nil {
		return s.config.wrong("pbx", "cannot be used: %w", err)
	}
	return nil
}

func (s *service) readTLS(http.RoundTripper) (err error) {
	if s.config.TLSCert == "" {
		return nil
	}
	if s.tls, err = newTLSFiles(s.config.TLSCert, s.config.TLSKey, s.log); err != nil {
		return s.config.wrong("tls-cert", "cannot be used: %w", err)
	}
	return nil
}

func (s *service) newBridge(http.RoundTripper) error {
	var err error
	s.bridge, err = bridge.New(bridge.Options{
		Teams: s.app, PBX: s.pbx, Store: s.store, Matcher: match.Default(s.table),
		Rules: s.rulesOf, Watch: s.feed.Watch, Logger: s.log,
	})
	if c := s.config.Canary; err == nil && c.User != "" {
		s.canary = bridge.NewCanary(s.bridge, bridge.CanaryOptions{User: c.User, Every: c.Every, Within: c.Within})
	}
	return err
}

// read reads the table of people; no file is an empty table.
func (c peopleConfig) read() (match.Table, error) {
	if c.Table == "" {
		return nil, nil
	}
	f, err := os.Open(c.Table)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	table, err := match.ParseCSV(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Table, err)
	}
	return table, nil
}

// run works until ctx ends. The bridge ends first, since it still has calls to take
// back on both sides; then everything else does.
func (s *service) run(ctx context.Context) error {
	edges, stopEdges := context.WithCancel(context.WithoutCancel(ctx))
	defer stopEdges()
	group, edges := errgroup.WithContext(edges)
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	context.AfterFunc(edges, stop) // what ends an edge for good ends the bridge

	servers, err := s.listen()
	if err != nil {
		return err
	}
	for _, server := range servers {
		group.Go(func() error { return server.run(edges) })
	}
	run := func(name string, f func(context.Context) error) {
		group.Go(func() error {
			if err := f(edges); err != nil && edges.Err() == nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	run("pbx", s.pbx.Run)
	run("directory", func(ctx context.Context) error { return s.directory.Run(ctx, s.onPeople) })
	run("feed", func(ctx context.Context) error { return s.feed.Run(ctx, s.onTeams) })
	if s.webhook == nil {
		group.Go(func() error { s.dropLeftovers(edges); return nil })
	}
	if s.webhook != nil {
		run("webhook", s.webhook.Run)
		run("keys for notifications", func(ctx context.Context) error { return s.notifyKeys.run(ctx, s.webhook) })
	}
	err = s.runBridge(ctx)
	stopEdges()
	return errors.Join(err, group.Wait())
}

// runBridge runs the bridge and ends before it what works through it.
func (s *service) runBridge(ctx context.Context) error {
	if s.canary == nil {
		return s.bridge.Run(ctx)
	}
	bridgeCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	group, bridgeCtx := errgroup.WithContext(bridgeCtx)
	group.Go(func() error { return s.bridge.Run(bridgeCtx) })
	canaryCtx, stopCanary := context.WithCancel(ctx)
	defer context.AfterFunc(bridgeCtx, stopCanary)()
	err := s.canary.Run(canaryCtx)
	stop()
	return errors.Join(err, group.Wait())
}

// dropLeftovers deletes the subscriptions of an earlier configuration, to which nobody
// listens any more.
func (s *service) dropLeftovers(ctx context.Context) {
	if err := s.dropSubscriptions(ctx); err != nil && ctx.Err() == nil {
		s.log.Info("subscriptions of an earlier configuration are left", "error", err)
	}
}

func (s *service) onTeams(p graph.Presence) { s.bridge.TeamsSeen(p.User, p.Seen) }

func (s *service) onPeople(people []graph.Person) {
	users := make([]match.TeamsUser, len(people))
	for i, p := range people {
		users[i] = match.TeamsUser{ID: p.ID, DisplayName: p.DisplayName, UPN: p.UPN, Mail: p.Mail, Addresses: p.Addresses}
	}
	s.bridge.TeamsPeople(users)
}

func (s *service) onPBX(event pbx.Event) {
	switch e := event.(type) {
	case pbx.UserSeen:
		s.bridge.PBXUser(match.PBXUser{
			GUID: e.User.GUID, Name: e.User.Name, LongName: e.User.LongName,
			Emails: e.User.Emails, Groups: e.User.Groups, Licensed: e.User.Licensed,
		})
	case pbx.UserGone:
		s.bridge.PBXUserGone(e.GUID)
	case pbx.UsersSynced:
		s.bridge.PBXSynced()
	case pbx.PresenceSeen:
		s.bridge.PBXSeen(e.GUID, e.Seen)
	case pbx.PresenceLost:
		s.bridge.PBXLost(e.GUID)
	case pbx.PBXUp, pbx.PBXDown: // shown by the lights of the PBX side
	}
}
