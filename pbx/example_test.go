package pbx_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/pbx/pbxtest"
	"github.com/pbx365/connector/presence"
)

// A simulated PBX logs in, a person sets a presence there, and the server takes it away.
func Example() {
	seen := make(chan string, 10)
	server, err := pbx.NewServer(pbx.Options{
		Password: "secret",
		OnEvent: func(e pbx.Event) {
			if e, ok := e.(pbx.PresenceSeen); ok {
				seen <- e.Seen.Value.String()
			}
		},
	})
	if err != nil {
		panic(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- server.Run(ctx) }()
	listener := pbxtest.NewListener()
	web := &http.Server{Handler: server}
	go func() { _ = web.Serve(listener) }()

	system := pbxtest.NewSystem("example.com")
	user := system.AddUser(pbxtest.User{Name: "user1", Licensed: true})
	go func() {
		_ = system.AddPBX(pbxtest.Options{
			AppURL:     "http://ap.example.com/ms365/innovaphone-microsoft365",
			Password:   "secret",
			HTTPClient: listener.Client(),
		}).Run(ctx)
	}()

	fmt.Println("at first:", <-seen)
	_ = system.SetPresence(user.GUID, "tel:", "dnd", "writing")
	fmt.Println("a person said:", <-seen)
	err = server.SetPresence(ctx, user.GUID, presence.PBX{})
	fmt.Println("we said:", <-seen, err)
	cancel()
	fmt.Println("ended:", <-ended)
	_ = web.Close()
	// Output:
	// at first: available
	// a person said: dnd
	// we said: available <nil>
	// ended: <nil>
}
