package main

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAWrongFileIsRefusedWithTheLine(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ file, want string }{
		"misspelt":          {"graph:\n  tenent: x\n", "line 2: there is no key graph.tenent; did you mean graph.tenant?"},
		"misspelt group":    {"grahp:\n  tenant: x\n", "line 2: there is no key grahp.tenant; did you mean graph.tenant?"},
		"twice":             {"feed: push\nfeed: sweep\n", "line 2"},
		"twice, spelt":      {"public-url: a\npublic_url: b\n", "line 2: public_url stands there twice, in line 1 as well"},
		"no YAML":           {"feed: [push\n", "yaml"},
		"a list":            {"- feed\n", "line 1"},
		"no such feed":      {"# the feed\nfeed: pull\n", `connector.yaml, line 2: feed is not understood: "pull" is none of auto, push, sweep`},
		"no duration":       {"settle: soon\n", `connector.yaml, line 1: settle is not understood: expected duration but got "soon"`},
		"no number":         {"feed: push\n\nsweep_budget: many\n", "connector.yaml, line 3: sweep_budget is not understood"},
		"no rows":           {"tables:\n  to_pbx: busy\n", "connector.yaml, line 2: tables.to_pbx is not understood"},
		"no switch":         {"pbx: {count_dialling: perhaps}\n", "connector.yaml, line 1: pbx.count_dialling is not understood"},
		"no level":          {"log_level: loud\n", "connector.yaml, line 1: log_level is not understood"},
		"a user's key":      {"users:\n  - {upn: a, pasword: b}\n", "connector.yaml, line 1: users is not understood: number 1: there is no key pasword; did you mean password?"},
		"a file of notes":   {"just text\n", "expected keys"},
		"twice in a group":  {"groups: [{people: a, people: b, direction: both}]\n", "line 1: groups is not understood: number 1: people stands there twice"},
		"twice in rows":     {"tables:\n  to_pbx:\n    Busy: busy\n    Busy: dnd\n", "line 4: Busy of tables.to_pbx stands there twice"},
		"nothing under one": {"store: {}\n", "line 1: store has one value"},
		"nothing at all":    {"foo: {}\n", "line 1: there is no key foo"},
		"a bare number":     {"settle: 15\n", "missing unit"},
		"a far-off key":     {"config: x\n", "line 1: there is no key config"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(t, c.file)
			require.ErrorContains(t, err, c.want)
			require.NotContains(t, err.Error(), "--", "it stands in the file")
		})
	}
	_, err := parse(t, "", "--config", "/nowhere/connector.yaml")
	require.ErrorContains(t, err, "/nowhere/connector.yaml")
}

func TestEveryWrongKeyIsNamedAtOnceAsItIsSpelt(t *testing.T) {
	t.Parallel()
	_, err := parse(t, `
graf:
  tenant: x
  client_idd: y
pbx-pasword: z
listenn: ':1'
pbx: {licence_evry: 1m}
status-listn: ':2'
licence_every: 5m
settle: 1s
settle: 2s
people_evry: 3m
colour: blue
tables: {to_pbx: {Busy: [busy]}}
users: [{upn: a, pasword: b}]
`)
	require.Error(t, err)
	var got []string
	for _, line := range strings.Split(err.Error(), "\n") {
		_, after, _ := strings.Cut(line, "connector.yaml, ")
		got = append(got, after)
	}
	require.Equal(t, []string{
		"line 3: there is no key graf.tenant; did you mean graph.tenant?",
		"line 4: there is no key graf.client_idd; did you mean graph.client_id?",
		"line 5: there is no key pbx-pasword; did you mean pbx-password?",
		"line 6: there is no key listenn; did you mean listen?",
		"line 7: there is no key pbx.licence_evry; did you mean pbx.licence_every?",
		"line 8: there is no key status-listn; did you mean status-listen?",
		"line 9: there is no key licence_every; did you mean pbx.licence_every?",
		"line 11: settle stands there twice, in line 10 as well",
		"line 12: there is no key people_evry; did you mean people_every?",
		"line 13: there is no key colour",
		"line 14: a row of tables.to_pbx has one value",
	}, got)
}

func TestEveryWrongKeyOfAListIsNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := parse(t, "groups: [{name: a, peeple: [b], pbx-grups: c, tables: {to_pbks: {}}}, {people: [c], direktion: both}]\n")
	require.Error(t, err)
	var got []string
	for _, line := range strings.Split(err.Error(), "\n") {
		_, after, _ := strings.Cut(line, "connector.yaml, line 1: groups is not understood: ")
		got = append(got, after)
	}
	require.Equal(t, []string{
		"a: there is no key peeple; did you mean people?",
		"a: there is no key pbx-grups; did you mean pbx-groups?",
		"number 2: there is no key direktion; did you mean direction?",
	}, got)
}

func TestASecretOfDigitsIsTakenAsItStands(t *testing.T) {
	t.Parallel()
	for _, password := range []string{"12345678", "01234567", "0x12", "true", "1e3", "null-ish"} {
		c, err := parse(t, "pbx: {password: "+password+"}\ngroups: [{people: [1234], direction: both}]\n")
		require.NoError(t, err)
		require.Equal(t, password, c.PBX.Password.text)
		require.Equal(t, nameList{"1234"}, c.Groups[0].People)
	}
	_, err := parse(t, "pbx: {password: [secretive, 4712]}\n")
	require.ErrorContains(t, err, "line 1: pbx.password has one value")
	require.NotContains(t, err.Error(), "secretive")
}
