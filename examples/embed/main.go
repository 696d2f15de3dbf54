// Command embed shows the connector inside another program: an own web server, an own
// sign-in, and the engine between Teams and the PBX. What it talks to is simulated, so
// that it runs anywhere; sim.go holds that part.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/presence/bridge"
	"github.com/pbx365/connector/store/memstore"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil && !errors.Is(err, context.Canceled) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	world, err := newWorld()
	if err != nil {
		return err
	}
	defer world.close()

	// Both sides, and the engine between them.
	teams, err := graph.New(world.credential, graph.Options{Endpoint: world.endpoint, AppID: world.appID})
	if err != nil {
		return err
	}
	var engine *bridge.Bridge
	phones, err := pbx.NewServer(pbx.Options{Password: "pbx-password", OnEvent: func(event pbx.Event) {
		switch e := event.(type) {
		case pbx.UserSeen:
			engine.PBXUser(match.PBXUser{
				GUID: e.User.GUID, Name: e.User.Name, LongName: e.User.LongName, Emails: e.User.Emails, Licensed: e.User.Licensed,
			})
		case pbx.UserGone:
			engine.PBXUserGone(e.GUID)
		case pbx.UsersSynced:
			engine.PBXSynced()
		case pbx.PresenceSeen:
			engine.PBXSeen(e.GUID, e.Seen)
		case pbx.PresenceLost:
			engine.PBXLost(e.GUID)
		}
	}})
	if err != nil {
		return err
	}
	sweep := graph.NewSweep(teams, graph.SweepOptions{Every: time.Second})
	engine, err = bridge.New(bridge.Options{
		Teams: teams, PBX: phones, Store: memstore.New(), Matcher: match.Default(nil), Watch: sweep.Watch,
		OnStep: func(s bridge.Step) { fmt.Fprintf(out, "%s: %s\n", s.Name, s.Action) },
	})
	if err != nil {
		return err
	}

	world.serve(pages(phones))

	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return phones.Run(ctx) })
	work.Go(func() error { return engine.Run(ctx) })
	work.Go(func() error { return sweep.Run(ctx, func(p graph.Presence) { engine.TeamsSeen(p.User, p.Seen) }) })
	work.Go(func() error {
		return graph.NewDirectory(graph.DirectoryOptions{Client: teams}).Run(ctx, func(people []graph.Person) {
			users := make([]match.TeamsUser, len(people))
			for i, p := range people {
				users[i] = match.TeamsUser{ID: p.ID, DisplayName: p.DisplayName, UPN: p.UPN, Mail: p.Mail, Addresses: p.Addresses}
			}
			engine.TeamsPeople(users)
		})
	})
	work.Go(func() error { return world.play(ctx, out) })
	return work.Wait()
}

// pages are those of the own web server. PBXs dial one of its paths, with and without the slash.
func pages(phones http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/pbx", phones)
	mux.Handle("/pbx/", phones)
	return mux
}
