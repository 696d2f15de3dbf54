package graphtest_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// model is what the pages on presence say, told a second time: no shared code, no laziness, one
// person, and a list of everything that was ever set.
type model struct {
	now       time.Time
	client    *setting
	app       *setting
	preferred *setting
}

type setting struct {
	pair string
	set  time.Time
	life time.Duration // zero: endless
}

func (s *setting) alive(now time.Time) bool {
	return s != nil && (s.life == 0 || now.Sub(s.set) < s.life)
}

// shows works the pair out from the rules alone.
func (m *model) shows() string {
	client, app := "", ""
	if m.client.alive(m.now) {
		client = m.client.pair
	}
	if m.app.alive(m.now) {
		app = m.app.pair
		if age := m.now.Sub(m.app.set); app == "Available/Available" && age >= 10*time.Minute {
			app = "Away/Away"
		} else if app == "Available/Available" && age >= 5*time.Minute {
			app = "Available/AvailableInactive"
		}
	}
	rank := func(pair string) int {
		return map[string]int{"": 0, "Away": 1, "BeRightBack": 1, "Available": 2, "Busy": 3, "DoNotDisturb": 4}[strings.Split(pair, "/")[0]]
	}
	switch {
	case client == "" && app == "":
		return "Offline/Offline"
	case m.preferred.alive(m.now):
		return m.preferred.pair
	case rank(app) > rank(client):
		return app
	case rank(app) < rank(client):
		return client
	case m.app.set.After(m.client.set):
		return app
	default:
		return client
	}
}

// TestModel does things in any order, with any time between them, and compares the server with
// the model after each: the pair, the number and what was notified.
func TestModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		w := newWorld(t)
		token := w.app()
		m := &model{now: noon}
		require.Equal(r, http.StatusCreated, w.subscribe(object{"resource": "communications/presences/" + w.ada}).Status)
		visible, changes := m.shows(), 0
		sequence := w.Presence(w.ada).Sequence
		tokenAge := time.Duration(0)

		// Whatever runs out does so at a whole minute after it was set; the nanosecond
		// between actions keeps settings apart.
		advance := func(d time.Duration) {
			m.now = m.now.Add(d)
			w.clock.Advance(d)
			w.Tick()
			if tokenAge += d; tokenAge > 50*time.Minute {
				token, tokenAge = w.app(), 0
			}
		}
		write := func(action string, body object) reply {
			return w.do(token, http.MethodPost, "/users/"+w.ada+"/presence/"+action, body)
		}
		pair := func(pairs ...string) (string, string, string) {
			p := rapid.SampledFrom(pairs).Draw(r, "pair")
			availability, activity, _ := strings.Cut(p, "/")
			return p, availability, activity
		}
		preferred := []string{"Available/Available", "Busy/Busy", "DoNotDisturb/DoNotDisturb", "BeRightBack/BeRightBack", "Away/Away", "Offline/OffWork"}
		life := func(p string) time.Duration {
			if p == "Busy/Busy" || p == "DoNotDisturb/DoNotDisturb" {
				return 24 * time.Hour
			}
			return 7 * 24 * time.Hour
		}

		r.Repeat(map[string]func(*rapid.T){
			"wait": func(r *rapid.T) {
				minutes := rapid.IntRange(1, 12).Draw(r, "minutes")
				for range minutes {
					advance(time.Minute)
					m.compare(r, w, &visible, &changes, &sequence)
				}
			},
			"wait long": func(r *rapid.T) {
				for range rapid.IntRange(1, 4).Draw(r, "hours") * 12 {
					advance(5 * time.Minute)
					m.compare(r, w, &visible, &changes, &sequence)
				}
			},
			"client": func(*rapid.T) {
				p, availability, activity := pair("Available/Available", "Busy/InAMeeting", "Busy/InACall", "Away/Away", "BeRightBack/BeRightBack", "DoNotDisturb/Presenting")
				w.Show(w.ada, availability, activity)
				m.client = &setting{pair: p, set: m.now}
			},
			"sign out": func(*rapid.T) {
				w.SignOut(w.ada)
				m.client = nil
			},
			"session": func(r *rapid.T) {
				p, availability, activity := pair("Available/Available", "Busy/InACall", "Busy/InAConferenceCall", "Away/Away", "DoNotDisturb/Presenting")
				minutes := rapid.IntRange(5, 240).Draw(r, "lifetime")
				duration := time.Duration(minutes) * time.Minute
				answer := write("setPresence", object{"sessionId": appID, "availability": availability, "activity": activity, "expirationDuration": "PT" + strings.TrimSuffix(duration.String(), "0s")})
				require.Equal(r, http.StatusOK, answer.Status, answer.Raw)
				m.app = &setting{pair: p, set: m.now, life: duration}
			},
			"end session": func(*rapid.T) {
				want := http.StatusNotFound
				if m.app.alive(m.now) {
					want = http.StatusOK
				}
				require.Equal(r, want, write("clearPresence", object{"sessionId": appID}).Status)
				m.app = nil
			},
			"choose by hand": func(*rapid.T) {
				p, availability, activity := pair(preferred...)
				w.Choose(w.ada, availability, activity)
				m.preferred = &setting{pair: p, set: m.now, life: life(p)}
			},
			"choose by application": func(*rapid.T) {
				p, availability, activity := pair(preferred...)
				require.Equal(r, http.StatusOK, write("setUserPreferredPresence", object{"availability": availability, "activity": activity}).Status)
				m.preferred = &setting{pair: p, set: m.now, life: life(p)}
			},
			"reset": func(*rapid.T) {
				require.Equal(r, http.StatusOK, write("clearUserPreferredPresence", nil).Status)
				m.preferred = nil
			},
			"": func(*rapid.T) {
				m.compare(r, w, &visible, &changes, &sequence)
				advance(1)
			},
		})
	})
}

// compare checks the server against the model and counts visible changes.
func (m *model) compare(t require.TestingT, w *world, visible *string, changes *int, sequence *string) {
	now := w.Presence(w.ada)
	require.Equal(t, m.shows(), now.Pair.String())
	if now.Pair.String() == *visible {
		require.Equal(t, *sequence, now.Sequence)
	} else {
		require.Greater(t, now.Sequence, *sequence)
		*changes++
	}
	*visible, *sequence = now.Pair.String(), now.Sequence
	if subs := w.Subscriptions(); len(subs) == 1 {
		require.Equal(t, *changes, subs[0].Pending, "one notification per visible change")
	}
	_, exists := w.Preferred(w.ada)
	require.Equal(t, m.preferred.alive(m.now), exists)
	alive := 0
	for _, s := range []*setting{m.client, m.app} {
		if s.alive(m.now) {
			alive++
		}
	}
	require.Len(t, w.Sessions(w.ada), alive)
}
