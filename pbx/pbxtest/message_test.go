package pbxtest_test

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/pbx/pbxtest"
)

func TestEnvelope(t *testing.T) {
	t.Parallel()
	for want, got := range map[string][]byte{
		`{"mt":"KeepAlive"}`:                     pbxtest.Envelope("", "KeepAlive", "", nil),
		`{"api":"A","mt":"M","src":"s"}`:         pbxtest.Envelope("A", "M", "s", struct{}{}),
		`{"api":"A","mt":"M","note":"<a> & \""}`: pbxtest.Envelope("A", "M", "", map[string]string{"note": `<a> & "`}),
	} {
		require.Equal(t, want, string(got))
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		`{"api":"PbxApi","mt":"SetPresence","src":"1","guid":"g"}`, `{"MT":"KeepAlive"}`, `{"mt":1}`,
		`{"mt":"a","mt":"b"}`, `[]`, `null`, ``, `{"mt":"<&>","src":"\u0000"}`, `{"mt":"ä","api":"` + "\xff" + `"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		api, mt, src, err := pbxtest.Parse(raw)
		if err != nil {
			require.Empty(t, api+mt+src)
			return
		}
		require.NotEmpty(t, mt)
		require.True(t, json.Valid(raw))
		require.True(t, utf8.ValidString(api+mt+src))
		frame := pbxtest.Envelope(api, mt, src, map[string]int{"n": 1})
		api2, mt2, src2, err := pbxtest.Parse(frame)
		require.NoError(t, err)
		require.Equal(t, []string{api, mt, src}, []string{api2, mt2, src2})
	})
}
