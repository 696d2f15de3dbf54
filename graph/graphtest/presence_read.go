package graphtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

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
	body := p.resource(id == c.object)
	body.Context = s.context("users('" + p.ID + "')/presence/$entity")
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
	if s.o.RefuseUnknown && slices.ContainsFunc(asked.IDs, func(id string) bool { return s.byID[normal(id)] == nil }) {
		return 0, nil, badRequest("Bad Request")
	}
	var body bytes.Buffer
	fmt.Fprintf(&body, `{"@odata.context":%q,"value":[`, s.context("Collection(microsoft.graph.presence)"))
	for i, id := range asked.IDs {
		one := s.rendered(id, c.object)
		if one == nil {
			continue
		}
		if i > 0 && body.Bytes()[body.Len()-1] != '[' {
			body.WriteByte(',')
		}
		body.Write(one)
	}
	body.WriteString("]}\n")
	return http.StatusOK, body.Bytes(), nil
}

// rendered is the presence of a person as the caller reads it, or nil where it is left out.
// Called with mu held.
func (s *Server) rendered(id, caller string) []byte {
	p := s.byID[normal(id)]
	switch {
	case p == nil && s.o.OmitUnknown:
		return nil
	case p == nil:
		return marshal(presenceResource{ID: id, Availability: "PresenceUnknown", Activity: "PresenceUnknown"})
	case id == caller:
		return marshal(p.resource(true))
	case p.rendered == nil:
		p.rendered = marshal(p.resource(false))
	}
	return p.rendered
}

// presenceResource is the presence resource type.
type presenceResource struct {
	Context       string      `json:"@odata.context,omitempty"`
	ID            string      `json:"id"`
	Availability  string      `json:"availability"`
	Activity      string      `json:"activity"`
	Sequence      *string     `json:"sequenceNumber"`
	StatusMessage any         `json:"statusMessage"`
	OutOfOffice   outOfOffice `json:"outOfOfficeSettings"`
	WorkLocation  any         `json:"workLocation"`
}

type outOfOffice struct {
	Message *string `json:"message"`
	Is      bool    `json:"isOutOfOffice"`
}

// resource is the presence of p; own shows what only the person may see.
func (p *person) resource(own bool) presenceResource {
	return presenceResource{
		ID: p.ID, Availability: p.shown.Availability, Activity: p.shown.Activity, Sequence: &p.sequence,
		StatusMessage: p.message.json(own), OutOfOffice: outOfOffice{Is: p.shown.Activity == "OutOfOffice"},
	}
}

func marshal(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic("graphtest: encode: " + err.Error())
	}
	return raw
}

// context is the @odata.context of an answer. Called with mu held.
func (s *Server) context(of string) string { return s.graphURL() + "/$metadata#" + of }
