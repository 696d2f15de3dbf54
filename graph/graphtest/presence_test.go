package graphtest_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/pbx365/connector/graph/graphtest"
)

func (w *world) setPresence(user, availability, activity, duration string) reply {
	w.t.Helper()
	return w.do(w.app(), http.MethodPost, "/users/"+user+"/presence/setPresence", object{
		"sessionId": appID, "availability": availability, "activity": activity, "expirationDuration": duration,
	})
}

func (w *world) pair(user string) string { return w.Presence(user).Pair.String() }

func TestAggregation(t *testing.T) {
	t.Parallel()
	app := func(availability, activity string) func(*world) {
		return func(w *world) { w.setPresence(w.ada, availability, activity, "PT1H") }
	}
	client := func(availability, activity string) func(*world) {
		return func(w *world) { w.Show(w.ada, availability, activity) }
	}
	choose := func(availability, activity string) func(*world) {
		return func(w *world) { w.Choose(w.ada, availability, activity) }
	}
	out := func(w *world) { w.SignOut(w.ada) }
	wait := func(d time.Duration) func(*world) { return func(w *world) { w.clock.Advance(d) } }

	tests := map[string]struct {
		steps []func(*world)
		want  string
	}{
		"nobody signed in":                            {nil, "Offline/Offline"},
		"client alone":                                {[]func(*world){client("Available", "Available")}, "Available/Available"},
		"application alone counts as a session":       {[]func(*world){app("Busy", "InACall")}, "Busy/InACall"},
		"client may show any pair":                    {[]func(*world){client("Busy", "InAMeeting")}, "Busy/InAMeeting"},
		"signed out again":                            {[]func(*world){client("Busy", "Busy"), out}, "Offline/Offline"},
		"application stays when the client goes":      {[]func(*world){client("Available", "Available"), app("Away", "Away"), out}, "Away/Away"},
		"preferred presence needs a session":          {[]func(*world){choose("Busy", "Busy")}, "Offline/Offline"},
		"preferred presence waits for a session":      {[]func(*world){choose("Busy", "Busy"), client("Available", "Available")}, "Busy/Busy"},
		"preferred presence hides a stronger session": {[]func(*world){client("DoNotDisturb", "Presenting"), choose("Away", "Away")}, "Away/Away"},
		"preferred presence hides an application":     {[]func(*world){app("Busy", "InACall"), choose("Offline", "OffWork")}, "Offline/OffWork"},
		"do not disturb over busy":                    {[]func(*world){app("DoNotDisturb", "Presenting"), client("Busy", "Busy")}, "DoNotDisturb/Presenting"},
		"busy over available":                         {[]func(*world){app("Busy", "InACall"), client("Available", "Available")}, "Busy/InACall"},
		"available over away":                         {[]func(*world){client("Available", "Available"), app("Away", "Away")}, "Available/Available"},
		"application cannot lower the client":         {[]func(*world){client("Busy", "Busy"), app("Available", "Available")}, "Busy/Busy"},
		"of equals the one set last, application":     {[]func(*world){client("Busy", "InAMeeting"), app("Busy", "InACall")}, "Busy/InACall"},
		"of equals the one set last, client":          {[]func(*world){app("Busy", "InACall"), client("Busy", "InAMeeting")}, "Busy/InAMeeting"},
		"available fades to inactive":                 {[]func(*world){app("Available", "Available"), wait(5 * time.Minute)}, "Available/AvailableInactive"},
		"available does not fade before five minutes": {[]func(*world){app("Available", "Available"), wait(5*time.Minute - 1)}, "Available/Available"},
		"inactive fades to away":                      {[]func(*world){app("Available", "Available"), wait(10 * time.Minute)}, "Away/Away"},
		"repeating restarts the fading":               {[]func(*world){app("Available", "Available"), wait(4 * time.Minute), app("Available", "Available"), wait(4 * time.Minute)}, "Available/Available"},
		"faded available yields to the client's away": {[]func(*world){app("Available", "Available"), client("Away", "BeRightBack"), wait(10 * time.Minute)}, "Away/BeRightBack"},
		"others do not fade":                          {[]func(*world){app("Busy", "InACall"), wait(59 * time.Minute)}, "Busy/InACall"},
		"the client's available does not fade":        {[]func(*world){client("Available", "Available"), wait(24 * time.Hour)}, "Available/Available"},
		"application session ends":                    {[]func(*world){app("Busy", "InACall"), wait(time.Hour)}, "Offline/Offline"},
		"busy by hand lasts a day":                    {[]func(*world){client("Available", "Available"), choose("Busy", "Busy"), wait(24*time.Hour - 1)}, "Busy/Busy"},
		"busy by hand ends after a day":               {[]func(*world){client("Available", "Available"), choose("Busy", "Busy"), wait(24 * time.Hour)}, "Available/Available"},
		"do not disturb by hand ends after a day":     {[]func(*world){client("Available", "Available"), choose("DoNotDisturb", "DoNotDisturb"), wait(24 * time.Hour)}, "Available/Available"},
		"away by hand lasts longer":                   {[]func(*world){client("Available", "Available"), choose("Away", "Away"), wait(6 * 24 * time.Hour)}, "Away/Away"},
		"away by hand ends after seven days":          {[]func(*world){client("Available", "Available"), choose("Away", "Away"), wait(7 * 24 * time.Hour)}, "Available/Available"},
		"reset shows the sessions again":              {[]func(*world){client("Busy", "InACall"), choose("Away", "Away"), func(w *world) { w.Reset(w.ada) }}, "Busy/InACall"},
		"losing the licence makes presence unknown":   {[]func(*world){client("Busy", "Busy"), func(w *world) { w.UpdateUser(w.ada, func(u *graphtest.User) { u.Teams = false }) }}, "PresenceUnknown/PresenceUnknown"},
		"a plan in its grace period still works":      {[]func(*world){client("Busy", "Busy"), func(w *world) { w.UpdateUser(w.ada, func(u *graphtest.User) { u.PlanStatus = "Warning" }) }}, "Busy/Busy"},
		"a suspended plan makes presence unknown":     {[]func(*world){client("Busy", "Busy"), func(w *world) { w.UpdateUser(w.ada, func(u *graphtest.User) { u.PlanStatus = "Suspended" }) }}, "PresenceUnknown/PresenceUnknown"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, step := range test.steps {
				step(w)
			}
			require.Equal(t, test.want, w.pair(w.ada))
			require.Equal(t, "Offline/Offline", w.pair(w.bob), "somebody else")
		})
	}
}

func TestSequenceGrowsWithVisibleChangesOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	last := w.Presence(w.ada).Sequence
	grows := func(do func()) {
		t.Helper()
		do()
		now := w.Presence(w.ada).Sequence
		require.Greater(t, now, last)
		last = now
	}
	stays := func(do func()) {
		t.Helper()
		do()
		require.Equal(t, last, w.Presence(w.ada).Sequence)
	}
	grows(func() { w.SignIn(w.ada) })
	stays(func() { w.SignIn(w.ada) })
	grows(func() { w.Show(w.ada, "Busy", "InACall") })
	stays(func() { w.setPresence(w.ada, "Away", "Away", "PT5M") })
	stays(func() { w.clock.Advance(5 * time.Minute) })
	grows(func() { w.Choose(w.ada, "Busy", "Busy") })
	stays(func() { w.Show(w.ada, "Available", "Available") })
	grows(func() { w.clock.Advance(24 * time.Hour) })
}

func TestPeopleAreFoundByIDAndUPN(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Show("ADA@contoso.com", "Busy", "InACall")
	require.Equal(t, w.Presence(w.ada), w.Presence("ada@contoso.com"))
	require.Equal(t, []graphtest.Session{{ID: graphtest.ClientSession, Pair: graphtest.Pair{Availability: "Busy", Activity: "InACall"}, Set: noon}}, w.Sessions(w.ada))
	require.PanicsWithValue(t, `graphtest: no user "nobody"`, func() { w.SignIn("nobody") })
	w.SignIn(w.bob) // the lock was given up
}

func TestPreferredIsToldWhetherVisibleOrNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, ok := w.Preferred(w.ada)
	require.False(t, ok)
	w.Choose(w.ada, "BeRightBack", "BeRightBack")
	preferred, ok := w.Preferred(w.ada)
	require.True(t, ok)
	require.Equal(t, graphtest.Preferred{Pair: graphtest.Pair{Availability: "BeRightBack", Activity: "BeRightBack"}, Set: noon, Expires: noon.AddDate(0, 0, 7)}, preferred)
	w.clock.Advance(7 * 24 * time.Hour)
	_, ok = w.Preferred(w.ada)
	require.False(t, ok)
}
