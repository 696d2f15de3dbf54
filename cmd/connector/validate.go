package main

import (
	"errors"
	"net"
	"regexp"
	"time"

	"github.com/pbx365/connector/graph"
)

// minSweep is the shortest interval between two sweeps that may be asked for.
const minSweep = 100 * time.Millisecond

// validate names what is missing or contradicts itself.
func (c config) validate() error {
	if err := c.secretsRead(); err != nil {
		return err
	}
	var wrong []error
	need := func(key, value, why string) {
		if value == "" {
			wrong = append(wrong, c.missing(key, why))
		}
	}
	need("listen", c.Listen, "the address that PBXs dial, such as :8443")
	need("status-listen", c.StatusListen, "the address of the status page, such as 127.0.0.1:8080")
	need("store", c.Store, "the file in which the service remembers what it has written")
	need("graph-tenant", c.Graph.Tenant, "the directory (tenant) id from the app registration")
	need("graph-client-id", c.Graph.ClientID, "the application (client) id from the app registration")
	wrong = append(wrong, c.oneSignIn(), c.cloudFits())
	need("pbx-password", c.PBX.Password.text, "the password of the App object on the PBX")
	if c.Feed == "push" {
		need("public-url", c.PublicURL, "Microsoft Graph must be able to reach the service; use feed: sweep without one")
		if len(c.Users) == 0 {
			need("users", "", "only a signed-in user can subscribe to presence; use feed: auto or sweep without one")
		}
	}
	if c.Feed == "auto" && c.pushes() {
		need("public-url", c.PublicURL, "Microsoft Graph must be able to reach the service to tell users of changes; use feed: sweep without one")
	}
	wrong = append(wrong, c.usersDiffer(), c.usersFit(), c.groupsDiffer())
	for key, d := range map[string]time.Duration{
		"settle": c.Settle, "pace": c.Pace, "people-every": c.People.Every, "people-full-every": c.People.FullEvery,
		"canary-every": c.Canary.Every, "canary-within": c.Canary.Within,
		"pbx-licence-every": c.PBX.LicenceEvery, "reconcile-every": c.ReconcileEvery,
	} {
		if d <= 0 {
			wrong = append(wrong, c.wrong(key, "is %s, not a time such as 10m", d))
		}
	}
	if c.SweepEvery != 0 && c.SweepEvery < minSweep {
		wrong = append(wrong, c.wrong("sweep-every", "is %s; the least is %s, and 0s plans it", c.SweepEvery, minSweep))
	}
	if c.SweepBudget < 1 || c.SweepBudget > graph.Allowance {
		wrong = append(wrong, c.wrong("sweep-budget", "is %d; Graph takes %d requests in 30 seconds", c.SweepBudget, graph.Allowance))
	}
	if c.RenewEvery < 0 {
		wrong = append(wrong, c.wrong("renew-every", "is %s, not a time such as 10m", c.RenewEvery))
	}
	if c.TLSCert != "" {
		need("tls-key", c.TLSKey, "it belongs to "+c.Config.key("tls-cert"))
	}
	if c.TLSKey != "" {
		need("tls-cert", c.TLSCert, "it belongs to "+c.Config.key("tls-key"))
	}
	if c.StatusPass.empty() && c.StatusListen != "" && !onLoopback(c.StatusListen) {
		wrong = append(wrong, c.wrong("status-listen", "reaches beyond this machine and needs a %s", c.Config.key("status-password")))
	}
	return errors.Join(wrong...)
}

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// usersFit names what communication users need of the other settings.
func (c config) usersFit() error {
	switch {
	case !c.pushes():
		return nil
	case (c.Graph.Identity == "system-assigned" || c.Graph.Identity == "user-assigned") && c.Graph.UserClientID == "":
		return c.missing("graph-user-client-id", "nobody can sign in to a managed identity, so users need an app registration of their own")
	case c.Graph.Tenant != "" && !guid.MatchString(c.Graph.Tenant):
		return c.wrong("graph-tenant", "is a name; with users it must be the directory (tenant) id, which notifications are signed with")
	}
	return nil
}

// pushes reports whether Graph is to tell of changes, and can.
func (c config) pushes() bool {
	return c.Feed != "sweep" && len(c.Users) > 0 && c.Graph.cloud().PresenceSubscriptions
}

func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
