package graph_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
)

// scoped is a credential that remembers what it was asked for.
type scoped struct{ scopes []string }

func (s *scoped) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	s.scopes = o.Scopes
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestEachCloudIsAskedForItsOwnTokens(t *testing.T) {
	t.Parallel()
	require.Len(t, graph.Clouds(), 4)
	for _, cloud := range graph.Clouds() {
		t.Run(cloud.Name, func(t *testing.T) {
			t.Parallel()
			cred := &scoped{}
			var asked *http.Request
			c, err := graph.New(cred, graph.Options{Endpoint: cloud.Endpoint, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
				asked = r
				return reply(200, `{"value":[]}`), nil
			})})
			require.NoError(t, err)
			_, err = c.People(t.Context())
			require.NoError(t, err)
			u, err := url.Parse(cloud.Endpoint)
			require.NoError(t, err)
			require.Equal(t, []string{"https://" + u.Host + "/.default"}, cred.scopes)
			require.Equal(t, u.Host, asked.URL.Host)
			require.Equal(t, "Bearer token", asked.Header.Get("Authorization"))
			require.Equal(t, cloud.Name == "global", cloud.PresenceSubscriptions)
			require.Equal(t, cloud.Name != "china", cloud.Presence)
			named, err := graph.CloudNamed(cloud.Name)
			require.NoError(t, err)
			require.Equal(t, cloud, named)
		})
	}
	_, err := graph.CloudNamed("germany")
	require.ErrorContains(t, err, "germany")
}
