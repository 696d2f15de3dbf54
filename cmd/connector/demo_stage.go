package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/pbx/pbxtest"
)

const (
	demoApp      = "22553876-f5ab-4529-bffb-cfe50aa89f87"
	demoSecret   = "only-for-the-demo"
	demoPassword = "pbx-password"
	demoUser     = "presence.service1@example.com"

	// demoPace is the time between two writes of one kind, which is a second elsewhere.
	demoPace = 20 * time.Millisecond
)

// stage is the simulated world of the demo: tenant, PBXs, people, and the connector
// as connector serve runs it, from a configuration file.
type stage struct {
	dir  string
	file string
	feed string
	log  *slog.Logger
	// patience is how long anything may take.
	patience  time.Duration
	connector *service // the running one
	tenant    *graphtest.Server
	system    *pbxtest.System
	master    *pbxtest.PBX
	slave     *pbxtest.PBX
	cast      cast
	users     []string // communication users

	publicURL, appURL string
	trusting          *http.Client // trusts the certificate of the connector

	stopPBXs func()
	// stopConnector ends the running connector and returns its error; nil while
	// there is none.
	stopConnector func() error
}

// setting is what a stage is made from.
type setting struct {
	people int
	// patience is how long anything may take.
	patience time.Duration
	log      *slog.Logger
	// tenant are the options of the tenant. The PBXs ask fault what goes wrong, and tell
	// arrived of each write before it is done.
	tenant  graphtest.Options
	fault   func(request string) pbxtest.Fault
	arrived func(pbxtest.Write)
	// keys change the configuration of the connector, and sabotage the world around
	// it, so that tests can see a play fail.
	keys     map[string]any
	sabotage func(*stage)
}

func newStage(ctx context.Context, feed string, d setting) (_ *stage, err error) {
	dir, err := os.MkdirTemp("", "connector-demo-")
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	s := &stage{
		dir: dir, file: filepath.Join(dir, "connector.yaml"), feed: feed, log: d.log, patience: d.patience,
		tenant: graphtest.New(d.tenant), system: pbxtest.NewSystem("example.com"),
	}
	if err := s.tenant.Start(); err != nil {
		return nil, err
	}
	s.tenant.AddApp(graphtest.App{
		ID: demoApp, Secret: demoSecret, PublicClient: true,
		Roles:  []string{"User.Read.All", "Presence.Read.All", "Presence.ReadWrite.All"},
		Scopes: []string{"User.Read.All", "Presence.Read.All"},
	})
	s.users = communicationUserNames(d.people)
	for _, upn := range s.users {
		s.tenant.AddUser(graphtest.User{UPN: upn, DisplayName: "Presence Service", Password: "demo", Teams: true})
	}
	s.cast = newCast(s.tenant, s.system, d.people)
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s.publicURL = "https://" + addr
	s.appURL = s.publicURL + "/pbx/innovaphone-microsoft365"
	s.trusting = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.tenant.CA()}}}
	if err := s.writeConfig(addr, d.keys); err != nil {
		return nil, err
	}
	s.startPBXs(ctx, d)
	if d.sabotage != nil {
		d.sabotage(s)
	}
	return s, nil
}

// freeAddress returns a loopback address with a port that is free.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// writeConfig writes the configuration file, and the certificate that it names.
func (s *stage) writeConfig(addr string, keys map[string]any) error {
	cert := s.tenant.TLS("127.0.0.1", "localhost").Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	if err != nil {
		return err
	}
	chain := filepath.Join(s.dir, "cert.pem")
	private := filepath.Join(s.dir, "key.pem")
	var users []any
	for _, upn := range s.users {
		users = append(users, map[string]any{"upn": upn, "password": "demo"})
	}
	values := map[string]any{
		"listen": addr, "status-listen": "127.0.0.1:0", "tls-cert": chain, "tls-key": private,
		"public-url": s.publicURL, "store": filepath.Join(s.dir, "connector.db"),
		"pbx-password": demoPassword, "pbx-master": "master", "pbx-licence-every": s.every(300 * time.Millisecond),
		"graph-tenant": s.tenant.Tenant(), "graph-client-id": demoApp, "graph-client-secret": demoSecret,
		"graph-endpoint": s.tenant.GraphURL(), "graph-authority": s.tenant.AuthorityURL(),
		"users": users,
		"pace":  demoPace.String(), "people-every": s.every(500 * time.Millisecond), "people-full-every": s.every(500 * time.Millisecond), "feed": s.feed, "sweep-every": s.every(100 * time.Millisecond),
	}
	maps.Copy(values, keys)
	text, err := yaml.Marshal(values)
	if err != nil {
		return err
	}
	return errors.Join(
		os.WriteFile(chain, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}), 0o600),
		os.WriteFile(private, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600),
		os.WriteFile(s.file, text, 0o600),
	)
}

// communicationUserNames are those for that many people, two at least.
func communicationUserNames(people int) (upns []string) {
	for n := range max(2, (people+graph.PushLimit-1)/graph.PushLimit) {
		upns = append(upns, fmt.Sprintf("presence.service%d@example.com", n+1))
	}
	return upns
}

// every stretches an interval that is good for a hundred people to the size of the cast.
func (s *stage) every(d time.Duration) string {
	return max(d, d*time.Duration(len(s.cast.actors))/500).String()
}

func (s *stage) startPBXs(ctx context.Context, d setting) {
	for _, name := range []string{"master", "slave"} {
		var ask func(api, mt string) pbxtest.Fault
		if d.fault != nil {
			ask = func(_, mt string) pbxtest.Fault { return d.fault(mt) }
		}
		pbx := s.system.AddPBX(pbxtest.Options{
			Fault: ask, Arrived: d.arrived,
			Name: name, Slave: name == "slave", Password: demoPassword, Version: "14r2", Build: "1412345",
			AppURL: s.appURL, HTTPClient: s.trusting, MinBackoff: 20 * time.Millisecond, MaxBackoff: 200 * time.Millisecond, Logger: s.log,
		})
		if s.master == nil {
			s.master = pbx
		} else {
			s.slave = pbx
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 2)
	go func() { ended <- s.master.Run(ctx) }()
	go func() { ended <- s.slave.Run(ctx) }()
	s.stopPBXs = func() {
		cancel()
		<-ended
		<-ended
	}
}

// readConfig reads the configuration file, whatever the environment says.
func (s *stage) readConfig() (config, error) {
	var c struct {
		Serve serveCmd `cmd:""`
	}
	_, err := readArgs(&c, []string{"serve", "--config", s.file})
	return c.Serve.config, err
}

// newConnector makes a connector from the configuration file, as connector serve does.
func (s *stage) newConnector() (*service, error) {
	c, err := s.readConfig()
	if err != nil {
		return nil, err
	}
	return newService(c, s.tenant.Client().Transport, s.log)
}

// startConnector runs the connector until stopConnector.
func (s *stage) startConnector() error {
	connector, err := s.newConnector()
	if err != nil {
		return err
	}
	s.connector = connector
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(connector.run(ctx), connector.close()) }()
	s.stopConnector = func() error {
		s.stopConnector = nil
		cancel()
		return <-ended
	}
	return nil
}

// releaseConnector does what connector release does.
func (s *stage) releaseConnector(ctx context.Context) error {
	connector, err := s.newConnector()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	return errors.Join(connector.release(ctx), connector.close())
}

func (s *stage) close() error {
	var err error
	if s.stopConnector != nil {
		err = s.stopConnector()
	}
	s.stopPBXs()
	s.tenant.Close()
	if violations := s.system.Violations(); len(violations) > 0 {
		err = errors.Join(err, fmt.Errorf("the PBX complains: %v", violations))
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}
