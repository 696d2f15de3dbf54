package main

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/pbx"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/presence/bridge"
)

// status is the whole state of the service, as /status shows it.
type status struct {
	// Lights are the three of the first look: master PBX, authentication and
	// presence subscription. More are the parts they are made of.
	Lights []presence.Health `json:"lights"`
	More   []presence.Health `json:"more"`

	Started time.Time     `json:"started"`
	Feed    string        `json:"feed"`
	Bridge  bridge.Status `json:"presence"`
	People  whoIsWho      `json:"people"`
	PBX     pbx.Counters  `json:"pbx"`
	Graph   graph.Counts  `json:"notifications"`
}

// whoIsWho is the matching in numbers, and the names of those who need a look.
type whoIsWho struct {
	Matched        int      `json:"matched"`
	Unlicensed     []string `json:"unlicensed,omitempty"`
	Ambiguous      []string `json:"ambiguous,omitempty"`
	UnmatchedTeams int      `json:"unmatched_teams"`
	UnmatchedPBX   int      `json:"unmatched_pbx"`
	// NotCovered are those of whom no subscription tells, where there are any, and
	// Unreadable those of whom Graph tells nothing.
	NotCovered []string `json:"not_covered,omitempty"`
	Unreadable []string `json:"unreadable,omitempty"`
	UnusedRows []string `json:"unused_table_rows,omitempty"`
	// UnusedGroups are what the groups of the configuration name and nobody is.
	UnusedGroups []string `json:"unused_groups,omitempty"`
}

func (s *service) status() status {
	pbxLights := s.pbx.Health()
	st := status{
		Started: s.started, Feed: s.config.Feed, Bridge: s.bridge.Status(), PBX: s.pbx.Counters(),
		Lights: []presence.Health{pbxLights[0], s.authentication(), s.subscription()},
		More:   slices.Concat(pbxLights[1:], s.signIns(), []presence.Health{s.throttle.Health()}, s.feed.Lights(), s.directory.Health(), s.bridge.Health(), s.extras()),
	}
	st.People = whoIs(st.Bridge.Report)
	st.People.UnusedGroups = s.rules.Load().unused(st.Bridge.Report)
	if master := &st.Lights[0]; master.State == presence.StateStarting && master.Todo == "" {
		master.Todo = s.appObject()
	}
	if s.config.pushes() {
		st.People.NotCovered = named(st.Bridge.Report, s.feed.Uncovered())
	}
	st.People.Unreadable = named(st.Bridge.Report, s.feed.Unreadable())
	if s.webhook != nil {
		st.Graph = s.webhook.Counts()
	}
	return st
}

// appObject says what to do where no PBX has connected yet.
func (s *service) appObject() string {
	return "On the PBX, create an App object with the URL https://<this service>/" + strings.Trim(s.config.PBX.Path, "/") + "/" + s.config.PBX.App +
		", the configured password and the check mark Websocket. The PBX must trust the certificate of the service."
}

// extras are the lights of what not every service has: a canary, and what runs out one day.
func (s *service) extras() (lights []presence.Health) {
	if s.canary != nil {
		lights = append(lights, s.canary.Health())
	}
	if s.notifyKeys != nil {
		lights = append(lights, s.notifyKeys.light.Health())
	}
	if s.tls != nil {
		lights = append(lights, s.tls.health())
	}
	return lights
}

func (s *service) signIns() []presence.Health {
	lights := []presence.Health{s.app.Health()}
	if s.config.pushes() {
		for _, user := range s.users {
			lights = append(lights, user.Client.Health())
		}
	}
	return lights
}

// authentication is the worst of the sign-ins.
func (s *service) authentication() presence.Health {
	order := []presence.State{presence.StateOff, presence.StateOK, presence.StateStarting, presence.StateFailed}
	worst := slices.MaxFunc(s.signIns(), func(a, b presence.Health) int {
		return cmp.Compare(slices.Index(order, a.State), slices.Index(order, b.State))
	})
	worst.Detail = strings.TrimSpace(worst.Name + " " + worst.Detail)
	worst.Name = "authentication"
	return worst
}

// subscription is the worst of the feed: a subscription, or the sweep.
func (s *service) subscription() presence.Health {
	h := s.feed.Health()
	h.Name = "presence subscription"
	switch uncovered := len(s.feed.Uncovered()); {
	case !s.config.pushes():
		h.Detail = strings.TrimSpace("none needed, people are swept; " + h.Detail)
	case h.State == presence.StateOK && len(s.users) > 1:
		h.Detail = fmt.Sprintf("%d communication users", len(s.users))
		if uncovered > 0 {
			h.Detail += fmt.Sprintf("; %d people are covered by none and swept", uncovered)
		}
	}
	return h
}

// named returns the names in Teams of people by their object ids.
func named(r match.Report, ids []string) (names []string) {
	if len(ids) == 0 {
		return nil
	}
	known := make(map[string]string, len(r.Matched))
	for _, p := range r.Matched {
		known[p.Teams.ID] = cmp.Or(p.Teams.UPN, p.Teams.DisplayName)
	}
	for _, id := range ids {
		names = append(names, cmp.Or(known[id], id))
	}
	slices.Sort(names)
	return names
}

func whoIs(r match.Report) whoIsWho {
	w := whoIsWho{Matched: len(r.Matched), UnmatchedTeams: len(r.UnmatchedTeams), UnmatchedPBX: len(r.UnmatchedPBX)}
	for _, p := range r.Unlicensed {
		w.Unlicensed = append(w.Unlicensed, p.PBX.Name)
	}
	for _, a := range r.Ambiguous {
		w.Ambiguous = append(w.Ambiguous, a.String())
	}
	for _, row := range r.UnusedRows {
		w.UnusedRows = append(w.UnusedRows, row.String())
	}
	return w
}

// pages serves the state as a page to browsers and as JSON to everybody else, behind the
// password of the status page, and whether the service is ready to probes, which have none.
func (s *service) pages() http.Handler {
	inside := http.NewServeMux()
	inside.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		if wantsPage(r) {
			writePage(w, http.StatusOK, "page.html", s.status())
			return
		}
		writeJSON(w, http.StatusOK, s.status())
	})
	s.peoplePages(inside)
	inside.Handle("GET /{$}", http.RedirectHandler("/status", http.StatusFound))
	mux := http.NewServeMux()
	mux.Handle("/", s.guarded(inside))
	mux.HandleFunc("GET /readyz", s.serveReady)
	return mux
}

// serveReady says whether the service is ready, which is all that strangers learn. Whoever has the
// password is told each light as well.
func (s *service) serveReady(w http.ResponseWriter, r *http.Request) {
	code, answer := http.StatusOK, "ready\n"
	for _, light := range s.ready() {
		if light.State != presence.StateOK && light.State != presence.StateOff {
			code, answer = http.StatusServiceUnavailable, "not ready\n"
		}
	}
	if s.admits(r) {
		for _, light := range s.status().Lights {
			answer += strings.TrimSuffix(light.Name+": "+string(light.State)+": "+cmp.Or(light.LastError, light.Detail), ": ") + "\n"
		}
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, answer)
}

// ready are the lights without which there is no use in being reached. A PBX and a subscription are
// none of them: both come from outside, and whoever takes the service out of reach for the lack
// of one keeps it away.
func (s *service) ready() []presence.Health {
	return []presence.Health{s.app.Health(), s.feed.Lights()[0]}
}
