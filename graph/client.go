package graph

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"github.com/pbx365/connector/presence"
)

// DefaultEndpoint is Microsoft Graph in the global cloud.
const DefaultEndpoint = "https://graph.microsoft.com/v1.0"

// Options of a Client.
type Options struct {
	// Endpoint is the address of Graph with its version. It must be https, except
	// on the loopback interface. Defaults to DefaultEndpoint.
	Endpoint string

	// Transport carries the requests, for a proxy or an own CA. Defaults to
	// http.DefaultTransport.
	Transport http.RoundTripper

	// AppID is the application (client) id of the sign-in. Graph wants it as the
	// name of the presence session; only SetSession and ClearSession need it.
	AppID string

	// Throttle is shared by Clients of the same app registration. Defaults to one
	// of its own.
	Throttle *Throttle

	// Name of the sign-in, for its light. Defaults to "sign-in".
	Name string

	// Logger receives when the sign-in is throttled. Defaults to discarding.
	Logger *slog.Logger
}

// Client calls Microsoft Graph with one sign-in. It is safe for concurrent use
// and must be made with New.
//
// Every call takes as long as Graph makes it wait, so give it a ctx that ends.
// A single call retries three times when Graph is throttled or unavailable, and the
// pages of a list of people after other failures too. One that is withdrawn
// ([presence.Withdrawable]) before Graph can have carried it out is not sent.
type Client struct {
	sdk      *sdk
	light    *presence.Light
	throttle *Throttle
	appID    string
}

// New returns a Client that signs in with cred when it is first used. It fails
// only where the endpoint is no usable address.
func New(cred azcore.TokenCredential, o Options) (*Client, error) {
	if cred == nil {
		return nil, errors.New("graph: no credential given")
	}
	c := &Client{
		light:    presence.NewLight(cmp.Or(o.Name, "sign-in")),
		throttle: cmp.Or(o.Throttle, &Throttle{}),
		appID:    o.AppID,
	}
	transport := &wire{next: o.Transport, throttle: c.throttle, log: logger(o.Logger, "graph")}
	var err error
	c.sdk, err = newSDK(newSignIn(cred, c.light), cmp.Or(o.Endpoint, DefaultEndpoint), transport)
	if err != nil {
		return nil, fmt.Errorf("graph: %w", err)
	}
	return c, nil
}

// Health returns the light of the sign-in.
func (c *Client) Health() presence.Health { return c.light.Health() }

// call calls f unless ctx has ended, and says of its error what was being done. What f
// sends waits at the throttle by itself.
func (c *Client) call(ctx context.Context, op string, f func() error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	return failure(op, f())
}
