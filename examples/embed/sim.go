package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/pbx365/connector/graph/graphtest"
	"github.com/pbx365/connector/pbx/pbxtest"
)

// world is a simulated tenant and a simulated PBX with one person, and an address for
// the PBX to dial.
type world struct {
	tenant     *graphtest.Server
	system     *pbxtest.System
	web        *httptest.Server
	credential azcore.TokenCredential
	endpoint   string
	appID      string
	ada, phone string // object id and guid of the person
}

func newWorld() (*world, error) {
	w := &world{
		tenant: graphtest.New(graphtest.Options{}), system: pbxtest.NewSystem("example.com"),
		web: httptest.NewUnstartedServer(nil), appID: "22553876-f5ab-4529-bffb-cfe50aa89f87",
	}
	if err := w.tenant.Start(); err != nil {
		return nil, err
	}
	w.endpoint = w.tenant.GraphURL()
	w.tenant.AddApp(graphtest.App{ID: w.appID, Secret: "secret", Roles: []string{"User.Read.All", "Presence.ReadWrite.All"}})
	w.ada = w.tenant.AddUser(graphtest.User{DisplayName: "Ada Lovelace", UPN: "ada@example.com", Teams: true})
	w.tenant.SignIn(w.ada)
	w.phone = w.system.AddUser(pbxtest.User{Name: "ada", LongName: "Ada Lovelace", Licensed: true}).GUID
	var err error
	w.credential, err = azidentity.NewClientSecretCredential(w.tenant.Tenant(), w.appID, "secret", &azidentity.ClientSecretCredentialOptions{
		ClientOptions: azcore.ClientOptions{
			Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: w.tenant.AuthorityURL()},
			Transport: w.tenant.Client(),
		},
		DisableInstanceDiscovery: true,
	})
	return w, err
}

// serve starts the web server of the program.
func (w *world) serve(handler http.Handler) {
	w.web.Config.Handler = handler
	w.web.Start()
}

// play has the PBX dial, the person be in a meeting, and then set the phone to dnd.
func (w *world) play(ctx context.Context, out io.Writer) error {
	dialling := w.system.AddPBX(pbxtest.Options{AppURL: w.web.URL + "/pbx/innovaphone-microsoft365", Password: "pbx-password"})
	ended := make(chan error, 1)
	go func() { ended <- dialling.Run(ctx) }()

	w.tenant.Show(w.ada, "Busy", "InAMeeting")
	if err := w.system.Await(ctx, func() bool { return w.system.Activity(w.phone) == "meeting" }); err != nil {
		return err
	}
	fmt.Fprintln(out, "the phone shows the meeting")
	if err := w.system.SetPresence(w.phone, "tel:", "dnd", ""); err != nil {
		return err
	}
	if err := w.tenant.Await(ctx, func() bool { return w.tenant.Presence(w.ada).Activity == "DoNotDisturb" }); err != nil {
		return err
	}
	fmt.Fprintln(out, "Teams shows do not disturb; interrupt to end")
	return <-ended
}

func (w *world) close() {
	w.web.Close()
	w.tenant.Close()
}
