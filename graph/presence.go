package graph

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/pbx365/connector/presence"
)

// Presence is one look at one person.
type Presence struct {
	// User is the object id, spelled as the caller spelled it.
	User string
	Seen presence.TeamsSeen
}

// Presences reads any number of people, 650 a call, one call after the other.
// The result is in the order of users. Somebody Graph leaves out of its answer
// shows PresenceUnknown.
//
// A call that fails does not stop the others: what could be read is returned
// together with the error. Graph has 10 seconds for each, and is asked again up to
// three times where it is unavailable.
func (c *Client) Presences(ctx context.Context, users []string) ([]Presence, error) {
	var (
		all  []Presence
		errs []error
	)
	for batch := range slices.Chunk(users, bulkLimit) {
		read, err := c.bulk(urgent(ctx, urgentRead), batch)
		if err != nil {
			errs = append(errs, err)
		}
		all = append(all, read...)
		if ctx.Err() != nil {
			break
		}
	}
	return all, errors.Join(errs...)
}

// Look reads one person.
func (c *Client) Look(ctx context.Context, user string) (presence.TeamsSeen, error) {
	read, err := c.bulk(urgent(ctx, urgentLook), []string{user})
	if err != nil {
		return presence.TeamsSeen{}, err
	}
	return read[0].Seen, nil
}

// SetSession holds a presence session of the application for a person (Graph:
// presence: setPresence). It replaces the one before and ends after lifetime,
// which Graph wants between 5 minutes and 4 hours. What the person shows is for
// Graph to decide among all sessions.
func (c *Client) SetSession(ctx context.Context, user string, v presence.Teams, lifetime time.Duration) error {
	return c.session(urgent(ctx, urgentCall), opSetSession, user, v, lifetime)
}

// RenewSession is SetSession for a session that is held already: it lets go first
// whatever somebody waits for.
func (c *Client) RenewSession(ctx context.Context, user string, v presence.Teams, lifetime time.Duration) error {
	return c.session(urgent(ctx, urgentKeep), opRenewSession, user, v, lifetime)
}

func (c *Client) session(ctx context.Context, op, user string, v presence.Teams, lifetime time.Duration) error {
	return c.call(ctx, op, func() error {
		expires, err := lifetimeOf(lifetime)
		if err != nil {
			return err
		}
		body := users.NewItemPresenceSetPresencePostRequestBody()
		body.SetSessionId(&c.appID)
		body.SetAvailability(&v.Availability)
		body.SetActivity(&v.Activity)
		body.SetAdditionalData(expires)
		return c.sdk.users().ByUserId(user).Presence().SetPresence().Post(ctx, body, nil)
	})
}

// ClearSession ends the session of the application (Graph: presence:
// clearPresence). That there is none is no error.
func (c *Client) ClearSession(ctx context.Context, user string) error {
	ctx = urgent(ctx, urgentCall)
	err := c.call(ctx, opClearSession, func() error {
		body := users.NewItemPresenceClearPresencePostRequestBody()
		body.SetSessionId(&c.appID)
		return c.sdk.users().ByUserId(user).Presence().ClearPresence().Post(ctx, body, nil)
	})
	if absent(err) {
		return nil
	}
	return err
}

// SetPreferred sets what the person shows wherever there is a session at all
// (Graph: presence: setUserPreferredPresence). It takes the place of what the
// person has chosen by hand.
func (c *Client) SetPreferred(ctx context.Context, user string, v presence.Teams, lifetime time.Duration) error {
	ctx = urgent(ctx, urgentHand)
	return c.call(ctx, opSetPreferred, func() error {
		expires, err := lifetimeOf(lifetime)
		if err != nil {
			return err
		}
		body := users.NewItemPresenceSetUserPreferredPresencePostRequestBody()
		body.SetAvailability(&v.Availability)
		body.SetActivity(&v.Activity)
		body.SetAdditionalData(expires)
		return c.sdk.users().ByUserId(user).Presence().SetUserPreferredPresence().Post(ctx, body, nil)
	})
}

// ClearPreferred takes that away, also where the person has chosen it (Graph:
// presence: clearUserPreferredPresence).
func (c *Client) ClearPreferred(ctx context.Context, user string) error {
	ctx = urgent(ctx, urgentHand)
	return c.call(ctx, opClearPreferred, func() error {
		return c.sdk.users().ByUserId(user).Presence().ClearUserPreferredPresence().Post(ctx, nil)
	})
}

// lifetimeOf is the property expirationDuration, in ISO 8601. It is handed to the
// SDK as a string, since the SDK writes seven days as "P1W", and weeks are not
// part of the durations that Graph documents.
func lifetimeOf(d time.Duration) (map[string]any, error) {
	s := int64(d.Round(time.Second) / time.Second)
	if s <= 0 {
		return nil, fmt.Errorf("lifetime %v is too short", d)
	}
	var b strings.Builder
	b.WriteByte('P')
	part := func(n int64, unit byte) {
		if n > 0 {
			fmt.Fprintf(&b, "%d%c", n, unit)
		}
	}
	part(s/86400, 'D')
	if s%86400 > 0 {
		b.WriteByte('T')
	}
	part(s/3600%24, 'H')
	part(s/60%60, 'M')
	part(s%60, 'S')
	return map[string]any{"expirationDuration": b.String()}, nil
}
