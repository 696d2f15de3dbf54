package graphtest

import (
	"net/http"

	"github.com/google/uuid"
)

const maxIDs = 650

func forbidden() *failure {
	return fail(http.StatusForbidden, "Forbidden", "The request is not authorized for this user or application.")
}

func notFound(id string) *failure {
	return fail(http.StatusNotFound, "NotFound", "The presence of '%s' was not found.", id)
}

// subject returns the object id that the path of a presence request names.
func (c *call) subject() (string, error) {
	id := c.PathValue("id")
	switch {
	case id == "" && !c.person:
		return "", badRequest("/me request is only valid with delegated authentication flow.")
	case id == "":
		return c.object, nil
	case !isGUID(id):
		return "", badRequest("The user id '%s' is not a GUID.", id)
	}
	return id, nil
}

func isGUID(id string) bool { return len(id) == 36 && uuid.Validate(id) == nil }

func (s *Server) getPresence(c *call) (int, any, error) {
	id, err := c.subject()
	if err != nil {
		return 0, nil, err
	}
	own := c.person && id == c.object && c.may("Presence.Read", "Presence.ReadWrite")
	if !own && !c.may("Presence.Read.All", "Presence.ReadWrite.All") {
		return 0, nil, forbidden()
	}
	if c.URL.Query().Has("$select") {
		return 0, nil, badRequest("The query option $select is not supported for presence.")
	}
	s.begin()
	defer s.mu.Unlock()
	p := s.byID[normal(id)]
	if p == nil {
		return 0, nil, notFound(id)
	}
	body := p.presenceJSON(id == c.object)
	body["@odata.context"] = s.context("users('" + p.ID + "')/presence/$entity")
	return http.StatusOK, body, nil
}

func (s *Server) getPresences(c *call) (int, any, error) {
	if !c.may("Presence.Read.All", "Presence.ReadWrite.All") {
		return 0, nil, forbidden()
	}
	var asked struct {
		IDs []string `json:"ids"`
	}
	if err := c.decode(&asked); err != nil {
		return 0, nil, err
	}
	switch {
	case len(asked.IDs) == 0:
		return 0, nil, badRequest("The parameter ids is missing.")
	case len(asked.IDs) > maxIDs:
		return 0, nil, badRequest("Bad Request")
	}
	for _, id := range asked.IDs {
		if !isGUID(id) {
			return 0, nil, badRequest("The user id '%s' is not a GUID.", id)
		}
	}
	s.begin()
	defer s.mu.Unlock()
	value := make([]any, 0, len(asked.IDs))
	for _, id := range asked.IDs {
		if p := s.byID[normal(id)]; p != nil {
			value = append(value, p.presenceJSON(id == c.object))
		} else if !s.o.OmitUnknown {
			value = append(value, presenceJSON(id, Pair{"PresenceUnknown", "PresenceUnknown"}, nil))
		}
	}
	return http.StatusOK, map[string]any{
		"@odata.context": s.context("Collection(microsoft.graph.presence)"), "value": value,
	}, nil
}

// presenceJSON is the presence resource; own shows what only the person may see.
func (p *person) presenceJSON(own bool) map[string]any {
	body := presenceJSON(p.ID, p.shown, p.message.json(own))
	body["sequenceNumber"] = p.sequence
	return body
}

func presenceJSON(id string, shown Pair, message any) map[string]any {
	return map[string]any{
		"id":                  id,
		"availability":        shown.Availability,
		"activity":            shown.Activity,
		"sequenceNumber":      nil,
		"statusMessage":       message,
		"outOfOfficeSettings": map[string]any{"message": nil, "isOutOfOffice": shown.Activity == "OutOfOffice"},
		"workLocation":        nil,
	}
}

// context is the @odata.context of an answer. Called with mu held.
func (s *Server) context(of string) string { return s.graphURL() + "/$metadata#" + of }
