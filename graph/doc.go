// Package graph is the Microsoft Graph side of the connector: who the people
// are, what Teams shows of them, how that is changed, and how changes are
// learnt.
//
// A [Client] is one sign-in. The application's reads people and presence and
// writes presence; a communication user's (delegated) exists only because
// Graph accepts a presence subscription from nobody else. Two kinds of [Feed]
// tell what Teams shows: a [Sweep] asks for everybody on an interval; a [Push]
// is told of changes through a [Webhook], for 650 people per communication user,
// and asks for everybody else. A [Directory] follows the list of people.
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
// # Who is read, and how often
//
// Every person is read at one of three paces. Half of the budget (SweepOptions.Budget,
// by default a third of what Graph allows) is for everybody, half for those who are active.
//
//	who                                      time between two reads, by default
//	has just changed, or is in a call        5 times as often as anybody else, 1 second at least
//	anybody else                             1 second, growing to 10 for 10,000 people
//	is told of by a subscription we trust    5 minutes (PushOptions.ReconcileEvery)
//
// Only differences go on, and of two that were read or told the one with the larger sequence
// number. Where a call of 650 fails because of one person, halves of it are tried until that one stands
// alone, who is then set aside, listed (Unreadable) and tried again every 15 minutes. Whoever is
// alone already is to blame where others could be read since. Where all of it fails, nobody is
// looked for during the next minute.
//
// # Who is told of by whom
//
// A Push divides the people among its communication users. Whoever has a place keeps it,
// over restarts too, since each change of a list costs a new subscription; only those of a
// user who cannot sign in, or is no communication user any more, go elsewhere. What the latter
// left ends by itself within the hour; that of a user without people is deleted. Whoever has no place, or one with a subscription
// that is not alive or not trusted, is listed (Uncovered) and swept.
//
// Nobody notices a notification that is lost on the way, nor a subscription that has
// fallen silent while Graph reports it alive. The reads show both. A change that a read shows, and no
// notification has told within 90 seconds, is evidence. A subscription that told of nothing else in
// that time, or has missed as much as it told, is not trusted: its people are swept, and it is
// made anew, ten minutes after it began at the earliest. It is trusted again when it
// tells of something. A night without a change is no evidence.
//
// Where it tells of most of its people and not of some, those are found one by one: of whom
// it misses two changes in a row is listed and swept until it tells of that person. Three of
// them, whatever it tells of others, have it made anew. Where that does not help, they stay
// listed and swept, and the next attempt is made when they have become twice as many.
//
// # One subscription
//
// Push keeps one for each communication user, and Directory one, in the same way. Its
// record is in the store, so that a restart goes on with the one that lives, even before
// the people are known.
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
// had failed before, when the queue of the webhook overflowed, and after a notification
// that does not say of whom. What happens often within one POST is passed on once.
//
// Where a creation fails twice with the error that may be due to one of the people (500), halves
// of the list are tried in the same way as with reads, and who stands alone is left out, and
// swept, for six hours. Nobody is left out while it may be an outage: others of the list are
// created at the same time or, where it is everybody's fault, somebody whom Graph took
// before, of another list if possible. Where there is nobody like that, or this fails as
// well, the creation is tried again with a growing delay.
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
// Nothing that takes time stands before the answer. Bodies share 64 MiB while they are read, and
// none has more than an eighth of what is left, so that slow and large ones do not keep Graph
// out. The inbox holds the newest
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
// changed (delta query), after notifications and every 10 minutes. An hourly full list finds
// what a delta leaves out. The two are also the check of licences: a change of one may come
// without a notification, and may be missing from the delta.
//
// # Failures
//
//   - Throttled (429): the retry waits as long as Retry-After says, and so does
//     every other request of the Clients that share the [Throttle]. Who waits is let
//     go in the order of what cannot wait, and what is withdrawn meanwhile does not go out.
//   - 503, 504: three retries inside the call. Other 5xx and network errors are
//     returned. The feeds leave none of that to the call, unless Graph says when: they read
//     again with a growing delay those whom it concerns, and the others meanwhile. A read of
//     presence is given up after 10 seconds, anything else after 100. A page of the list of
//     people is asked for four times before its error is returned.
//   - Refused (400, 401 of a write, 403, 404): an [*Error] that matches
//     [presence.ErrRefused]; its Advice says what to change. The answer of a
//     proxy, a token that is not accepted and one of these with Retry-After are
//     no refusals.
//   - A page of a list without the list is an error, not the end of the list.
//   - Sign-in: a [*SignInError]. A permanent one, such as that of a place without its
//     identity, is remembered for five minutes, a wrong password for longer each time, so
//     that it does not lock the account. Where somebody has to sign in it wraps a
//     [*SignInNeededError] with the code to enter; the feeds ask again within 30 seconds.
//   - A notification that is not genuine is dropped and counted. One that is
//     genuine and cannot be opened is taken as a hint to read that person.
package graph
