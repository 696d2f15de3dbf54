// Package pbx is the App Service that innovaphone PBXs log in to. It learns the
// users of the telephone system, watches their presence and calls, and writes
// presence and alien calls.
//
// # Who dials
//
// The PBX does. For an App object with the check mark Websocket each PBX, master
// and slave, keeps one websocket open to the URL of the object without its last
// part; that part is the name of the app. [Server] is the handler to mount there.
// It takes the check marks PbxApi, PbxTableUsers, PbxAdminApi, RCC and
// PbxImpersonation at the object (innovaphone SDK: App Websocket Protocol).
//
//	server, err := pbx.NewServer(pbx.Options{Password: password, OnEvent: onEvent})
//	...
//	mux.Handle("/example.com/ms365", server)
//	mux.Handle("/example.com/ms365/", server)
//	err = server.Run(ctx)
//
// Both patterns are needed: PBXs use either form, and a mux would answer the
// other one with a redirection, which no websocket follows.
//
// # The life of a connection
//
//	AppChallenge, AppLogin       the digest proves the password of the object
//	PbxInfo                      name of the PBX, its enabled APIs    -> PBXUp
//	RCC Initialize               calls of this PBX
//	ReplicateStart, Next...      master only: users                   -> UserSeen, UsersSynced
//	CheckAppLic                  master only: licence of each user
//	SubscribePresence            licensed users that live here        -> PresenceSeen, PresenceLost
//	end of the connection                                             -> PBXDown
//
// All of it is bound to the connection and is done again after a reconnect. A
// second connection of the same App object of the same PBX replaces the first. Of
// several App objects of a PBX the one that connected last counts; when it goes, the
// next one takes over.
//
// Calls that are there at the start come around the answer to Initialize. That
// somebody is on the phone is told with the first call, the contrary only once the
// calls have settled.
//
// The presence of a user is watched on the home PBX (the column loc of the user).
// While that one is not connected, the master stands in; it can tell the contacts
// of the user, not the calls.
//
// # Promises
//
// Messages of one PBX are handled in the order they came, and events leave in the
// order of their causes, one at a time. What was known of a user is kept over a
// reconnect of the master; [UserGone] is sent for the users that are missing
// once the new copy is complete. Each request is answered, timed out, or failed
// with the cause that ended its connection, exactly once. A PBX that does not read,
// does not answer or sends nonsense costs its own connection at most.
//
// Passwords, digests and notes are in no log and no error.
package pbx
