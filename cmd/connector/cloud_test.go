package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
)

func TestACloudSetsItsAddressesAndSaysWhatItLacks(t *testing.T) {
	t.Parallel()
	for _, cloud := range graph.Clouds() {
		c, err := parse(t, "graph: {cloud: "+cloud.Name+"}\n")
		require.NoError(t, err)
		require.Equal(t, cloud, c.Graph.cloud())
		require.Equal(t, cloud.Presence, c.cloudFits() == nil)
		c.Feed = "push"
		require.Equal(t, cloud.PresenceSubscriptions, c.cloudFits() == nil)
	}
	c, err := parse(t, "feed: push\ngraph: {cloud: usgov, endpoint: https://elsewhere}\n")
	require.NoError(t, err)
	require.Equal(t, "https://elsewhere", c.Graph.cloud().Endpoint)
	require.Equal(t, "https://login.microsoftonline.us", c.Graph.cloud().Authority)
	require.ErrorContains(t, c.validate(), "use feed: auto or sweep")
	c, err = parse(t, "feed: auto\nusers: a@example.com\ngraph: {cloud: usgov}\n")
	require.NoError(t, err)
	require.False(t, c.pushes(), "everybody is swept there")
	require.NotContains(t, c.validate().Error(), "public_url")
	c, err = parse(t, "graph: {cloud: china}\n")
	require.NoError(t, err)
	require.ErrorContains(t, c.validate(), "nothing to connect")
	_, err = parse(t, "graph: {cloud: germany}\n")
	require.ErrorContains(t, err, "usgov-dod")
}

func TestThereIsOneWayToSignIn(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, config{Graph: graphConfig{Identity: "none"}}.oneSignIn(), "graph-client-secret is missing: the application signs in with that, a certificate or an identity")
	require.ErrorContains(t, config{Graph: graphConfig{ClientSecret: secret{text: "x"}, Certificate: "y"}}.oneSignIn(), "exclude each other")
	require.ErrorContains(t, config{Graph: graphConfig{ClientSecret: secret{text: "x"}, Identity: "workload"}}.oneSignIn(), "exclude each other")
	for _, g := range []graphConfig{{ClientSecret: secret{text: "x"}}, {Certificate: "y"}, {Identity: "system-assigned"}} {
		require.NoError(t, config{Graph: g}.oneSignIn())
	}
	require.Equal(t, "app", graphConfig{ClientID: "app"}.userClient())
	require.Equal(t, "other", graphConfig{ClientID: "app", UserClientID: "other"}.userClient())
}
