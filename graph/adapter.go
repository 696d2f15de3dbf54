package graph

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	authentication "github.com/microsoft/kiota-authentication-azure-go"
	khttp "github.com/microsoft/kiota-http-go"
	kjson "github.com/microsoft/kiota-serialization-json-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/communications"
	"github.com/microsoftgraph/msgraph-sdk-go/subscriptions"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

const (
	// retryWithin is the longest Retry-After that is waited for inside a call.
	retryWithin = 20 * time.Second

	jsonType = "application/json"
)

// sdk is the part of the Microsoft Graph SDK that is used. Its root package is
// left out, since importing it doubles the time of a build.
type sdk struct {
	adapter *core.GraphRequestAdapterBase
}

// The request builders are made anew for each call: a call writes into the path
// parameters of its builder, and those are shared with the builders below it.

func (s *sdk) users() *users.UsersRequestBuilder {
	return users.NewUsersRequestBuilderInternal(s.path(), s.adapter)
}

func (s *sdk) communications() *communications.CommunicationsRequestBuilder {
	return communications.NewCommunicationsRequestBuilderInternal(s.path(), s.adapter)
}

func (s *sdk) subscriptions() *subscriptions.SubscriptionsRequestBuilder {
	return subscriptions.NewSubscriptionsRequestBuilderInternal(s.path(), s.adapter)
}

func (s *sdk) path() map[string]string {
	return map[string]string{"baseurl": s.adapter.GetBaseUrl()}
}

func newSDK(cred azcore.TokenCredential, endpoint string, transport http.RoundTripper) (*sdk, error) {
	base, err := url.Parse(strings.TrimRight(endpoint, "/"))
	if err != nil || base.Hostname() == "" {
		return nil, fmt.Errorf("endpoint %q is no URL", endpoint)
	}
	if base.Scheme != "https" && !loopback(base) {
		return nil, fmt.Errorf("endpoint %q is not https", endpoint)
	}
	// A request to any other host is sent without a token.
	auth, err := authentication.NewAzureIdentityAuthenticationProviderWithScopesAndValidHosts(
		cred, []string{scope(base)}, []string{base.Hostname()})
	if err != nil {
		return nil, err
	}
	readers := serialization.NewParseNodeFactoryRegistry()
	readers.ContentTypeAssociatedFactories[jsonType] = kjson.NewJsonParseNodeFactory()
	writers := serialization.NewSerializationWriterFactoryRegistry()
	writers.ContentTypeAssociatedFactories[jsonType] = kjson.NewJsonSerializationWriterFactory()

	adapter, err := core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		auth, core.GraphClientOptions{}, readers, writers, httpClient(transport))
	if err != nil {
		return nil, err
	}
	adapter.SetBaseUrl(base.String())
	return &sdk{adapter: adapter}, nil
}

// httpClient names its middleware, because the default list comes in random
// order, and one that retries outside of the compression sends broken bodies.
func httpClient(transport http.RoundTripper) *http.Client {
	retry := khttp.RetryHandlerOptions{
		ShouldRetry: func(_ time.Duration, _ int, asked *http.Request, r *http.Response) bool {
			return retryAfter(r.Header) <= retryWithin && !unsure(asked, r) && !comesAgain(asked, r)
		},
	}
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: khttp.NewCustomTransportWithParentTransport(transport,
			core.NewGraphTelemetryHandler(&core.GraphClientOptions{}),
			khttp.NewRetryHandlerWithOptions(retry),
			khttp.NewRedirectHandler(),
			khttp.NewParametersNameDecodingHandler(),
			khttp.NewUserAgentHandler(),
		),
	}
}

// unsure reports whether a subscription may have been created although the answer is an error.
// Another attempt would be told that there is one; whoever keeps it has to look first.
func unsure(asked *http.Request, r *http.Response) bool {
	return asked.Method == http.MethodPost && r.StatusCode == http.StatusGatewayTimeout &&
		strings.HasSuffix(asked.URL.Path, "/subscriptions")
}

// comesAgain reports a read that the sweep itself repeats, without anybody waiting for it
// meanwhile, where Graph has not said when.
func comesAgain(asked *http.Request, r *http.Response) bool {
	return errandOf(asked.Context()).urgency == urgentSweep && r.StatusCode != http.StatusTooManyRequests &&
		r.Header.Get("Retry-After") == ""
}

// scope is what a token is asked for. A Graph on the loopback interface stands
// for the global one.
func scope(base *url.URL) string {
	if loopback(base) {
		return "https://graph.microsoft.com/.default"
	}
	return base.Scheme + "://" + base.Host + "/.default"
}

func loopback(u *url.URL) bool {
	switch u.Hostname() {
	case "localhost", "127.0.0.1", "::1":
		return true
	}
	return false
}
