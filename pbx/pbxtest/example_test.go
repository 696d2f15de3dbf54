package pbxtest_test

import (
	"context"
	"fmt"
	"net/http"

	"github.com/pbx365/connector/pbx/pbxtest"
)

// A PBX logs in to a service in the same process, without sockets.
func Example() {
	listener := pbxtest.NewListener()
	server := &http.Server{Handler: readOnly()} // the service under test
	go server.Serve(listener)
	defer server.Close()

	sys := pbxtest.NewSystem("example.com")
	pbx := sys.AddPBX(pbxtest.Options{
		Name:       "master",
		AppURL:     "http://ap.example.com/example.com/ms365/innovaphone-microsoft365",
		Password:   "secret",
		HTTPClient: listener.Client(),
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- pbx.Run(ctx) }()

	err := sys.Await(ctx, pbx.Connected)
	fmt.Println("connected:", pbx.Connected(), err)
	cancel()
	fmt.Println("ended:", <-ended, "violations:", sys.Violations())
	// Output:
	// connected: true <nil>
	// ended: <nil> violations: []
}

// People set their presence and make calls, whether or not a service is watching.
func ExampleSystem() {
	sys := pbxtest.NewSystem("example.com")
	user := sys.AddUser(pbxtest.User{Name: "user1", LongName: "User One"})
	_ = sys.SetPresence(user.GUID, "tel:", "busy", "back at four")

	call, _ := sys.StartCall(user.GUID, pbxtest.CallOptions{Incoming: true, Remote: "0123"})
	fmt.Println("ringing:", sys.Presence(user.GUID))
	call.Connect()
	fmt.Println("talking:", sys.Presence(user.GUID))
	call.HangUp()
	fmt.Println("over:", sys.Activity(user.GUID), sys.OnThePhone(user.GUID))
	// Output:
	// ringing: [tel: open "busy" im: open ""]
	// talking: [tel: open "on-the-phone" tel: open "busy" im: open ""]
	// over: busy false
}
