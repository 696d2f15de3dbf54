package graph_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/presence"
)

// askedOnce are the options of a credential that asks f, and that once.
func askedOnce(f roundTrip) azcore.ClientOptions {
	return azcore.ClientOptions{Transport: &http.Client{Transport: f}, Retry: policy.RetryOptions{MaxRetries: -1}}
}

// managed is the identity of a machine; of an id of its own, since tokens are shared.
func managed(t *testing.T, id string, f roundTrip) azcore.TokenCredential {
	o := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: askedOnce(f)}
	if id != "" {
		o.ID = azidentity.ClientID(id)
	}
	cred, err := azidentity.NewManagedIdentityCredential(o)
	require.NoError(t, err)
	return cred
}

// signInFailure returns how a call fails that signs in with cred.
func signInFailure(t *testing.T, cred azcore.TokenCredential) *graph.SignInError {
	t.Helper()
	c, err := graph.New(cred, graph.Options{Endpoint: endpoint, Transport: newTenant(t)})
	require.NoError(t, err)
	_, err = c.People(t.Context())
	var e *graph.SignInError
	require.ErrorAs(t, err, &e)
	return e
}

// failing is a credential that never has a token.
type failing string

func (f failing) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, errors.New(string(f))
}

func TestALongReasonEndsBehindAWord(t *testing.T) {
	t.Parallel()
	words := strings.Repeat("nine more ", 19) // 190 bytes
	for text, want := range map[string]string{
		words + "words here":             words + "words here",
		words + "wordsthere":             words + "wordsthere",
		words + "words here and more":    words + "words here…",
		words + "and words.":             words + "and words",
		words + "and wordstoolong":       words + "and…",
		words + "is it, wordstoolong":    words + "is it…",
		strings.Repeat("ä", 150):         strings.Repeat("ä", 100) + "…",
		strings.Repeat("a", 199) + "ä…!": strings.Repeat("a", 199) + "…",
	} {
		require.Equal(t, "sign-in failed: "+want, signInFailure(t, failing(text)).Error())
	}
}

// notFound is what the endpoint of a machine without that identity says.
const notFound = `{"error":"invalid_request","error_description":"Identity not found"}`

func TestAMachineWithoutAnIdentity(t *testing.T) {
	t.Parallel()
	says := func(status int, body string) roundTrip {
		return func(r *http.Request) (*http.Response, error) {
			answer := reply(status, body)
			answer.Request = r
			return answer, nil
		}
	}
	tests := map[string]struct {
		id     string
		answer roundTrip
		advice string // none where it may pass
		text   string
	}{
		"none":                   {"", says(400, notFound), "assign it to this machine", "Identity not found"},
		"not that one":           {"11111111-0000-0000-0000-000000000001", says(400, notFound), "client id is that of the identity", "isn't assigned to this resource: status 400"},
		"no endpoint":            {"", func(*http.Request) (*http.Response, error) { return nil, errors.New("no route to host") }, "No endpoint", "no route to host"},
		"a proxy in its place":   {"", says(200, "<html>"), "proxy", "json"},
		"an unreachable one":     {"", says(403, "connecting to 169.254.169.254:80: unreachable network"), "No endpoint", "unreachable"},
		"updated at the moment":  {"", says(410, ""), "", "status 410"},
		"throttled":              {"", says(429, ""), "", "status 429"},
		"out of order, user's":   {"11111111-0000-0000-0000-000000000002", says(500, `{"error":"unknown"}`), "", "status 500"},
		"not found for a moment": {"", says(404, ""), "", "status 404"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := signInFailure(t, managed(t, test.id, test.answer))
			require.Equal(t, test.advice != "", e.Permanent(), e.Error())
			require.Contains(t, e.Advice(), test.advice)
			require.Equal(t, test.advice == "", e.Advice() == "")
			require.Contains(t, e.Error(), test.text)
			require.NotContains(t, e.Error(), "\n")
			require.NotContains(t, e.Error(), "aka.ms")
			require.NotContains(t, e.Error(), "api-version")
		})
	}
}

// Not parallel: the place is told by variables.
func TestAnAppWithoutAnIdentity(t *testing.T) {
	t.Setenv("IDENTITY_ENDPOINT", "http://localhost/msi/token")
	t.Setenv("IDENTITY_HEADER", "hush")
	for _, id := range []string{"", "11111111-0000-0000-0000-000000000003"} {
		var asked *http.Request
		e := signInFailure(t, managed(t, id, func(r *http.Request) (*http.Response, error) {
			asked = r
			answer := reply(400, `{"statusCode":400,"message":"No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId."}`)
			answer.Request = r
			return answer, nil
		}))
		require.Equal(t, "localhost", asked.URL.Host)
		require.True(t, e.Permanent())
		require.Contains(t, e.Advice(), "assign it to this machine, pod or app")
		require.Contains(t, e.Error(), "status 400")
		require.NotContains(t, e.Error(), "hush")
	}
}

func TestAMissingIdentityIsNotAskedForAgainAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		cred := managed(t, "", func(r *http.Request) (*http.Response, error) {
			asked++
			answer := reply(400, notFound)
			answer.Request = r
			return answer, nil
		})
		c, err := graph.New(cred, graph.Options{Endpoint: endpoint, Transport: newTenant(t)})
		require.NoError(t, err)
		for range 9 {
			_, err = c.People(t.Context())
			require.Error(t, err)
			pass(time.Minute)
		}
		require.Equal(t, 2, asked)
		require.Equal(t, presence.StateFailed, c.Health().State)
		require.Contains(t, c.Health().Todo, "assign it")
	})
}

func TestAPodWithoutAToken(t *testing.T) {
	t.Parallel()
	const authority = "https://login.microsoftonline.com/" + tenantID
	down := errors.New("no route to host")
	cred := func(file string, up bool) azcore.TokenCredential {
		c, err := azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: askedOnce(func(r *http.Request) (*http.Response, error) {
				if !up {
					return nil, down
				}
				require.True(t, strings.HasSuffix(r.URL.Path, "/openid-configuration"), r.URL)
				return jsonReply(200, map[string]any{"authorization_endpoint": authority + "/oauth2/v2.0/authorize",
					"token_endpoint": authority + "/oauth2/v2.0/token", "issuer": authority + "/v2.0"}), nil
			}),
			DisableInstanceDiscovery: true, TenantID: tenantID, ClientID: appID, TokenFilePath: file,
		})
		require.NoError(t, err)
		return c
	}
	folder := t.TempDir()
	e := signInFailure(t, cred(filepath.Join(folder, "token"), true))
	require.True(t, e.Permanent(), e.Error())
	require.Contains(t, e.Advice(), "AZURE_FEDERATED_TOKEN_FILE")
	require.Contains(t, e.Error(), filepath.Join(folder, "token")+": no such file")

	e = signInFailure(t, cred(folder, true))
	require.True(t, e.Permanent(), "a folder: %v", e)

	file := filepath.Join(folder, "good")
	require.NoError(t, os.WriteFile(file, []byte("assertion"), 0o600))
	e = signInFailure(t, cred(file, false))
	require.False(t, e.Permanent(), e.Error())
	require.Empty(t, e.Advice())
	require.Contains(t, e.Error(), down.Error())
}
