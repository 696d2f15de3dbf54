// Package graphtest is a Microsoft 365 tenant in one process: an Entra sign-in
// authority and as much of Microsoft Graph as a presence connector uses. State
// goes in by method calls, the protocol comes out by HTTP, so unmodified clients
// (azidentity, the Graph SDKs, curl) can be tried, demonstrated and broken without
// an account.
//
//	s := graphtest.New(graphtest.Options{})
//	if err := s.Start(); err != nil { … }
//	defer s.Close()
//	s.AddApp(graphtest.App{ID: appID, Secret: "…", Roles: []string{"Presence.Read.All"}})
//	ada := s.AddUser(graphtest.User{DisplayName: "Ada", UPN: "ada@contoso.com", Teams: true})
//	s.SignIn(ada)
//	s.Show(ada, "Busy", "InACall")
//	err := s.Await(ctx, func() bool { return len(s.Writes()) > 0 })
//
// # Two ways to reach it
//
// [Server.Start] listens on two loopback ports, the authority by https under the
// server's own certificate authority, Graph by http. Without it the same two
// handlers are reached in memory: [Server.Client] answers the two addresses without a
// socket, which also works inside a testing/synctest bubble, and [Server.Run] has to be
// run by the caller.
//
// # Time
//
// Sessions, preferred presences, subscriptions and tokens run out by [Options.Now].
// While Run runs, whatever runs out is seen and notified by itself as long as Now keeps
// pace with the timers of the program. After moving a clock by hand, call [Server.Tick].
//
// # What a person shows
//
// A person has sessions: one of the Teams client ([Server.SignIn], [Server.Show]) and
// one per application (setPresence). Without any session the person is Offline. With
// one, a preferred presence ([Server.Choose], setUserPreferredPresence) hides all of
// them. Else the strongest is shown, DoNotDisturb > Busy > Available > Away, and of
// equals the one set last. Available of an application session fades after 5 and
// 10 minutes. Each visible change makes a larger sequence number and one notification per
// subscription; a change that nobody can see makes neither.
//
// # Delivery
//
// Each subscription has its own bounded queue and its own sender, so that an endpoint that
// hangs holds up nobody else. Within a subscription the order is kept; a notification
// being retried holds back those behind it.
//
// # What goes wrong, and what it costs
//
// A [Fault] makes requests fail ([Answer]), notifications go astray ([Delivery]) or
// subscriptions get less than they ask for ([Grant]): a counted number of them, all of them, or
// a share. Shares are drawn from [Options.Seed], so that a run that has failed can be repeated.
// [Weather] is a bit of everything. Where the documentation can be read in two ways, an option
// chooses the other one.
//
// [Server.Tally] counts all requests by route and outcome, and [Server.Busiest] how many
// presence requests came within any half minute, so that a test can say what a scenario may cost.
//
// # Left out
//
// Throttling of anything but presence, quotas of subscriptions, notifications of several
// subscriptions in one POST, the end of deliveries with the token of a subscription, continuous
// access evaluation, interactive sign-in, other resources than users and presence.
package graphtest
