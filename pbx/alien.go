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
// another PBX, or the PBX to a newer connection. Only the home PBX of the user can do it. An error that matches
// [ErrRefused] says that it cannot be done at all, and the connection is the one that was asked, or 0. After
// any other error, if the answer still comes, the call is deleted again.
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
		return 0, connection, fmt.Errorf("add alien call of user %s: %w", guid, err)
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
		return 0, pbx.number, err
	}
	if now, _, _ := s.hub.routes.home(guid); now != pbx {
		pbx.discard(call)
		return 0, 0, fmt.Errorf("user has left connection %d of PBX %q meanwhile", pbx.number, pbx.name())
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
// after a reconnect or when the user has moved. After any other it may still be there. A call that
// the PBX would not delete ends with the API that was opened for it; where that was refused as well,
// or there is none, another refusal some time later says that it is gone.
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
		s.ended(call)
	case err != nil:
		s.aliens.disown(call)
	}
	if err != nil {
		return nil, err
	}
	id, err := alienID(m)
	if err != nil {
		s.discard(call)
		return nil, err
	}
	s.aliens.answered(call, id)
	return call, nil
}

// withdraw handles a late answer to AddAlienCall, for which nobody waits any more.
func (s *session) withdraw(m message) error {
	call := s.aliens.late(m)
	switch {
	case call == nil:
		return nil
	case s.judge("AddAlienCall", m, nil) != nil:
		s.ended(call)
		return nil
	}
	id, err := alienID(m)
	if err == nil {
		s.aliens.answered(call, id)
	}
	s.discard(call)
	return err
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
