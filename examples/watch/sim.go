package main

import (
	"context"
	"log"
	"time"

	"github.com/pbx365/connector/pbx/pbxtest"
)

// simulatePBX has a PBX dial whose users go about their day until ctx ends: ada takes a
// call every few seconds, and sets do-not-disturb during every second one.
func simulatePBX(ctx context.Context, appURL, password string) {
	system := pbxtest.NewSystem("example.com")
	ada := system.AddUser(pbxtest.User{Name: "ada", LongName: "Ada Lovelace"}).GUID
	system.AddUser(pbxtest.User{Name: "alan", LongName: "Alan Turing"})
	system.AddUser(pbxtest.User{Name: "hidden", LongName: "Hedy Lamarr", Hidden: true})
	go live(ctx, system, ada)
	if err := system.AddPBX(pbxtest.Options{AppURL: appURL, Password: password}).Run(ctx); err != nil {
		log.Print(err)
	}
}

func live(ctx context.Context, system *pbxtest.System, user string) {
	if system.Await(ctx, func() bool { return system.Subscriptions(user) > 0 }) != nil {
		return
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var call *pbxtest.Call
	for step := 0; ; step++ {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		switch step % 6 {
		case 0:
			call, _ = system.StartCall(user, pbxtest.CallOptions{Incoming: true, Remote: "00497031730090"})
		case 1:
			call.Connect()
		case 2:
			_ = system.SetPresence(user, "tel:", "dnd", "")
		case 3:
			call.HangUp()
		case 4:
			_ = system.SetPresence(user, "tel:", "", "")
		}
	}
}
