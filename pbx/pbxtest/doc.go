// Package pbxtest simulates innovaphone PBXs that dial an App Service.
//
// It is a telephone system in memory: a [System] holds users, their presence and
// their calls, and any number of [PBX] share it, one master and its slaves. A PBX
// opens a websocket to the service, logs in with the digest of its App object,
// serves the APIs enabled there and comes back after a loss. State goes in through
// the methods of System, as people and administrators would change it; the
// protocol comes out.
//
//	sys := pbxtest.NewSystem("example.com")
//	user := sys.AddUser(pbxtest.User{Name: "user1", LongName: "User One", Licensed: true})
//	pbx := sys.AddPBX(pbxtest.Options{
//		Name:      "master",
//		AppURL:    "https://ap.example.com/example.com/ms365/innovaphone-microsoft365",
//		AppObject: "microsoft365",
//		Password:  "secret",
//	})
//	go pbx.Run(ctx)
//	sys.SetPresence(user.GUID, "tel:", "busy", "back at four")
//
// # What is served
//
// PbxApi (presence and alien calls), PbxTableUsers (replication), PbxImpersonation,
// RCC (calls of the whole PBX and of single users), Services (the list of other App
// Services and logins to them) and, of PbxAdminApi, the licence check and readings of single
// objects. Messages are shaped as the pages of the innovaphone SDK describe them; where
// those leave a choice, [Options] has a knob with both readings, and the default is the
// reading that asks more of the service. Requests an enabled API does not know are answered
// with an error.
//
// Visibility is in [User]: hidden altogether, without calls or without notes. Entries that
// are no presence come by [System.SetBadge] and [System.SetStatus], and calls wait, are on
// hold, are parked and are transferred as [Call] says.
//
// # Pages
//
// A [Browser] is a page of the app that somebody has open: a user in myApps, or an
// administrator outside of it. It logs in, keeps its connection alive and comes back, and
// otherwise says and hears what the test and the service have for each other. Its session
// key is derived here and not by the service's code.
//
// # Observing
//
// [System.Await] blocks until a condition over the system holds. [System.Writes]
// lists what the service changed, and [System.Violations] what it did that no PBX
// would put up with. Faults are options (fragmented frames, late results, results
// without src), one request's [Fault] (refused in any form, unanswered, late, cut off before
// or after it took effect) or actions ([PBX.Drop], [PBX.Vanish], [PBX.Pause] and
// [PBX.Duplicate]).
//
// # Concurrency and limits
//
// All methods may be called from any goroutine, and none waits for the network.
// Each connection has one queue of outgoing frames, in the order of the changes they
// report; requests are read only while it is less than half full, and a service that
// lets it overflow loses the connection. Everything works inside testing/synctest
// over a [Listener].
package pbxtest
