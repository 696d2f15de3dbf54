package pbx

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// openAPI returns the name of the API to add an alien call through. One that was
// opened in the name of the user is to be closed after the call.
func (s *session) openAPI(ctx context.Context, how AlienCalls, sip string) (string, error) {
	if how == AlienDirect {
		return apiPresence, nil
	}
	if !s.has(apiImpersonation) {
		return "", &APIError{PBX: s.name(), API: apiImpersonation}
	}
	m, err := s.request(ctx, question{api: apiImpersonation, name: "CreateApi", body: fields{"sip": sip, "target": apiPresence}})
	if err != nil {
		return "", err
	}
	return openedAPI(m)
}

// closeLate closes the API of a late answer to CreateApi.
func (s *session) closeLate(m message) error {
	if s.judge("CreateApi", m, nil) != nil {
		return nil
	}
	api, err := openedAPI(m)
	if err == nil {
		s.closeAPI(api)
	}
	return err
}

func (s *session) closeAPI(api string) {
	if api != apiPresence {
		_ = s.ask(closing(api), func(message, error) {})
	}
}

// closing closes an API that was opened in the name of a user.
func closing(api string) question {
	return question{api: apiImpersonation, name: "DeleteApi", body: fields{"target": api}}
}

// watchAs watches a user who hides from the App object in the user's own name instead,
// and reports whether that can be tried.
func (h *hub) watchAs(u *user) bool {
	w := u.watch
	s := w.on
	if !h.opts.WatchImpersonated || w.api != apiPresence || !s.has(apiImpersonation) {
		return false
	}
	h.ask(s, w.unsubscription(u), func(message, error) {})
	w.api, w.known, w.since = "", false, time.Time{} // until it has a name
	create := question{api: apiImpersonation, name: "CreateApi", body: fields{"sip": w.sip, "target": apiPresence}}
	h.ask(s, create, func(m message, err error) {
		var api string
		if err == nil {
			api, err = openedAPI(m)
		}
		switch {
		case u.watch != w && err == nil:
			s.closeAPI(api)
		case u.watch != w:
		case err != nil:
			h.opts.Logger.Debug("presence not watched in the name of the user", slog.String("guid", u.GUID), slog.Any("error", err))
			w.failed = err
			h.lose(u, err)
			h.hide(w, true)
		default:
			w.api = api
			h.subscribe(u)
		}
	})
	return true
}

func openedAPI(m message) (string, error) {
	var opened struct {
		Target string `json:"target"`
	}
	if err := m.into(&opened); err != nil {
		return "", err
	}
	if opened.Target == "" {
		return "", fmt.Errorf("%w: %s without target", ErrFrame, m.Name)
	}
	return opened.Target, nil
}
