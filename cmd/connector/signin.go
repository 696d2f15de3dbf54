package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
)

// publicAuthority is the one authority whose tenants need no discovery switched off.
const publicAuthority = "https://login.microsoftonline.com"

// client returns what every credential has in common.
func (c config) client(transport policy.Transporter) azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: c.Graph.Authority},
		Transport: transport,
	}
}

// application returns the sign-in of the application, by certificate or secret.
func (c config) application(transport policy.Transporter) (azcore.TokenCredential, error) {
	private := c.Graph.Authority != publicAuthority
	switch {
	case c.Graph.Certificate != "":
		data, err := os.ReadFile(c.Graph.Certificate)
		if err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
		certs, key, err := azidentity.ParseCertificates(data, []byte(c.Graph.CertificatePass))
		if err != nil {
			return nil, fmt.Errorf("certificate: %s holds no certificate with its key, or its password is wrong", c.Graph.Certificate)
		}
		return azidentity.NewClientCertificateCredential(c.Graph.Tenant, c.Graph.ClientID, certs, key,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: c.client(transport), DisableInstanceDiscovery: private})
	case c.Graph.ClientSecret != "":
		return azidentity.NewClientSecretCredential(c.Graph.Tenant, c.Graph.ClientID, string(c.Graph.ClientSecret),
			&azidentity.ClientSecretCredentialOptions{ClientOptions: c.client(transport), DisableInstanceDiscovery: private})
	}
	return nil, errors.New("a client secret or a certificate is missing")
}

// communicationUser returns the delegated sign-in that presence subscriptions need:
// by password, or by a code that somebody enters in a browser.
func (c config) communicationUser(user communicationUser, transport policy.Transporter, log *slog.Logger) (azcore.TokenCredential, error) {
	private := c.Graph.Authority != publicAuthority
	if user.Password != "" {
		//lint:ignore SA1019 deprecated since it cannot do MFA; for a service account excluded from MFA it is the only sign-in without a person
		options := &azidentity.UsernamePasswordCredentialOptions{ClientOptions: c.client(transport), DisableInstanceDiscovery: private}
		return azidentity.NewUsernamePasswordCredential(c.Graph.Tenant, c.Graph.ClientID, user.UPN, string(user.Password), options)
	}
	return azidentity.NewDeviceCodeCredential(&azidentity.DeviceCodeCredentialOptions{
		ClientOptions: c.client(transport), DisableInstanceDiscovery: private,
		TenantID: c.Graph.Tenant, ClientID: c.Graph.ClientID,
		UserPrompt: func(_ context.Context, m azidentity.DeviceCodeMessage) error {
			log.Warn("sign in the communication user", "upn", user.UPN, "open", m.VerificationURL, "code", m.UserCode)
			return nil
		},
	})
}
