package pbx_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/pbx/pbxtest"
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
	err = server.SetPresence(ctx, user.GUID, pbx.Presence{})
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

// A value that no proxy between page and service should read.
func ExampleKey() {
	key := pbx.SessionKey("0123456789abcdef", "pwd") // as in Visitor.Key
	hidden := key.Encrypt("seed", "text")
	shown, err := key.Decrypt("seed", hidden)
	fmt.Println(hidden, shown, err)
	// Output: 89c6dbb2 text <nil>
}

// The page of an app has messages of its own, and the word of the PBX for who reads them.
func ExampleOptions_onPage() {
	_, err := pbx.NewServer(pbx.Options{
		Password: "secret",
		Apps:     []string{"innovaphone-microsoft365admin"},
		OnEvent:  func(pbx.Event) {},
		OnPage: func(ctx context.Context, page *pbx.Page) {
			if page.Visitor.App != "innovaphone-microsoft365admin" {
				return // a look at the app is no right to administer it
			}
			for {
				if _, err := page.Receive(ctx); err != nil {
					return
				}
				_ = page.Send(ctx, map[string]any{"mt": "StateResult", "pbx": page.Visitor.PBX})
			}
		},
	})
	fmt.Println(err)
	// Output: <nil>
}
