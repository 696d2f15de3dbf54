package main

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pbx365/connector/match"
	"github.com/pbx365/connector/presence"
	"github.com/pbx365/connector/presence/bridge"
)

// problem is why nobody is explained. It is the answer of the service, and the error of
// the command.
type problem struct {
	Text   string `json:"error"`
	Reason string `json:"reason"` // unknown, several, or that of a [bridge.NotLinkedError]
	Todo   string `json:"todo,omitempty"`
	// Try are names to give instead.
	Try []string `json:"try,omitempty"`
}

func (p *problem) Error() string {
	if len(p.Try) == 0 || p.Reason == reasonSeveral {
		return p.Text
	}
	return p.Text + "; did you mean " + strings.Join(p.Try, ", ") + "?"
}

// Advice says what to do.
func (p *problem) Advice() string { return p.Todo }

const (
	reasonUnknown = "unknown"
	reasonSeveral = "several"
)

// status is that of the HTTP answer.
func (p *problem) status() int {
	switch p.Reason {
	case reasonUnknown:
		return http.StatusNotFound
	case string(bridge.Starting):
		return http.StatusServiceUnavailable
	}
	return http.StatusConflict
}

// explain says why a person shows what they show. What throttles all writes to Graph
// holds up theirs as well.
func (s *service) explain(name string) (bridge.Explanation, *problem) {
	e, err := s.bridge.Explain(name)
	if err != nil {
		return e, s.problem(name, err)
	}
	if h := s.throttle.Health(); h.State != presence.StateOK {
		e.WaitsFor = append(e.WaitsFor, presence.Wait{For: "Microsoft Graph: " + h.Detail})
	}
	return e, nil
}

func (s *service) problem(name string, err error) *problem {
	p := &problem{Text: err.Error(), Reason: reasonUnknown, Todo: presence.Advice(err)}
	var several *bridge.SeveralError
	var apart *bridge.NotLinkedError
	switch {
	case errors.As(err, &several):
		p.Reason, p.Try = reasonSeveral, several.People
	case errors.As(err, &apart):
		p.Reason = string(apart.Reason)
	default:
		p.Try = nearestPeople(name, everybody(s.bridge.Status().Report))
	}
	return p
}

// everybody is who is in a report, each with the names to ask for them by.
func everybody(r match.Report) (all [][]string) {
	teams := func(t match.TeamsUser) []string { return []string{t.UPN, t.DisplayName} }
	pbx := func(p match.PBXUser) []string { return []string{p.Name, p.LongName} }
	for _, p := range slices.Concat(r.Matched, r.Unlicensed) {
		all = append(all, append(pbx(p.PBX), teams(p.Teams)...))
	}
	for _, a := range r.Ambiguous {
		for _, p := range a.PBX {
			all = append(all, pbx(p))
		}
		for _, t := range a.Teams {
			all = append(all, teams(t))
		}
	}
	for _, p := range r.UnmatchedPBX {
		all = append(all, pbx(p))
	}
	for _, t := range r.UnmatchedTeams {
		all = append(all, teams(t))
	}
	return all
}

// nearestPeople are a few people who have a name that is like a name, the likest first, each by
// the likest one.
func nearestPeople(name string, people [][]string) []string {
	var likest []string
	for _, names := range people {
		near := nearest(name, names)
		likest = append(likest, near[:min(len(near), 1)]...)
	}
	return nearest(name, likest)
}

// personPage is what the page of a person shows: the story, or the problem.
type personPage struct {
	Name    string
	Story   story
	Problem *problem
}

// peoplePages serves who is who, and why somebody shows what they show: pages for browsers,
// JSON for everybody else.
func (s *service) peoplePages(mux *http.ServeMux) {
	mux.HandleFunc("GET /people", func(w http.ResponseWriter, r *http.Request) {
		name := strings.TrimSpace(r.FormValue("name"))
		report := s.bridge.Status().Report
		switch {
		case name != "":
			http.Redirect(w, r, "/people/"+url.PathEscape(name), http.StatusSeeOther)
		case wantsPage(r):
			writePage(w, http.StatusOK, "people.html", report)
		default:
			writeJSON(w, http.StatusOK, report)
		}
	})
	mux.HandleFunc("GET /people/{name}", func(w http.ResponseWriter, r *http.Request) {
		name := r.PathValue("name")
		e, p := s.explain(name)
		code := http.StatusOK
		if p != nil {
			code = p.status()
		}
		switch {
		case wantsPage(r) && p != nil:
			writePage(w, code, "person.html", personPage{Name: name, Problem: p})
		case wantsPage(r):
			writePage(w, code, "person.html", personPage{Name: cmp.Or(e.PBX.LongName, e.Name), Story: tell(e, time.UTC)})
		case p != nil:
			writeJSON(w, code, p)
		default:
			writeJSON(w, code, e)
		}
	})
}
