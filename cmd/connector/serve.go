package main

import (
	"context"
	"errors"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// serveCmd is connector serve.
type serveCmd struct{ config }

// Run serves until ctx ends. A hang-up signal has the configuration read again.
func (c serveCmd) Run(ctx context.Context, again reread) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	carrier := transport()
	s, err := newService(c.config, carrier, newLogger(c.LogLevel))
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	var reloads sync.WaitGroup
	r := reloader{service: s, transport: carrier, read: again, inUse: c.config}
	reloads.Go(func() { r.run(ctx, hangup) })
	err = s.run(ctx)
	stop()
	reloads.Wait()
	return errors.Join(err, s.close())
}

// graphConnections bounds the requests under way to Graph, so that ten thousand
// people who change at once do not open ten thousand connections.
const graphConnections = 32

// transport carries what is sent to Graph and the authority.
func transport() http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxConnsPerHost, t.MaxIdleConnsPerHost = graphConnections, graphConnections
	return t
}
