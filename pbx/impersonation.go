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
	return s.openedAPI(m)
}

// closeLate closes the API of a late answer to CreateApi.
func (s *session) closeLate(m message) error {
	if s.judge("CreateApi", m, nil) != nil {
		return nil
	}
	api, err := s.openedAPI(m)
	if err == nil {
		s.closeAPI(api)
	}
	return err
}

// closeAPI closes an API that was opened in the name of a user. It is tried again until the PBX
// answers, whatever that is.
func (s *session) closeAPI(api string) {
	if api == apiPresence {
		return
	}
	s.unclosed.Store(api, false)
	_ = s.ask(closing(api), func(_ message, err error) {
		if err == nil {
			s.unclosed.Delete(api)
		} else {
			s.unclosed.CompareAndSwap(api, false, true)
		}
	})
}

// closing closes an API that was opened in the name of a user.
func closing(api string) question {
	return question{api: apiImpersonation, name: "DeleteApi", body: fields{"target": api}, urgent: true}
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
			api, err = s.openedAPI(m)
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

// openedAPI reads the name of an API that was opened. Another one that had it is gone, with its call:
// names are given again.
func (s *session) openedAPI(m message) (string, error) {
	var opened struct {
		Target string `json:"target"`
	}
	if err := m.into(&opened); err != nil {
		return "", err
	}
	if opened.Target == "" {
		return "", fmt.Errorf("%w: %s without target", ErrFrame, m.Name)
	}
	s.unclosed.Delete(opened.Target)
	if call := s.aliens.first(func(c *alien) bool { return c.api == opened.Target }); call != nil {
		s.aliens.remove(call)
	}
	return opened.Target, nil
}
