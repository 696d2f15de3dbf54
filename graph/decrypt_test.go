package graph_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph"
)

func TestOpenReturnsWhatWasSealed(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 15, 16, 17, 1000} {
		plain := bytes.Repeat([]byte("x"), n)
		got, err := graph.Open(encrypt(plain, newKey()), newKey().Private)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain, got))
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	flip := func(s string) string {
		raw, err := base64.StdEncoding.DecodeString(s)
		require.NoError(t, err)
		raw[0] ^= 1
		return base64.StdEncoding.EncodeToString(raw)
	}
	key := bytes.Repeat([]byte("k"), 32)
	with := func(change func(*graph.Encrypted)) graph.Encrypted {
		e := encrypt(presenceJSON("aa", "Busy"), newKey())
		change(&e)
		return e
	}
	tests := map[string]struct {
		in   graph.Encrypted
		want string
	}{
		"changed data":           {with(func(e *graph.Encrypted) { e.Data = flip(e.Data) }), "dataSignature does not match"},
		"changed signature":      {with(func(e *graph.Encrypted) { e.DataSignature = flip(e.DataSignature) }), "dataSignature does not match"},
		"no signature":           {with(func(e *graph.Encrypted) { e.DataSignature = "" }), "dataSignature does not match"},
		"changed key":            {with(func(e *graph.Encrypted) { e.DataKey = flip(e.DataKey) }), "not for this certificate"},
		"another certificate":    {encrypt([]byte("{}"), makeKey("other")), "not for this certificate"},
		"data that is no text":   {with(func(e *graph.Encrypted) { e.Data = "*" }), "data is no base64"},
		"key that is no text":    {with(func(e *graph.Encrypted) { e.DataKey = "*" }), "dataKey is no base64"},
		"mark that is no text":   {with(func(e *graph.Encrypted) { e.DataSignature = "*" }), "dataSignature is no base64"},
		"nothing at all":         {graph.Encrypted{}, "not for this certificate"},
		"no data":                {seal(nil, key, newKey()), "wrong length"},
		"half a block":           {seal(make([]byte, 8), key, newKey()), "wrong length"},
		"a key of seven bytes":   {seal(make([]byte, 16), key[:7], newKey()), "dataKey has the wrong length"},
		"no padding":             {seal(make([]byte, 16), key, newKey()), "no padding"},
		"more padding than fits": {seal(bytes.Repeat([]byte{17}, 32), key, newKey()), "no padding"},
		"uneven padding":         {seal(append(make([]byte, 14), 3, 2), key, newKey()), "no padding"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := graph.Open(test.in, newKey().Private)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// FuzzOpen: whatever is opened was signed with the key inside, so a change of any
// part makes it fail.
func FuzzOpen(f *testing.F) {
	f.Add([]byte(`{"id":"aa","activity":"Busy"}`), uint16(3), byte(1))
	f.Add([]byte{}, uint16(700), byte(0))
	f.Add(bytes.Repeat([]byte{16}, 32), uint16(0), byte(255))
	f.Fuzz(func(t *testing.T, plain []byte, at uint16, change byte) {
		e := encrypt(plain, newKey())
		got, err := graph.Open(e, newKey().Private)
		require.NoError(t, err)
		require.True(t, bytes.Equal(plain, got))

		part := [](*string){&e.Data, &e.DataKey, &e.DataSignature}[at%3]
		raw, err := base64.StdEncoding.DecodeString(*part)
		require.NoError(t, err)
		raw[int(at/3)%len(raw)] ^= change
		*part = base64.StdEncoding.EncodeToString(raw)
		_, err = graph.Open(e, newKey().Private)
		require.Equal(t, change == 0, err == nil)
	})
}
