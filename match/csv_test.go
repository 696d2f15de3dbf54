package match_test

import (
	"encoding/csv"
	"errors"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/match"
)

func TestParseCSV(t *testing.T) {
	t.Parallel()
	two := match.Table{{PBX: "anna", Teams: "anna@x", Line: 1}, {PBX: "berta", Teams: "t2", Line: 2}}
	for name, test := range map[string]struct {
		text string
		want match.Table
	}{
		"commas":                   {"anna,anna@x\nberta,t2\n", two},
		"semicolons":               {"anna;anna@x\nberta;t2", two},
		"lines of Windows":         {"anna;anna@x\r\nberta;t2\r\n", two},
		"byte order mark":          {"\ufeffanna;anna@x\nberta;t2\n", two},
		"white space around cells": {" anna ;\tanna@x \nberta; t2\n", two},
		"further empty columns":    {"anna;anna@x;;\nberta;t2; ;\n", two},
		"header":                   {"PBX,Teams\nanna,t1\n", match.Table{{PBX: "anna", Teams: "t1", Line: 2}}},
		"header, exchanged":        {"teams;pbx\nt1;anna\n", match.Table{{PBX: "anna", Teams: "t1", Line: 2}}},
		"a header further down is a row": {
			"anna,t1\npbx,teams\n", match.Table{{PBX: "anna", Teams: "t1", Line: 1}, {PBX: "pbx", Teams: "teams", Line: 2}},
		},
		"empty lines":                     {"\nanna,t1\n,\n\nberta,t2\n", match.Table{{PBX: "anna", Teams: "t1", Line: 2}, {PBX: "berta", Teams: "t2", Line: 5}}},
		"a comma beside semicolons":       {"Miller, Anna;t1\n", match.Table{{PBX: "Miller, Anna", Teams: "t1", Line: 1}}},
		"a quoted semicolon beside comma": {"\"Miller; Anna\",t1\n", match.Table{{PBX: "Miller; Anna", Teams: "t1", Line: 1}}},
		"a quoted line break":             {"\"a\nb\",t1\nc,t2\n", match.Table{{PBX: "a\nb", Teams: "t1", Line: 1}, {PBX: "c", Teams: "t2", Line: 3}}},
		"nothing":                         {"", nil},
		"a header and nothing":            {"pbx,teams\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table, err := match.ParseCSV(strings.NewReader(test.text))
			require.NoError(t, err)
			require.Equal(t, test.want, table)
		})
	}
}

func TestParseCSVNamesTheLineOfAnError(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ text, want string }{
		"one column":     {"anna,t1\nberta\n", "line 2: want two columns"},
		"three columns":  {"anna,t1\n\nberta,t2,t3\n", "line 3: want two columns"},
		"no PBX name":    {",t1\n", "line 1: want two columns"},
		"stray quote":    {"anna,t1\nber\"ta,t2\n", "on line 2, column 4: bare"},
		"open quote":     {"anna,t1\nberta,\"t2\n", "line 2"},
		"not UTF-8":      {"anna,t1\nJ\xfcrgen,t2\n", "line 2: not UTF-8"},
		"not UTF-8 text": {"\xff\xfea\x00n\x00", "line 1: not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table, err := match.ParseCSV(strings.NewReader(test.text))
			require.ErrorContains(t, err, test.want)
			require.Nil(t, table)
		})
	}
}

func TestParseCSVPassesReadErrorsOn(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	_, err := match.ParseCSV(iotest.ErrReader(broken))
	require.ErrorIs(t, err, broken)
}

// FuzzParseCSV asserts that what is accepted survives being written and read again.
func FuzzParseCSV(f *testing.F) {
	for _, text := range []string{"", "a,b", "a;b;\n\n", "\ufeffpbx,teams\n\"a,\"\"b\",c", "teams;pbx\na;b", "\"a\r\nb\" , c", "a\xde;\x91"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		table, err := match.ParseCSV(strings.NewReader(text))
		if err != nil {
			require.Nil(t, table)
			return
		}
		written := [][]string{{"pbx", "teams"}}
		last := 0
		for _, row := range table {
			require.NotEmpty(t, row.PBX)
			require.NotEmpty(t, row.Teams)
			require.True(t, utf8.ValidString(row.String()))
			require.Greater(t, row.Line, last)
			last = row.Line
			written = append(written, []string{row.PBX, row.Teams})
		}
		require.LessOrEqual(t, last, strings.Count(text, "\n")+1)

		var out strings.Builder
		require.NoError(t, csv.NewWriter(&out).WriteAll(written))
		again, err := match.ParseCSV(strings.NewReader(out.String()))
		require.NoError(t, err)
		require.Len(t, again, len(table))
		for i := range table {
			require.Equal(t, table[i].String(), again[i].String())
		}
	})
}

func TestTableOf(t *testing.T) {
	t.Parallel()
	require.Empty(t, match.TableOf(nil))
	table := match.TableOf(map[string]string{"berta": "t2", "anna": "t1"})
	require.Equal(t, match.Table{{PBX: "anna", Teams: "t1"}, {PBX: "berta", Teams: "t2"}}, table)
	require.Equal(t, "anna = t1", table[0].String())
}
