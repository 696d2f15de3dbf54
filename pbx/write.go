package pbx

import (
	"context"
	"fmt"
)

// SetPresence writes the contact of a user (Options.Contact), through the home PBX
// or, while that is not connected, the master. An empty activity is what takes
// a value away. An error that matches [ErrRefused] is final.
func (s *Server) SetPresence(ctx context.Context, guid string, p Presence) error {
	pbx, err := s.hub.routes.writer(guid)
	if err == nil {
		body := setPresence{GUID: guid, Contact: s.opts.Contact, Activity: p.Activity, Note: p.Note}
		if s.opts.ContactUnnamed {
			body.Contact = ""
		}
		_, err = pbx.request(ctx, question{api: apiPresence, name: "SetPresence", body: body})
	}
	if err != nil {
		return fmt.Errorf("set presence of user %s: %w", guid, err)
	}
	return nil
}

// setPresence is the body of a SetPresence. What is empty is said all the same: it takes
// away what was there.
type setPresence struct {
	GUID     string `json:"guid"`
	Contact  string `json:"contact,omitempty"`
	Activity string `json:"activity"`
	Note     string `json:"note"`
}

// Request asks a PBX anything: a message of one of its APIs that this package has no
// method for. The members of params, a struct or map or nil, are those of the message
// besides mt, api and src, which are set here; result is nil or takes the answer. An
// error that matches [ErrRefused] is the PBX's own; one that matches [ErrNotConnected],
// [ErrTimeout] or that of ctx is worth another try.
func (s *Server) Request(ctx context.Context, pbx, api, name string, params, result any) error {
	err := s.ask(ctx, pbx, question{api: api, name: name, body: params}, result)
	if err != nil {
		return fmt.Errorf("%s on PBX %q: %w", name, pbx, err)
	}
	return nil
}

func (s *Server) ask(ctx context.Context, pbx string, q question, result any) error {
	to := s.hub.routes.of(pbx, q.api)
	switch {
	case to == nil:
		return ErrNotConnected
	case !to.has(q.api):
		return &APIError{PBX: pbx, API: q.api}
	}
	m, err := to.request(ctx, q)
	if err != nil || result == nil {
		return err
	}
	return m.into(result)
}
