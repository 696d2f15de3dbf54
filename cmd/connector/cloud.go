package main

import (
	"cmp"

	"github.com/pbx365/connector/graph"
)

// cloud is the one that the configuration names, with its addresses replaced by those
// of the configuration.
func (g graphConfig) cloud() graph.Cloud {
	c, err := graph.CloudNamed(g.Cloud)
	if err != nil { // the command line takes no other name
		c = graph.Clouds()[0]
	}
	c.Endpoint = cmp.Or(g.Endpoint, c.Endpoint)
	c.Authority = cmp.Or(g.Authority, c.Authority)
	return c
}

// cloudFits refuses what does not exist in the cloud.
func (c config) cloudFits() error {
	cloud := c.Graph.cloud()
	switch {
	case !cloud.Presence:
		return c.wrong("graph-cloud", "is %s: Microsoft Graph has no presence there, so there is nothing to connect", cloud.Name)
	case !cloud.PresenceSubscriptions && c.Feed == "push":
		return c.wrong("graph-cloud", "is %s: presence subscriptions exist in the global cloud only; use feed: auto or sweep", cloud.Name)
	}
	return nil
}

// oneSignIn refuses none or several ways to sign in.
func (c config) oneSignIn() error {
	ways := 0
	for _, set := range []bool{!c.Graph.ClientSecret.empty(), c.Graph.Certificate != "", c.Graph.identity() != ""} {
		if set {
			ways++
		}
	}
	switch {
	case ways == 0:
		return c.missing("graph-client-secret", "the application signs in with that, a certificate or an identity")
	case ways > 1:
		return c.wrong("graph", "has several of client secret, certificate and identity, which exclude each other: keep one")
	}
	return nil
}

// identity is empty where the application has a secret or a certificate.
func (g graphConfig) identity() string {
	if g.Identity == "none" {
		return ""
	}
	return g.Identity
}

// userClient is the application that communication users sign in to.
func (g graphConfig) userClient() string { return cmp.Or(g.UserClientID, g.ClientID) }
