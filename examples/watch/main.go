// Command watch prints every presence change and every call of an innovaphone telephone
// system. It needs nothing but package pbx:
//
//	go run ./examples/watch -simulate
//	go run ./examples/watch -listen :8080 -password secret
//
// The first prints a simulated PBX (sim.go). For the second, a PBX gets an App object with
// the URL http://this-machine:8080/ms365/innovaphone-microsoft365, that password, and the
// check marks Websocket, PbxApi, TableUsers, Admin and RCC.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/pbx365/connector/pbx"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "`address` that PBXs dial")
	password := flag.String("password", "secret", "of the App object")
	simulate := flag.Bool("simulate", false, "watch a simulated PBX")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	listener, err := net.Listen("tcp", *listen)
	if err == nil {
		if fmt.Println("PBXs may dial", listener.Addr()); *simulate {
			go simulatePBX(ctx, "http://"+listener.Addr().String()+"/ms365/innovaphone-microsoft365", *password)
		}
		err = watch(ctx, os.Stdout, listener, *password)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// watch serves PBXs until ctx ends.
func watch(ctx context.Context, out io.Writer, listener net.Listener, password string) error {
	server, err := pbx.NewServer(pbx.Options{
		Password:   password,
		LicenceOff: true,
		OnEvent:    printer(out),
	})
	if err != nil {
		return err
	}
	web := &http.Server{Handler: server, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = web.Close() })
	served := make(chan error, 1)
	go func() { served <- web.Serve(listener) }()
	if err := server.Run(ctx); err != nil {
		return err
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// printer returns what prints events, and remembers the names of users for that.
func printer(out io.Writer) func(pbx.Event) {
	names := map[string]string{}
	return func(event pbx.Event) {
		switch e := event.(type) {
		case pbx.PBXUp:
			fmt.Fprintf(out, "%s: connected\n", e.Name)
		case pbx.PBXDown:
			fmt.Fprintf(out, "%s: %v\n", e.Name, e.Err)
		case pbx.UserSeen:
			names[e.User.GUID] = e.User.LongName
		case pbx.PresenceSeen:
			phone := ""
			if e.Seen.OnPhone {
				phone = ", on the phone"
			}
			fmt.Fprintf(out, "%s: %v%s\n", names[e.GUID], e.Seen.Value, phone)
		case pbx.PresenceLost:
			fmt.Fprintf(out, "%s: cannot be seen: %v\n", names[e.GUID], e.Err)
		case pbx.CallSeen:
			fmt.Fprintf(out, "%s: call %s %s %s\n", names[e.Call.User], e.Call.ID, e.Call.State, e.Call.Peer.Number)
		case pbx.CallEnded:
			fmt.Fprintf(out, "%s: call %s ended\n", names[e.Call.User], e.Call.ID)
		}
	}
}
