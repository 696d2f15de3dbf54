package graphtest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func TestPresenceResource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Show(w.ada, "Busy", "InACall")
	r := w.do(w.app(), http.MethodGet, "/users/"+w.ada+"/presence", nil)
	golden(t, "presence", r)
	require.Equal(t, w.Presence(w.ada).Sequence, r.Body["sequenceNumber"])

	same := w.do(w.app(), http.MethodGet, "/communications/presences/"+w.ada, nil)
	require.Equal(t, r.Body, same.Body)
	require.Equal(t, r.Body, w.do(w.person("ada@contoso.com"), http.MethodGet, "/me/presence", nil).Body)
}

func TestOutOfOfficeIsSaidTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Show(w.ada, "Available", "OutOfOffice")
	r := w.do(w.app(), http.MethodGet, "/users/"+w.ada+"/presence", nil)
	require.Equal(t, object{"isOutOfOffice": true, "message": nil}, r.Body["outOfOfficeSettings"])
}

func TestRefusedReads(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	tests := map[string]struct {
		path   string
		status int
		code   string
	}{
		"name instead of a GUID": {"/users/ada@contoso.com/presence", 400, "BadRequest"},
		"nobody":                 {"/users/00000000-0000-4000-8000-0000000000ff/presence", 404, "NotFound"},
		"select":                 {"/users/" + w.ada + "/presence?$select=id", 400, "BadRequest"},
		"me without a person":    {"/me/presence", 400, "BadRequest"},
		"no such path":           {"/teams", 400, "BadRequest"},
	}
	token := w.app()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := w.do(token, http.MethodGet, test.path, nil)
			require.Equal(t, test.status, r.Status, r.Raw)
			require.Equal(t, test.code, r.code())
		})
	}
}

func bulk(r reply) map[string]string {
	shown := map[string]string{}
	for _, one := range r.Body["value"].([]any) {
		p := one.(object)
		shown[p["id"].(string)] = fmt.Sprint(p["availability"], "/", p["activity"])
	}
	return shown
}

func TestBulkRead(t *testing.T) {
	t.Parallel()
	const nobody = "00000000-0000-4000-8000-0000000000ff"
	ask := func(w *world) reply {
		return w.do(w.app(), http.MethodPost, "/communications/getPresencesByUserId", object{"ids": []string{w.ada, nobody, w.svc}})
	}
	t.Run("unknown people are PresenceUnknown", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.SignIn(w.ada)
		r := ask(w)
		golden(t, "presences", r)
		require.Equal(t, map[string]string{w.ada: "Available/Available", w.svc: "PresenceUnknown/PresenceUnknown", nobody: "PresenceUnknown/PresenceUnknown"}, bulk(r))
	})
	t.Run("unknown people are left out", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t, func(o *graphtest.Options) { o.OmitUnknown = true })
		require.Equal(t, map[string]string{w.ada: "Offline/Offline", w.svc: "PresenceUnknown/PresenceUnknown"}, bulk(ask(w)))
	})
}

func TestBulkReadLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	many := make([]string, 651)
	for i := range many {
		many[i] = fmt.Sprintf("00000000-0000-4000-8000-%012d", i)
	}
	tests := map[string]struct {
		ids    []string
		status int
	}{
		"as many as allowed": {many[:650], 200},
		"one too many":       {many, 400},
		"none":               {nil, 400},
		"no GUID":            {[]string{"ada"}, 400},
		"GUID in braces":     {[]string{"{" + w.ada + "}"}, 400},
	}
	token := w.app()
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := w.do(token, http.MethodPost, "/communications/getPresencesByUserId", object{"ids": test.ids})
			require.Equal(t, test.status, r.Status, r.Raw)
		})
	}
}
