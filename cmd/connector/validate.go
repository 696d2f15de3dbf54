package main

import (
	"errors"
	"fmt"
	"net"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
)

// validate names what is missing or contradicts itself.
func (c config) validate() error {
	var wrong []error
	need := func(key, value, why string) {
		if value == "" {
			wrong = append(wrong, fmt.Errorf("configuration: %s is missing: %s", key, why))
		}
	}
	need("graph-tenant", c.Graph.Tenant, "the directory (tenant) id from the app registration")
	need("graph-client-id", c.Graph.ClientID, "the application (client) id from the app registration")
	if c.Graph.Certificate == "" {
		need("graph-client-secret", string(c.Graph.ClientSecret), "or graph-certificate, which the application signs in with")
	}
	need("pbx-password", string(c.PBX.Password), "the password of the App object on the PBX")
	if c.Feed == "push" {
		need("public-url", c.PublicURL, "Microsoft Graph must be able to reach the push feed; use feed: sweep without one")
		need("user-upn", c.User.UPN, "only a signed-in user can subscribe to presence; use feed: sweep without one")
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		wrong = append(wrong, errors.New("configuration: tls-cert and tls-key belong together"))
	}
	if c.StatusPass == "" && !onLoopback(c.StatusListen) {
		wrong = append(wrong, errors.New("configuration: status-listen reaches beyond this machine and needs a status-password"))
	}
	for name, direction := range c.Directions {
		switch presence.Direction(direction) {
		case presence.Both, presence.TeamsToPBX, presence.PBXToTeams:
		default:
			wrong = append(wrong, fmt.Errorf("configuration: directions, %s: %q is none of both, teams-to-pbx, pbx-to-teams", name, direction))
		}
	}
	return errors.Join(wrong...)
}

func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// direction of a pair: the one of the person, or the general one.
func (c config) direction(p match.Pair) presence.Direction {
	if d, ok := c.Directions[p.PBX.Name]; ok {
		return presence.Direction(d)
	}
	return presence.Direction(c.Direction)
}
