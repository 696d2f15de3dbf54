package main

import (
	"context"
	"net/http/httptest"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/pbx365/connector/graph/graphtest"
)

const appID = "22553876-f5ab-4529-bffb-cfe50aa89f87"

// tenant is a simulated tenant with two people and a communication user, and the web
// server that it reaches.
type tenant struct {
	*graphtest.Server
	web                            *httptest.Server
	endpoint                       string
	application, communicationUser azcore.TokenCredential
	ada, bob                       string // object ids
}

func newTenant() (*tenant, error) {
	t := &tenant{Server: graphtest.New(graphtest.Options{}), web: httptest.NewServer(nil)}
	if err := t.Start(); err != nil {
		return nil, err
	}
	t.endpoint = t.GraphURL()
	t.AddApp(graphtest.App{ID: appID, Secret: "secret", PublicClient: true,
		Roles: []string{"User.Read.All", "Presence.Read.All"}, Scopes: []string{"Presence.Read.All"}})
	t.ada = t.AddUser(graphtest.User{DisplayName: "Ada Lovelace", UPN: "ada@example.com", Teams: true})
	t.bob = t.AddUser(graphtest.User{DisplayName: "Bob Kahn", UPN: "bob@example.com", Teams: true})
	t.AddUser(graphtest.User{UPN: "service@example.com", Password: "password"})
	t.SignIn(t.ada)
	t.SignIn(t.bob)

	options := azcore.ClientOptions{
		Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: t.AuthorityURL()}, Transport: t.Client(),
	}
	var err error
	t.application, err = azidentity.NewClientSecretCredential(t.Tenant(), appID, "secret",
		&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true})
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 a real account signs in by device code, which needs a person
	password := &azidentity.UsernamePasswordCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: true}
	t.communicationUser, err = azidentity.NewUsernamePasswordCredential(t.Tenant(), appID, "service@example.com", "password", password)
	return t, err
}

// play has both change what they show, once there is a subscription.
func (t *tenant) play(ctx context.Context) error {
	if err := t.Await(ctx, func() bool { return len(t.Subscriptions()) > 0 }); err != nil {
		return err
	}
	t.Show(t.ada, "Busy", "InAMeeting")
	t.Show(t.bob, "DoNotDisturb", "Presenting")
	return nil
}

func (t *tenant) close() {
	t.web.Close()
	t.Close()
}
