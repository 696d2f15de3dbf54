// Command teams prints what everybody in a tenant shows in Teams, and each change of it,
// with package graph alone. The tenant is simulated, so that it runs anywhere; sim.go
// holds that part.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/pbx365/connector/graph"
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
	tenant, err := newTenant()
	if err != nil {
		return err
	}
	defer tenant.close()

	// Two sign-ins: the application reads, and a communication user is told of changes.
	// Without Users the feed asks every second instead, and needs no web server.
	throttle := &graph.Throttle{}
	app, err := graph.New(tenant.application, graph.Options{Endpoint: tenant.endpoint, Throttle: throttle})
	if err != nil {
		return err
	}
	user, err := graph.New(tenant.communicationUser, graph.Options{Endpoint: tenant.endpoint, Throttle: throttle})
	if err != nil {
		return err
	}
	hook, err := graph.NewWebhook(graph.WebhookOptions{PublicURL: tenant.web.URL + "/graph"})
	if err != nil {
		return err
	}
	tenant.web.Config.Handler = hook

	feed := graph.NewPush(graph.PushOptions{
		Users: []graph.PushUser{{Name: "service@example.com", Client: user}},
		App:   app, Webhook: hook, Store: memstore.New(),
	})
	var names names
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error { return hook.Run(ctx) })
	work.Go(func() error {
		return graph.NewDirectory(graph.DirectoryOptions{Client: app}).Run(ctx, func(people []graph.Person) {
			feed.Watch(names.set(people))
		})
	})
	work.Go(func() error {
		return feed.Run(ctx, func(p graph.Presence) {
			fmt.Fprintf(out, "%s shows %s\n", names.of(p.User), p.Seen.Value)
		})
	})
	work.Go(func() error { return tenant.play(ctx) })
	return work.Wait()
}

// names are those of the people by object id.
type names struct{ byID sync.Map }

// set takes in the list and returns the ids.
func (n *names) set(people []graph.Person) (ids []string) {
	for _, p := range people {
		n.byID.Store(p.ID, p.DisplayName)
		ids = append(ids, p.ID)
	}
	return ids
}

func (n *names) of(id string) any {
	name, _ := n.byID.Load(id)
	return name
}
