package main

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/pbx365/connector/graph"
)

const (
	// That there is no endpoint of managed identities is known after a minute or so. By default
	// it takes more than five, and until then nobody knows why nothing works.
	identityRetries = 3
	identityTimeout = 10 * time.Second
)

// client returns what every credential has in common, and whether the authority is
// one that Microsoft does not list, which switches its discovery off.
func (c config) client(transport policy.Transporter) (o azcore.ClientOptions, private bool) {
	authority := c.Graph.cloud().Authority
	private = true
	for _, known := range graph.Clouds() {
		private = private && known.Authority != authority
	}
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: authority},
		Transport: transport,
	}, private
}

// application returns the sign-in of the application: by identity, certificate or
// secret.
func (c config) application(transport policy.Transporter) (azcore.TokenCredential, error) {
	options, private := c.client(transport)
	g := c.Graph
	switch {
	case g.identity() == "workload":
		cred, err := azidentity.NewWorkloadIdentityCredential(&azidentity.WorkloadIdentityCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: private, TenantID: g.Tenant, ClientID: g.ClientID, TokenFilePath: g.TokenFile,
		})
		if err != nil {
			return nil, fmt.Errorf("identity workload needs a federated token, in the file that graph-token-file or AZURE_FEDERATED_TOKEN_FILE names"+
				" (a pod with the label azure.workload.identity/use: \"true\" has it): %w", err)
		}
		return cred, nil
	case g.identity() != "":
		options.Retry = policy.RetryOptions{MaxRetries: identityRetries, TryTimeout: identityTimeout}
		managed := &azidentity.ManagedIdentityCredentialOptions{ClientOptions: options}
		if g.Identity == "user-assigned" {
			managed.ID = azidentity.ClientID(g.ClientID)
		}
		return azidentity.NewManagedIdentityCredential(managed)
	case g.Certificate != "":
		certs, key, err := readCertificate(g.Certificate, g.CertificatePass.text)
		if err != nil {
			return nil, err
		}
		return azidentity.NewClientCertificateCredential(g.Tenant, g.ClientID, certs, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: private})
	case !g.ClientSecret.empty():
		return azidentity.NewClientSecretCredential(g.Tenant, g.ClientID, g.ClientSecret.text,
			&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: private})
	}
	return nil, errors.New("a client secret, a certificate or an identity is missing")
}

// readCertificate reads a certificate, those above it and its key, from PEM or PKCS#12.
// The parser of azidentity knows only the old ciphers of PKCS#12.
func readCertificate(file, password string) ([]*x509.Certificate, crypto.PrivateKey, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, fmt.Errorf("certificate: %w", err)
	}
	if block, _ := pem.Decode(data); block != nil {
		certs, key, err := azidentity.ParseCertificates(data, nil)
		if err != nil {
			return nil, nil, fmt.Errorf("certificate: %s holds no certificate with its key, unencrypted", file)
		}
		return certs, key, nil
	}
	key, cert, above, err := pkcs12.DecodeChain(data, password)
	switch {
	case errors.Is(err, pkcs12.ErrIncorrectPassword):
		return nil, nil, fmt.Errorf("certificate: the password of %s is wrong: set graph-certificate-password", file)
	case err != nil:
		return nil, nil, fmt.Errorf("certificate: %s is neither PEM nor PKCS#12 with a certificate and its key", file)
	}
	return append([]*x509.Certificate{cert}, above...), key, nil
}

// communicationUser returns the delegated sign-in that presence subscriptions need:
// by password, or by a code that somebody enters in a browser, once.
func (s *service) communicationUser(user communicationUser, web *http.Client) (azcore.TokenCredential, error) {
	g := s.config.Graph
	if !user.Password.empty() {
		options, private := s.config.client(web)
		//lint:ignore SA1019 deprecated since it cannot do MFA; for a service account excluded from MFA it is the only sign-in without a person
		password := &azidentity.UsernamePasswordCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: private}
		return azidentity.NewUsernamePasswordCredential(g.Tenant, g.userClient(), user.UPN, user.Password.text, password)
	}
	key, err := s.signInKey()
	if err != nil {
		return nil, err
	}
	return graph.NewDeviceCode(graph.DeviceCodeOptions{
		Tenant: g.Tenant, ClientID: g.userClient(), UPN: user.UPN, Authority: g.cloud().Authority, HTTP: web,
		Store: s.store, Secret: key, Logger: s.log,
	})
}

// signInKey is what stored sign-ins are encrypted with: that of the configuration, or
// the content of a file beside the store, which is made where it does not exist.
func (s *service) signInKey() ([]byte, error) {
	if key := s.config.Graph.SignInKey; !key.empty() {
		return []byte(key.text), nil
	}
	file := s.config.Store + ".signin.key"
	key, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		key = []byte(rand.Text() + rand.Text())
		err = writeFile(file, key)
	}
	if err != nil {
		return nil, fmt.Errorf("key for stored sign-ins: %w", err)
	}
	return key, nil
}
