package main

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Whatever has several values is a YAML list, or text with commas between.
func TestEveryListIsReadInTheSameWays(t *testing.T) {
	t.Parallel()
	both := []string{"0x17", "b c"}
	for _, list := range []string{"'0x17,b c'", "0x17, b c", "[0x17, b c]", "\n    - 0x17\n    - b c", "[0x17, 'b c']", "&list [0x17, b c]"} {
		c, err := parse(t, "pbx:\n  harmless_codes: "+list+"\n")
		require.NoError(t, err, list)
		require.EqualValues(t, both, c.PBX.HarmlessCodes, list)
		c, err = parse(t, "users: "+list+"\n")
		require.NoError(t, err, list)
		require.Equal(t, communicationUsers{{UPN: "0x17"}, {UPN: "b c"}}, c.Users, list)
		for _, key := range []string{"people", "pbx_groups"} {
			c, err = parse(t, "groups:\n- direction: both\n  "+key+": "+list+"\n")
			require.NoError(t, err, list)
			require.EqualValues(t, both, append(c.Groups[0].People, c.Groups[0].PBXGroups...), list)
		}
	}
	for _, file := range []string{"users: {upn: a}\ngroups: {people: b, direction: both}\n", "users: [{upn: a}]\ngroups: [{people: [b], direction: both}]\n"} {
		c, err := parse(t, file)
		require.NoError(t, err)
		require.Equal(t, communicationUsers{{UPN: "a"}}, c.Users)
		require.Equal(t, groups{{People: nameList{"b"}, Direction: "both"}}, c.Groups)
	}
	c, err := parse(t, "", "--pbx-harmless-codes", "17", "--pbx-harmless-codes=x, y", "--users", "a", "--users", "[b, {upn: c}]")
	require.NoError(t, err)
	require.Equal(t, nameList{"17", "x", "y"}, c.PBX.HarmlessCodes)
	require.Equal(t, communicationUsers{{UPN: "a"}, {UPN: "b"}, {UPN: "c"}}, c.Users)
	for _, none := range []string{"", "~", "[]", "''"} {
		c, err := parse(t, "pbx: {harmless_codes: "+none+"}\nusers: "+none+"\ngroups: "+none+"\n")
		require.NoError(t, err)
		require.Zero(t, len(c.PBX.HarmlessCodes)+len(c.Users)+len(c.Groups))
	}
}

func TestAListOfWhatIsNoNameIsRefused(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		"'17,'":    "number 2 is empty",
		"[17, '']": "number 2 is empty",
		"[[17]]":   "number 1 is no name",
		"{a: b}":   "number 1 is no name",
		"'[17'":    "no list",
	} {
		_, err := parse(t, "pbx: {harmless_codes: "+list+"}\n")
		require.ErrorContains(t, err, "line 1: pbx.harmless_codes is not understood: "+want, list)
	}
}
