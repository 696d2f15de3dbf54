package pbx

import (
	"context"
	"fmt"

	"github.com/pbx365/connector/presence"
)

// SetPresence writes the contact of a user (Options.Contact), through the home PBX
// or, while that is not connected, the master. An empty activity is what takes
// a value away. An error that matches [presence.ErrRefused] is final.
func (s *Server) SetPresence(ctx context.Context, guid string, p presence.PBX) error {
	pbx, err := s.hub.routes.writer(guid)
	if err == nil {
		_, err = pbx.request(ctx, apiPresence, "SetPresence", fields{
			"guid":     guid,
			"contact":  s.opts.Contact,
			"activity": p.Activity,
			"note":     p.Note,
		})
	}
	if err != nil {
		return fmt.Errorf("set presence of user %s: %w", guid, err)
	}
	return nil
}
