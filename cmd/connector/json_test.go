package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence/bridge"
)

var snakeCase = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// keysOf calls check with the place of every key that the JSON of a type can have. Those of a map
// are data.
func keysOf(t reflect.Type, place string, check func(place, key string)) {
	switch {
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()), t == reflect.TypeFor[time.Time]():
	case t.Kind() == reflect.Slice, t.Kind() == reflect.Pointer, t.Kind() == reflect.Map:
		keysOf(t.Elem(), place, check)
	case t.Kind() == reflect.Struct:
		for field := range t.Fields() {
			name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if !field.IsExported() || name == "-" {
				continue
			}
			check(place+"."+field.Name, name)
			keysOf(field.Type, place+"."+field.Name, check)
		}
	}
}

func TestEveryKeyOfTheJSONIsSnakeCase(t *testing.T) {
	t.Parallel()
	for _, answer := range []any{status{}, match.Report{}, bridge.Explanation{}, problem{}} {
		keys := 0
		keysOf(reflect.TypeOf(answer), reflect.TypeOf(answer).String(), func(place, key string) {
			keys++
			require.Regexp(t, snakeCase, key, place)
		})
		require.Greater(t, keys, 3, "%T", answer)
	}
}

// What is served is what was looked at above.
func TestTheAnswersAreOfTheTypesWhoseKeysAreLookedAt(t *testing.T) {
	t.Parallel()
	s := running(t, "auto", nil, nil)
	s.until(t, func(st status) bool { return green(st.Lights) && st.Bridge.Linked == 8 })
	for path, c := range map[string]struct {
		code   int
		answer any
		keys   string
	}{
		"/status":              {http.StatusOK, &status{}, `"lights"`},
		"/people":              {http.StatusOK, &match.Report{}, `"matched"`},
		"/people/anna.mueller": {http.StatusOK, &bridge.Explanation{}, `"timeline"`},
		"/people/anna":         {http.StatusNotFound, &problem{}, `"try"`},
		"/people/alex1":        {http.StatusConflict, &problem{}, `"reason"`},
	} {
		got := s.get(t, path, "")
		require.Equal(t, c.code, got.Code, path)
		require.Contains(t, got.Body.String(), c.keys, path)
		strict := json.NewDecoder(bytes.NewReader(got.Body.Bytes()))
		strict.DisallowUnknownFields()
		require.NoError(t, strict.Decode(c.answer), path)
	}
}

func TestWhatHasNotHappenedYetHasNoTime(t *testing.T) {
	t.Parallel()
	d, _ := testDemo(time.Minute)
	s, err := newStage(t.Context(), "auto", d.setting)
	require.NoError(t, err)
	defer func() { require.NoError(t, s.close()) }()
	s.connector, err = s.newConnector() // which does nothing yet
	require.NoError(t, err)
	defer func() { require.NoError(t, s.connector.close()) }()
	answer, page := s.get(t, "/status", "").Body.String(), s.get(t, "/status", "text/html").Body.String()
	require.Contains(t, answer, `"requests to Graph"`)
	require.Contains(t, page, "requests to Graph<td>ok<td>not yet<td>")
	require.NotContains(t, answer+page, "0001-01-01")
}
