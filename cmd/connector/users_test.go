package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommunicationUsersAreNamesOrMappings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(file, []byte("from a file\n"), 0o600))
	two := communicationUsers{{UPN: "a@example.com"}, {"b@example.com", secret{text: "0x12"}}}
	for text, want := range map[string]communicationUsers{
		"":                             nil,
		"a@example.com":                two[:1],
		"a@example.com, b@example.com": {{UPN: "a@example.com"}, {UPN: "b@example.com"}},
		`["a@example.com", {"upn": "b@example.com", "password": "0x12"}]`: two,
		"- a@example.com\n- upn: b@example.com\n  password: 0x12":         two,
		"{upn: a@example.com, password: 'file:" + file + "'}":             {{"a@example.com", secret{text: "from a file"}}},
	} {
		var got communicationUsers
		require.NoError(t, got.UnmarshalText([]byte(text)), text)
		require.Equal(t, want, got, text)
		require.NotContains(t, fmt.Sprintf("%v %+v %s", got, got, got), "0x12")
	}
	c, err := parse(t, "", "--users", "a@example.com,b@example.com")
	require.NoError(t, err)
	require.Len(t, c.Users, 2)
	t.Setenv("CONNECTOR_USERS", "c@example.com")
	c, err = parse(t, goodFile)
	require.NoError(t, err)
	require.Equal(t, communicationUsers{{UPN: "c@example.com"}}, c.Users, "the environment wins over the file")
}

func TestWrongCommunicationUsersAreRefusedWithoutQuotingThem(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"[hush":                             "no list",
		"[{upn: a, passwort: hush}]":        "number 1: there is no key passwort; did you mean password?",
		"[a@example.com, {password: hush}]": "number 2: upn is missing",
		"[{upn: a, password: [hush]}]":      "password: it has one value",
		"[[hush]]":                          "expected a sign-in name",
		"a@example.com,,":                   "number 2: upn is missing",
	} {
		var got communicationUsers
		err := got.UnmarshalText([]byte(text))
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "hush")
	}
	require.ErrorContains(t, config{Users: communicationUsers{{UPN: "a@b"}, {UPN: "A@b"}}}.usersDiffer(), "A@b twice")
}

func FuzzCommunicationUsers(f *testing.F) {
	for _, seed := range []string{"a,b", "[a, {upn: b, password: c}]", "{upn: b}", "- *a", "? [x]\n: y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var got communicationUsers
		if got.UnmarshalText([]byte(text)) != nil {
			return
		}
		for _, user := range got {
			require.NotEmpty(t, user.UPN)
		}
	})
}
