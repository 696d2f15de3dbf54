package bridge

import (
	"context"
	"time"

	"github.com/pbx365/connector/presence"
)

// Teams is what the bridge asks of Microsoft Teams, for the person with an object
// id. Its methods are called from many goroutines, for one person from one at a
// time. An error that matches [presence.ErrRefused] ends the matter; after any
// other the write is repeated with a growing delay, so it must be idempotent. What
// still waits to be sent when its ctx is withdrawn ([presence.Withdrawable]) should end
// with [presence.ErrWithdrawn], since something else has been decided.
type Teams interface {
	// SetSession sets the presence session of the application.
	SetSession(ctx context.Context, user string, v presence.Teams, lifetime time.Duration) error
	// RenewSession does the same for one that is held. It may let other calls go first.
	RenewSession(ctx context.Context, user string, v presence.Teams, lifetime time.Duration) error
	// ClearSession removes it. That there is none is no error.
	ClearSession(ctx context.Context, user string) error
	// SetPreferred sets the preferred presence.
	SetPreferred(ctx context.Context, user string, v presence.Teams, lifetime time.Duration) error
	// ClearPreferred clears it.
	ClearPreferred(ctx context.Context, user string) error
	// Look reads what Teams shows now.
	Look(ctx context.Context, user string) (presence.TeamsSeen, error)
}

// PBX is what the bridge asks of the telephone system, for the user with a guid.
// The rules are those of [Teams].
type PBX interface {
	// SetPresence replaces what the presence contact of the user holds.
	SetPresence(ctx context.Context, guid string, p presence.PBX) error
	// AddAlienCall shows the user on the phone. The id is good for the connection.
	AddAlienCall(ctx context.Context, guid string) (id int64, connection uint64, err error)
	// DelAlienCall ends that.
	DelAlienCall(ctx context.Context, guid string, id int64) error
}
