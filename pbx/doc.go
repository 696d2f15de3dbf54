// Package pbx is the service side of innovaphone's AppWebsocket protocol: the App
// Service that PBXs log in to. It learns the users of a telephone system, watches their
// presence and calls, writes presence and alien calls, and serves the pages of people.
//
//	server, err := pbx.NewServer(pbx.Options{Password: password, OnEvent: func(event pbx.Event) {
//		switch e := event.(type) {
//		case pbx.PresenceSeen:
//			fmt.Println(e.GUID, e.Seen.Value, e.Seen.OnPhone)
//		case pbx.CallSeen:
//			fmt.Println(e.Call.User, e.Call.State, e.Call.Peer.Number)
//		}
//	}})
//	...
//	mux.Handle("/example.com/ms365", server)
//	mux.Handle("/example.com/ms365/", server)
//	err = server.Run(ctx)
//
// A [Server] is a handler to mount, a stream of [Event] values, and a handful of
// calls: [Server.SetPresence], [Server.AddAlienCall], [Server.DelAlienCall], and
// [Server.Request] for everything that has no method. The program examples/watch
// uses nothing else.
//
// # Who dials
//
// The PBX does. For an App object with the check mark Websocket each PBX, master
// and slave, keeps one websocket open to the URL of the object without its last
// part; that part is the name of the app. The check marks PbxApi, TableUsers, Admin,
// RCC and PbxImpersonation open the APIs that are used here (innovaphone SDK:
// AppWebsocket, PbxApi, PbxTableUsers, PbxAdminApi, RCC, PbxImpersonation).
//
// Both patterns above are needed: PBXs dial with and without the slash, and a mux
// would answer one of them with a redirection, which no websocket follows. The files of
// a page (GET) can be mounted beside them, with a longer pattern.
//
// # The life of a connection
//
//	AppChallenge, AppLogin       the digest proves the password of the object
//	PbxInfo                      name of the PBX, its enabled APIs    -> PBXUp
//	RCC Initialize               calls of this PBX                    -> CallSeen, CallEnded
//	RCC UserInitialize           of nobody: all of them have come
//	ReplicateStart, Next...      master only: users                   -> UserSeen, UsersSynced
//	CheckAppLic                  master only: licence of each user
//	SubscribePresence            licensed users that live here        -> PresenceSeen, PresenceLost
//	end of the connection                                             -> PBXDown
//
// All of it is bound to the connection and is done again after a reconnect. A second
// connection of the same App object of the same PBX replaces the first, and what was
// seen stays seen while the new one tells it again: there is neither a PBXDown nor a
// PresenceLost in between. Of several App objects of a PBX the one that connected last
// counts, for presence and calls; when it goes, the next one takes over.
//
// The master is the PBX that Options.Master names, or the first one with the API
// PbxTableUsers. The presence of a user is watched on the home PBX (the column loc of
// the user). While that one is not connected, the master stands in; it can tell the
// contacts of the user, not the calls.
//
// Calls that are there at the start come around the answer to Initialize. That
// somebody is on the phone is told with the first call, the contrary only once the
// calls are known of every PBX where somebody may have one: a call stays where it began
// when its user moves, and after a start nobody knows who has. A PBX that is gone, or does
// not tell its calls, is awaited for Options.ReconnectWithin, and after a start for a quarter of a
// minute by those who do not live there; meanwhile what was told last of the calls of a user goes
// on, and a user of whom nothing was told is not seen. An alien call waits for the calls of the home PBX
// as well, so that none of them is taken for it ([Server.AddAlienCall]).
//
// # People
//
// A login with the member pbxObj, or without info, is that of a person who has opened
// the page of the app. It gets no API of any PBX: Options.OnPage is handed the identity
// that the PBX has proved and a [Page] for the app's own messages. The [Key] of a login
// encrypts what a proxy should not read.
//
// # Promises
//
// Messages of one PBX are handled in the order they came, and events leave in the
// order of their causes, one at a time. What was known of a user is kept over a
// reconnect of the master; [UserGone] is sent for the users that are missing
// once the new copy is complete. Each request is answered, timed out, or failed
// with the cause that ended its connection, exactly once; at most Options.Outstanding
// of them are under way on a connection. A PBX that does not read, does not answer,
// sends nonsense or is gone without a word costs its own connection at most.
//
// Before its login a peer may send 8 KiB at a time for ten seconds, and learns no more
// than whether a password is right. A digest is compared in constant time, with a
// challenge that is good for one login. The logins of an address that has failed are
// looked at one by one, with up to five seconds between them.
//
// Passwords, digests, keys and notes are in no log and no error.
//
// # What no document tells
//
// Each of these is an option, with the reading that the sources favour as its default:
// PingEvery and ReconnectWithin, Contact and ContactUnnamed, PhoneContact, AlienCalls and
// AlienCallsUnseen, Calls, HarmlessCodes, CheckLogin, PresenceOnMaster, WatchImpersonated.
package pbx
