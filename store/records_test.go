package store_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/store"
)

const secret = "s3cr3t"

func subscription() store.Subscription {
	return store.Subscription{
		Name: "presence/anna", ID: "id-1", Resource: "/communications/presences", ClientState: secret,
		Members: []string{"u1", "u2"}, Expires: now, Revision: 7,
	}
}

func TestSubscriptionIsPrintedWithoutItsClientState(t *testing.T) {
	t.Parallel()
	sub := subscription()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%08.3f", "%U", "%T"} {
		for _, value := range []any{sub, &sub, []store.Subscription{sub}, map[string]any{"sub": sub}, struct{ S store.Subscription }{sub}} {
			text := fmt.Sprintf(verb, value)
			require.NotContains(t, text, secret, verb)
			require.NotContains(t, text, fmt.Sprintf("%x", secret), verb)
			require.NotContains(t, text, fmt.Sprintf("%X", secret), verb)
		}
	}
	require.Equal(t, `subscription presence/anna (id "id-1", 2 members, expires 2026-03-29T12:00:00Z)`, sub.String())
	require.Equal(t, sub.String(), fmt.Sprintf("%#v", sub))
	require.NotContains(t, fmt.Errorf("renew %v", sub).Error(), secret)
}

func TestSubscriptionIsLoggedWithoutItsClientState(t *testing.T) {
	t.Parallel()
	sub := subscription()
	var out bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		slog.New(handler).Info("renewed", "one", sub, "pointer", &sub, "list", []store.Subscription{sub},
			"inside", struct{ Sub store.Subscription }{sub})
	}
	require.Contains(t, out.String(), "presence/anna")
	require.NotContains(t, out.String(), secret)
}

func TestSubscriptionIsEncodedWithoutItsClientState(t *testing.T) {
	t.Parallel()
	data, err := json.Marshal(subscription())
	require.NoError(t, err)
	require.Contains(t, string(data), "presence/anna")
	require.NotContains(t, string(data), secret)
}

func TestCloneSharesNoMemory(t *testing.T) {
	t.Parallel()
	var link store.Link
	fill(reflect.ValueOf(&link).Elem())
	requireApart(t, reflect.ValueOf(link), reflect.ValueOf(link.Clone()))
	require.Equal(t, link, link.Clone())
	require.Zero(t, store.Link{}.Clone())

	var sub store.Subscription
	fill(reflect.ValueOf(&sub).Elem())
	requireApart(t, reflect.ValueOf(sub), reflect.ValueOf(sub.Clone()))
	require.Equal(t, sub, sub.Clone())
	require.Zero(t, store.Subscription{}.Clone())
}

// fill gives every pointer something to point to and every slice an element.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fill(v.Field(i))
			}
		}
	}
}

// requireApart fails where two values refer to the same memory, or to a kind of it
// that this test does not know.
func requireApart(t *testing.T, a, b reflect.Value) {
	t.Helper()
	switch a.Kind() {
	case reflect.Pointer:
		require.False(t, a.Pointer() == b.Pointer(), "%s is shared", a.Type())
		requireApart(t, a.Elem(), b.Elem())
	case reflect.Slice:
		require.False(t, a.Pointer() == b.Pointer(), "%s is shared", a.Type())
		requireApart(t, a.Index(0), b.Index(0))
	case reflect.Struct:
		for i := range a.NumField() {
			if a.Type() != reflect.TypeFor[time.Time]() {
				requireApart(t, a.Field(i), b.Field(i))
			}
		}
	case reflect.Map, reflect.Interface, reflect.Chan, reflect.Func:
		t.Errorf("%s may be shared", a.Type())
	}
}

func TestASignInPrintsWithoutWhatIsSealed(t *testing.T) {
	t.Parallel()
	s := store.SignIn{Name: "anna@example.com", Sealed: []byte("hush hush"), Revision: 3}
	var out strings.Builder
	slog.New(slog.NewJSONHandler(&out, nil)).Info("stored", "s", s, "p", &s)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb, s, &s)
	}
	require.Contains(t, out.String(), "anna@example.com")
	for _, secret := range []string{"hush", "aHVzaCBodXNo", "68757368"} {
		require.NotContains(t, out.String(), secret)
	}
	clone := s.Clone()
	clone.Sealed[0] = 'x'
	require.Equal(t, "hush hush", string(s.Sealed))
}
