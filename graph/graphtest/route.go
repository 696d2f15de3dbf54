package graphtest

// Route names a request, for counting ([Server.Tally]) and for faults ([Answer]). Where Graph
// has several paths to one thing they are one route.
type Route string

// Routes of Graph.
const (
	RouteUsers          Route = "GET /users"
	RouteUser           Route = "GET /users/{id}" // and /me
	RouteDelta          Route = "GET /users/delta"
	RoutePresence       Route = "GET /users/{id}/presence" // and /me/presence, /communications/presences/{id}
	RoutePresences      Route = "POST /communications/getPresencesByUserId"
	RouteSetPresence    Route = "POST setPresence"
	RouteClearPresence  Route = "POST clearPresence"
	RouteSetPreferred   Route = "POST setUserPreferredPresence"
	RouteClearPreferred Route = "POST clearUserPreferredPresence"
	RouteSetStatus      Route = "POST setStatusMessage"
	RouteSubscribe      Route = "POST /subscriptions"
	RouteSubscriptions  Route = "GET /subscriptions"
	RouteSubscription   Route = "GET /subscriptions/{id}"
	RouteRenew          Route = "PATCH /subscriptions/{id}"
	RouteUnsubscribe    Route = "DELETE /subscriptions/{id}"
	RouteReauthorize    Route = "POST /subscriptions/{id}/reauthorize"
	RouteBatch          Route = "POST /$batch"
	RouteOther          Route = "other" // no path of the simulator
)

// Routes of the authority.
const (
	RouteOpenID     Route = "GET openid-configuration"
	RouteInstance   Route = "GET discovery/instance"
	RouteRealm      Route = "GET UserRealm"
	RouteKeys       Route = "GET discovery/keys"
	RouteDeviceCode Route = "POST devicecode"
	RouteToken      Route = "POST token"
)
