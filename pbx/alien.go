package pbx

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
)

// AlienCalls says how an alien call finds its user. The SDK page of PbxApi shows
// the message without any field for one.
type AlienCalls string

const (
	// AlienImpersonated adds the call through an API opened in the name of the
	// user. It takes the check mark PbxImpersonation at the App object.
	AlienImpersonated AlienCalls = "impersonated"
	// AlienDirect names the user in the message, for PBX builds that read it.
	AlienDirect AlienCalls = "direct"
	// AlienOff refuses every alien call.
	AlienOff AlienCalls = "off"
)

// alienSrc begins the src of an AddAlienCall.
const alienSrc = "alien "

// AddAlienCall shows a user as being on the phone until DelAlienCall with the id, or
// until the connection whose number it returns ends, or until the user moves to
// another PBX. Only the home PBX of the user can do it. An error that matches
// [ErrRefused] says that it cannot be done at all. After any other error, if
// the answer still comes, the call is deleted again.
//
// Unless Options.AlienCallsUnseen is set, it waits until the calls are known that are there already on
// the home PBX: one that comes after an alien call, without its other end, could not be told from it. A
// PBX that has not told them within 30 seconds of the first question for them gets the alien call all the
// same: an error would come again with each try, and from one try to the next the caller would hold
// back whatever else it has to write for the user. The wait ends with the connection, with ctx, and with
// [presence.ErrWithdrawn] once the call is not wanted any more ([presence.Withdrawable]).
func (s *Server) AddAlienCall(ctx context.Context, guid string) (id int64, connection uint64, err error) {
	id, connection, err = s.addAlien(ctx, guid)
	if err != nil {
		return 0, 0, fmt.Errorf("add alien call of user %s: %w", guid, err)
	}
	return id, connection, nil
}

func (s *Server) addAlien(ctx context.Context, guid string) (int64, uint64, error) {
	if s.opts.AlienCalls == AlienOff {
		return 0, 0, fmt.Errorf("alien calls are switched off: %w", ErrRefused)
	}
	pbx, sip, err := s.alienHome(ctx, guid)
	if err != nil {
		return 0, 0, err
	}
	call, err := pbx.addAlien(ctx, s.opts.AlienCalls, guid, sip)
	if err != nil {
		return 0, 0, err
	}
	if !s.hub.routes.livesOn(guid, pbx.name()) {
		pbx.discard(call)
		return 0, 0, fmt.Errorf("user has left PBX %q meanwhile", pbx.name())
	}
	return call.id, pbx.number, nil
}

// alienHome returns the connection of the home PBX of a user, once the calls there are known, and
// the name of the user.
func (s *Server) alienHome(ctx context.Context, guid string) (*session, string, error) {
	for {
		pbx, sip, err := s.hub.routes.home(guid)
		if err != nil {
			return nil, "", err
		}
		waited, err := s.hub.awaitCalls(ctx, pbx, guid)
		if !waited {
			return pbx, sip, err
		}
	}
}

// DelAlienCall deletes an alien call of a user, on the PBX that holds it. An error
// that matches [ErrRefused] says that there is no such call any more, as
// after a reconnect or when the user has moved, or that the PBX would not delete it, which is
// seen to without the caller.
func (s *Server) DelAlienCall(ctx context.Context, guid string, id int64) error {
	pbx, call := s.hub.routes.alien(guid, id)
	err := fmt.Errorf("no PBX holds it: %w", ErrRefused)
	if call != nil {
		err = pbx.delAlien(ctx, call)
	}
	if err != nil {
		return fmt.Errorf("delete alien call %d of user %s: %w", id, guid, err)
	}
	return nil
}

func (s *session) addAlien(ctx context.Context, how AlienCalls, guid, sip string) (*alien, error) {
	api, err := s.openAPI(ctx, how, sip)
	if err != nil {
		return nil, err
	}
	call := &alien{guid: guid, sip: sip, api: api, src: alienSrc + strconv.FormatUint(s.lastSrc.Add(1), 10), at: time.Now()}
	s.aliens.add(call)
	m, err := s.request(ctx, question{api: api, name: "AddAlienCall", src: call.src, body: fields{"guid": guid, "sip": sip}})
	switch {
	case errors.Is(err, ErrRefused), errors.Is(err, errUnsent):
		s.forget(call)
	case err != nil:
		s.aliens.disown(call)
	}
	if err != nil {
		return nil, err
	}
	id, err := alienID(m)
	if err != nil {
		s.shut(call)
		return nil, err
	}
	s.aliens.answered(call, id)
	return call, nil
}

func (s *session) delAlien(ctx context.Context, call *alien) error {
	_, err := s.request(ctx, call.deletion())
	s.deleted(call, err)
	return err
}

// discard deletes a call that nobody wants any more, without waiting. One that may
// still be there afterwards remains unwanted.
func (s *session) discard(call *alien) {
	s.aliens.disown(call)
	_ = s.ask(call.deletion(), func(m message, err error) { s.deleted(call, s.judge("DelAlienCall", m, err)) })
}

// deleted takes what a DelAlienCall has come to. A refusal leaves open whether the call is there:
// where it has no API to end with, the deletion is due again, and a second refusal says that it is gone.
func (s *session) deleted(call *alien, err error) {
	switch {
	case err == nil:
		s.forget(call)
	case !errors.Is(err, ErrRefused):
	case call.api != apiPresence:
		s.shut(call)
	case s.aliens.resists(call):
		s.aliens.remove(call)
	}
}

// shut ends a call that may be there and cannot be named by closing the API that was opened
// for it. Where that fails it is due again; of an API that was to be closed before, a refusal
// says that it is gone.
func (s *session) shut(call *alien) {
	if call.api == apiPresence {
		s.aliens.remove(call)
		return
	}
	s.aliens.unname(call)
	again := s.aliens.resists(call)
	_ = s.ask(closing(call.api), func(m message, err error) {
		err = s.judge("DeleteApi", m, err)
		if err == nil || again && errors.Is(err, ErrRefused) {
			s.aliens.remove(call)
		}
	})
}

// forget drops a call that is known not to be, with the API that was opened for it.
func (s *session) forget(call *alien) {
	if s.aliens.remove(call) {
		s.closeAPI(call.api)
	}
}

// withdraw handles a late answer to AddAlienCall, for which nobody waits any more.
func (s *session) withdraw(m message) error {
	call := s.aliens.late(m)
	switch {
	case call == nil:
		return nil
	case s.judge("AddAlienCall", m, nil) != nil:
		s.forget(call)
		return nil
	}
	id, err := alienID(m)
	if err != nil {
		s.shut(call)
		return err
	}
	s.aliens.answered(call, id)
	s.discard(call)
	return nil
}

// evict deletes the alien calls of a user on every PBX but the new home, if any.
func (h *hub) evict(guid, home string) {
	for _, s := range h.routes.all() {
		if s.name() == home {
			continue
		}
		for _, call := range s.aliens.of(guid) {
			s.discard(call)
		}
	}
}

func (c *alien) deletion() question {
	return question{api: c.api, name: "DelAlienCall", body: fields{"id": c.id, "guid": c.guid, "sip": c.sip}}
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
