package main

import (
	"context"
	"errors"
	"net/http"
)

// serveCmd is connector serve.
type serveCmd struct{ config }

// Run serves until ctx ends.
func (c serveCmd) Run(ctx context.Context) error {
	s, err := newService(c.config, transport(), newLogger(c.LogLevel))
	if err != nil {
		return err
	}
	return errors.Join(s.run(ctx), s.close())
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
