package graph_test

import (
	"context"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/presence"
)

// A sweep tells what Teams shows of everybody. Against the real Graph, leave out
// the addresses of the simulator.
func ExampleSweep() {
	tenant := graphtest.New(graphtest.Options{})
	if err := tenant.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer tenant.Close()
	tenant.AddApp(graphtest.App{ID: appID, Secret: "secret", Roles: []string{"User.Read.All", "Presence.Read.All"}})
	tenant.Show(tenant.AddUser(graphtest.User{DisplayName: "Ada", UPN: "ada@contoso.com", Teams: true}), "Busy", "InACall")

	cred, err := azidentity.NewClientSecretCredential(tenant.Tenant(), appID, "secret", &azidentity.ClientSecretCredentialOptions{
		DisableInstanceDiscovery: true,
		ClientOptions: azcore.ClientOptions{
			Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: tenant.AuthorityURL()},
			Transport: tenant.Client(),
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	client, err := graph.New(cred, graph.Options{Endpoint: tenant.GraphURL()})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	people, err := client.People(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	sweep := graph.NewSweep(client, graph.SweepOptions{})
	sweep.Watch([]string{people[0].ID})
	err = sweep.Run(ctx, func(p graph.Presence) {
		fmt.Println(people[0].DisplayName, "shows", p.Seen.Value)
		stop()
	})
	fmt.Println(err)
	// Output:
	// Ada shows Busy/InACall
	// context canceled
}

// Errors of this package say who has to act.
func ExampleSignInError() {
	err := fmt.Errorf("list people: %w", &graph.SignInError{Codes: []int{7000222}})
	fmt.Println(err)
	fmt.Println(presence.Advice(err))
	// Output:
	// list people: sign-in refused: AADSTS7000222
	// The client secret has expired: create a new one and configure it.
}

// Parse, Proves and Open are for a program with its own router.
func ExampleParse() {
	delivery, err := graph.Parse([]byte(`{"value":[{
		"subscriptionId": "7f105c7d",
		"clientState": "what was given to Subscribe",
		"changeType": "updated",
		"resourceData": {"id": "fa8bf3dc"}
	}]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	n := delivery.Notifications[0]
	fmt.Println(n, n.Proves("what was given to Subscribe"), n.Proves("a guess"))
	// Output:
	// updated fa8bf3dc by subscription 7f105c7d true false
}
