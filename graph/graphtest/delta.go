package graphtest

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// deltaState is what a $skiptoken or $deltatoken of users/delta stands for.
type deltaState struct {
	Since  int    `json:"s"` // changes after this revision; zero: everybody
	Until  int    `json:"u"` // revision when the round began, where the next one takes up
	From   int    `json:"f"` // entry the page begins with
	Epoch  int    `json:"e"`
	Issued int64  `json:"t"` // Unix seconds
	Select string `json:"q"`
	Begun  bool   `json:"b"` // the empty page is over
}

func (d deltaState) token() string {
	raw, err := json.Marshal(d)
	if err != nil {
		panic("graphtest: encode delta token: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(raw)
}

func parseDelta(token string) (d deltaState, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(token)
	if err == nil {
		err = json.Unmarshal(raw, &d)
	}
	return d, err == nil
}

// ExpireDelta has Graph forget all delta tokens: the next use of one is answered 410.
func (s *Server) ExpireDelta() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.epoch++
	s.announce()
}

func (s *Server) deltaUsers(c *call) (int, any, error) {
	if err := c.mayReadUsers(); err != nil {
		return 0, nil, err
	}
	query := c.URL.Query()
	for _, option := range []string{"$top", "$expand", "$orderby", "$filter"} {
		if query.Has(option) {
			return 0, nil, fail(http.StatusBadRequest, "Request_UnsupportedQuery", "The query option %s is not supported for users/delta.", option)
		}
	}
	now := s.begin()
	defer s.mu.Unlock()
	state, err := s.deltaState(query, now)
	if err != nil {
		return 0, nil, err
	}
	fields, err := selected(url.Values{"$select": {state.Select}})
	if err != nil {
		return 0, nil, err
	}

	body := map[string]any{"@odata.context": s.context("users")}
	if s.o.RaggedDelta && !state.Begun {
		state.Begun = true
		body["value"], body["@odata.nextLink"] = []any{}, s.deltaLink("$skiptoken", state)
		return http.StatusOK, body, nil
	}
	value := make([]any, 0, s.o.Page)
	last := 0
	for _, p := range s.people[min(state.From, len(s.people)):] {
		if p.revision <= state.Since || state.Since == 0 && p.removed != "" {
			continue
		}
		if len(value) == s.o.Page {
			if state.From = p.index; s.o.RaggedDelta && len(value) > 1 {
				state.From = last // once more
			}
			body["@odata.nextLink"] = s.deltaLink("$skiptoken", state)
			break
		}
		last = p.index
		entry := map[string]any{"id": p.ID, "@removed": map[string]any{"reason": p.removed}}
		if p.removed == "" {
			entry = p.userJSON(fields)
		}
		value = append(value, entry)
	}
	body["value"] = value
	if body["@odata.nextLink"] == nil {
		state.Since, state.From, state.Issued, state.Begun = state.Until, 0, now.Unix(), false
		body["@odata.deltaLink"] = s.deltaLink("$deltatoken", state)
	}
	return http.StatusOK, body, nil
}

// deltaState returns where a request takes up. Called with mu held.
func (s *Server) deltaState(query url.Values, now time.Time) (deltaState, error) {
	fresh := deltaState{Until: s.revision, Epoch: s.epoch, Issued: now.Unix(), Select: query.Get("$select")}
	token, skip := query.Get("$deltatoken"), query.Get("$skiptoken")
	switch {
	case token == "latest":
		fresh.Since, fresh.From = s.revision, len(s.people)
		return fresh, nil
	case token == "" && skip == "":
		return fresh, nil
	}
	state, ok := parseDelta(token + skip)
	switch {
	case !ok || state.From < 0:
		return state, badRequest("The delta token is malformed.")
	case state.Epoch != s.epoch || now.Sub(time.Unix(state.Issued, 0)) > deltaTTL:
		return state, fail(http.StatusGone, "syncStateNotFound", "The sync state generation is not found; a full sync is needed.")
	case skip == "":
		state.Until = s.revision
	}
	return state, nil
}

func (s *Server) deltaLink(option string, state deltaState) string {
	return s.graphURL() + "/users/delta?" + option + "=" + state.token()
}
