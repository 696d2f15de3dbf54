// Package graph is the Microsoft Graph side of the connector: who the people
// are, what Teams shows of them, how that is changed, and how changes are
// learnt.
//
// A [Client] is one sign-in. The application's reads people and presence and
// writes presence; a communication user's (delegated) exists only because
// Graph accepts a presence subscription from nobody else. Two kinds of [Feed]
// tell what Teams shows: a [Sweep] asks for everybody on an interval, a [Push]
// is told through a [Webhook] and asks only where it has to. A [Directory]
// follows the list of people.
//
// # Permissions
//
//	call                                permission              sign-in
//	People, PeopleSince                 User.Read.All           application
//	users subscription                  User.Read.All           application
//	Presences, Look                     Presence.Read.All       application
//	Set…, RenewSession, Clear…          Presence.ReadWrite.All  application
//	presence subscription               Presence.Read.All       communication user
//
// A presence subscription exists in the global cloud only; the rest of the
// presence calls exist in the US government clouds as well, and none in China: see
// [Clouds].
//
// # Sign-in
//
// A Client takes any [azcore.TokenCredential]. For a communication user there is
// [DeviceCode], whom somebody signs in once in a browser; its refresh token is kept
// encrypted in the store. A password works only where no multi-factor authentication is
// asked for.
//
// # One subscription
//
// Push and Directory each keep one subscription alive, in the same way. Its
// record is in the store, so that a restart goes on with the one that lives.
//
//	       start, or gone
//	            │
//	            ▼
//	  ┌──── list, compare ─────┐
//	  │ stored one fits        │ anything else
//	  ▼                        ▼
//	adopt              delete, store a new client state, create
//	  │                        │
//	  └───────► alive ◄────────┘
//	              │  ▲
//	 half of the  │  │ granted expiry
//	 grant passed ▼  │
//	            renew ──── 404, or expired ───► start again
//
// Everybody concerned is read again whenever something may have been missed:
// after adopting and creating, after a lifecycle event, after a renewal that
// had failed before, and when the queue of the webhook overflowed.
//
// Nobody notices a notification that is lost on the way. A Push therefore reads
// everybody on an interval as well, those included whom its subscription has no
// room for: every five minutes (PushOptions.ReconcileEvery) while the subscription
// is alive, and as often as a Sweep would while there is none.
//
// # Webhook
//
//	POST ─► Parse ─► client state ─► 202
//	                     │
//	         without data│with data
//	                     │   └─► inbox ─► Verifier ─► Open ─┐
//	                     ▼                                  ▼
//	               read the person                     pass it on
//
// Nothing that takes time stands before the answer. The inbox holds the newest
// notification of each person and is bounded by people. Workers open them; no two are at
// the same person.
//
// Certificate, secret and address can be replaced at any time: [Webhook.SetKeys],
// [Webhook.SetSecret], [Webhook.SetPublicURL]. Each subscription is made anew, and everybody
// in it is read across the gap. What the old one has sent is accepted for another minute,
// and opened for as long as its key is among the keys.
//
// # People
//
// A Directory lists everybody once, a page at a time, and from then on asks what has
// changed (delta query), after notifications and on an interval. An hourly full list finds
// what a delta leaves out.
//
// # Failures
//
//   - Throttled (429): the retry waits as long as Retry-After says, and so does
//     every other request of the Clients that share the [Throttle]. Who waits is let
//     go in the order of what cannot wait.
//   - 503, 504: three retries inside the call. Other 5xx and network errors are
//     returned; the feeds try again with a growing delay.
//   - Refused (400, 401 of a write, 403, 404): an [*Error] that matches
//     [presence.ErrRefused]; its Advice says what to change. The answer of a
//     proxy, a token that is not accepted and one of these with Retry-After are
//     no refusals.
//   - A page of a list without the list is an error, not the end of the list.
//   - Sign-in: a [*SignInError]. A permanent one is remembered for five minutes, a
//     wrong password for longer each time, so that it does not lock the account. Where
//     somebody has to sign in it wraps a [*SignInNeededError] with the code to enter.
//   - A notification that is not genuine is dropped and counted. One that is
//     genuine and cannot be opened is taken as a hint to read that person.
package graph
