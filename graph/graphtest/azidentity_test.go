package graphtest_test

import (
	"context"
	"crypto"
	"crypto/x509"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

// clientOptions point azidentity at the server.
func (w *world) clientOptions() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: w.AuthorityURL()},
		Transport: w.Client(),
		Retry:     policy.RetryOptions{MaxRetries: -1},
	}
}

func (w *world) token(cred azcore.TokenCredential) (string, error) {
	token, err := cred.GetToken(w.t.Context(), policy.TokenRequestOptions{
		Scopes: []string{"https://graph.microsoft.com/.default"}, EnableCAE: true,
	})
	return token.Token, err
}

// wall has the server keep the time of the program, as azidentity does.
func wall(o *graphtest.Options) { o.Now = nil }

func TestSecretCredential(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wall)
	require.NoError(t, w.Start())
	t.Cleanup(w.Close)
	cred, err := azidentity.NewClientSecretCredential(w.Tenant(), appID, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: w.clientOptions(), DisableInstanceDiscovery: true,
	})
	require.NoError(t, err)
	token, err := w.token(cred)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, w.do(token, http.MethodGet, "/users", nil).Status)

	again, err := w.token(cred)
	require.NoError(t, err)
	require.Equal(t, token, again)
	require.Equal(t, 1, w.Calls()[graphtest.RouteToken], "the second one comes from the cache")
}

func TestCertificateCredential(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wall)
	cert := certificate(t, sharedKey())
	signIn := func() (string, error) {
		cred, err := azidentity.NewClientCertificateCredential(w.Tenant(), "certified", []*x509.Certificate{cert}, crypto.PrivateKey(sharedKey()), &azidentity.ClientCertificateCredentialOptions{
			ClientOptions: w.clientOptions(), DisableInstanceDiscovery: true,
		})
		require.NoError(t, err)
		return w.token(cred)
	}

	w.AddApp(graphtest.App{ID: "certified", Certificate: cert, Roles: []string{"User.Read.All"}})
	token, err := signIn()
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, w.do(token, http.MethodGet, "/users", nil).Status)

	w.AddApp(graphtest.App{ID: "certified", Certificate: certificate(t, sharedKey())})
	_, err = signIn()
	require.ErrorContains(t, err, "AADSTS700027", "another certificate of the same key")

	w.AddApp(graphtest.App{ID: "certified", Secret: "only a secret"})
	_, err = signIn()
	require.ErrorContains(t, err, "AADSTS700027")
}

func TestPasswordCredential(t *testing.T) {
	t.Parallel()
	w := newWorld(t, wall)
	signIn := func(upn string) (string, error) {
		//lint:ignore SA1019 the password flow is still what many communication users sign in with
		cred, err := azidentity.NewUsernamePasswordCredential(w.Tenant(), appID, upn, password, &azidentity.UsernamePasswordCredentialOptions{
			ClientOptions: w.clientOptions(), DisableInstanceDiscovery: true,
		})
		require.NoError(t, err)
		return w.token(cred)
	}
	token, err := signIn("ada@contoso.com")
	require.NoError(t, err)
	require.Equal(t, w.ada, w.do(token, http.MethodGet, "/me?$select=id", nil).Body["id"])

	w.RequireMFA("bob@contoso.com")
	_, err = signIn("bob@contoso.com")
	var failed *azidentity.AuthenticationFailedError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, http.StatusBadRequest, failed.RawResponse.StatusCode)
	require.ErrorContains(t, err, "AADSTS50076")
}

func TestDeviceCodeCredential(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, wall)
		w.RequireMFA("ada@contoso.com")
		began := time.Now()
		cred, err := azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
			ClientOptions: w.clientOptions(), DisableInstanceDiscovery: true, TenantID: w.Tenant(), ClientID: appID,
			UserPrompt: func(_ context.Context, m azidentity.DeviceCodeMessage) error {
				time.AfterFunc(12*time.Second, func() { _ = w.ApproveDevice(m.UserCode, "ada@contoso.com") })
				return nil
			},
		})
		require.NoError(t, err)
		token, err := w.token(cred)
		require.NoError(t, err)
		require.Equal(t, w.ada, w.do(token, http.MethodGet, "/me", nil).Body["id"])
		require.Less(t, time.Since(began), 20*time.Second, "the poll after the approval finds it")

		pass(2 * time.Hour)
		renewed, err := w.token(cred)
		require.NoError(t, err)
		require.NotEqual(t, token, renewed)
		require.Equal(t, 1, w.Calls()[graphtest.RouteDeviceCode], "renewed by the refresh token")

		w.FailSignIn("ada@contoso.com", 700082)
		pass(2 * time.Hour)
		_, err = cred.GetToken(t.Context(), policy.TokenRequestOptions{Scopes: []string{"https://graph.microsoft.com/.default"}, EnableCAE: true})
		require.Error(t, err)
	})
}
