package pbx

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/pbx365/connector/presence"
)

// aliens are the alien calls of one connection (innovaphone SDK: PbxApi,
// PbxImpersonation). They end with it. The zero value holds none.
type aliens struct {
	mu    sync.Mutex // protects following
	holds map[string]int
	apis  map[alienCall]string // the API through which each was added
}

// alienSrc and the GUID of the user are the src of an AddAlienCall, so that a late
// answer tells whose call it is about.
const alienSrc = "alien "

// alienCall names an alien call. Its id alone may not be unique among users.
type alienCall struct {
	guid string
	id   int64
}

// held reports whether an alien call for a user exists, or may exist.
func (a *aliens) held(guid string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.holds[guid] > 0
}

func (a *aliens) hold(guid string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.holds == nil {
		a.holds, a.apis = map[string]int{}, map[alienCall]string{}
	}
	a.holds[guid]++
}

func (a *aliens) release(guid string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.holds[guid] > 1 {
		a.holds[guid]--
	} else {
		delete(a.holds, guid)
	}
}

func (a *aliens) added(c alienCall, api string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.apis[c] = api
}

func (a *aliens) api(c alienCall) (string, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	api, ok := a.apis[c]
	return api, ok
}

// deleted forgets a call, and reports whether it was one that had been added here.
func (a *aliens) deleted(c alienCall) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.apis[c]
	delete(a.apis, c)
	return ok
}

// AddAlienCall shows a user as being on the phone until DelAlienCall with the id, or
// until the connection whose number it returns ends. Only the home PBX of the user
// can do it. An error that matches [presence.ErrRefused] says that it cannot be done
// at all. After any other error, if the answer still comes, the call is deleted again.
func (s *Server) AddAlienCall(ctx context.Context, guid string) (id int64, connection uint64, err error) {
	pbx, sip, err := s.alienHome(guid)
	if err == nil {
		id, err = pbx.addAlien(ctx, s.opts.AlienCalls, guid, sip)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("add alien call of user %s: %w", guid, err)
	}
	return id, pbx.number, nil
}

// DelAlienCall deletes an alien call of a user. An error that matches
// [presence.ErrRefused] says that the home PBX knows no such call, as after a
// reconnect.
func (s *Server) DelAlienCall(ctx context.Context, guid string, id int64) error {
	pbx, sip, err := s.alienHome(guid)
	if err == nil {
		err = pbx.delAlien(ctx, s.opts.AlienCalls, guid, sip, id)
	}
	if err != nil {
		return fmt.Errorf("delete alien call %d of user %s: %w", id, guid, err)
	}
	return nil
}

func (s *Server) alienHome(guid string) (*session, string, error) {
	if s.opts.AlienCalls == AlienOff {
		return nil, "", fmt.Errorf("alien calls are switched off: %w", presence.ErrRefused)
	}
	return s.hub.routes.home(guid)
}

func (s *session) addAlien(ctx context.Context, how AlienCalls, guid, sip string) (int64, error) {
	api, err := s.openAPI(ctx, how, sip)
	if err != nil {
		return 0, err
	}
	s.aliens.hold(guid)
	m, err := s.request(ctx, api, "AddAlienCall", fields{"src": alienSrc + guid, "guid": guid, "sip": sip})
	if errors.Is(err, presence.ErrRefused) {
		s.aliens.release(guid)
		s.closeAPI(api)
	}
	if err != nil {
		return 0, err
	}
	id, err := alienID(m)
	if err != nil {
		return 0, err
	}
	s.aliens.added(alienCall{guid, id}, api)
	return id, nil
}

func (s *session) delAlien(ctx context.Context, how AlienCalls, guid, sip string, id int64) error {
	call := alienCall{guid, id}
	api, ok := s.aliens.api(call)
	if !ok {
		var err error
		if api, err = s.openAPI(ctx, how, sip); err != nil {
			return err
		}
	}
	_, err := s.request(ctx, api, "DelAlienCall", fields{"id": id, "guid": guid, "sip": sip})
	if err != nil && !errors.Is(err, presence.ErrRefused) {
		return err
	}
	if s.aliens.deleted(call) {
		s.aliens.release(guid)
	}
	s.closeAPI(api)
	return err
}

// withdraw deletes the alien call of a late answer, for which nobody waits any more.
func (s *session) withdraw(m message) error {
	guid := strings.TrimPrefix(string(m.Src), alienSrc)
	if m.failure(s.name(), m.Name) != nil {
		s.aliens.release(guid)
		s.closeAPI(m.API)
		return nil
	}
	id, err := alienID(m)
	if err != nil {
		return err
	}
	_ = s.ask(m.API, "DelAlienCall", fields{"id": id, "guid": guid}, func(_ message, err error) {
		if err == nil {
			s.aliens.release(guid)
		}
	})
	s.closeAPI(m.API)
	return nil
}

// openAPI returns the name of the API to add an alien call through. One that was
// opened in the name of the user is to be closed after the call.
func (s *session) openAPI(ctx context.Context, how AlienCalls, sip string) (string, error) {
	if how == AlienDirect {
		return apiPresence, nil
	}
	if !s.has(apiImpersonation) {
		return "", &APIError{PBX: s.name(), API: apiImpersonation}
	}
	m, err := s.request(ctx, apiImpersonation, "CreateApi", fields{"sip": sip, "target": apiPresence})
	if err != nil {
		return "", err
	}
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

func (s *session) closeAPI(api string) {
	if api != apiPresence {
		_ = s.ask(apiImpersonation, "DeleteApi", fields{"target": api}, func(message, error) {})
	}
}

func alienID(m message) (int64, error) {
	var added struct {
		ID *int64 `json:"id"`
	}
	if err := m.into(&added); err != nil {
		return 0, err
	}
	if added.ID == nil {
		return 0, fmt.Errorf("%w: %s without id", ErrFrame, m.Name)
	}
	return *added.ID, nil
}
