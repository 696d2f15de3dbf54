package graphtest_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares an answer, its random ids blanked, with a file of testdata.
func golden(t *testing.T, name string, r reply) {
	t.Helper()
	goldenJSON(t, name, r.Body)
}

func goldenJSON(t *testing.T, name string, body any) {
	t.Helper()
	file := filepath.Join("testdata", name+".json")
	got := indent(t, body)
	if *update {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.JSONEq(t, string(want), got)
}

// blank replaces the values of fields that differ from run to run.
func blank(v any, fields ...string) any {
	switch v := v.(type) {
	case object:
		for name, value := range v {
			v[name] = blank(value, fields...)
		}
		for _, name := range fields {
			if v[name] != nil {
				v[name] = "…"
			}
		}
	case []any:
		for i := range v {
			v[i] = blank(v[i], fields...)
		}
	}
	return v
}
