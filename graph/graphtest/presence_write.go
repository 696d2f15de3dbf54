package graphtest

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Write is a presence write that was asked for, whether it was done or refused.
type Write struct {
	Time time.Time
	// User is the object id in the request.
	User string
	// App is the client id of the caller.
	App string
	// Action is one of the presence routes.
	Action Route
	// Session is the session id in the request.
	Session string
	// Pair is what was asked for; empty where something was cleared.
	Pair
	// Duration is the asked lifetime. Zero: none was asked for.
	Duration time.Duration
	// Status is the answer: 200, or why it was refused.
	Status int
	// Lost says that a fault took the place of that answer.
	Lost bool
}

// writesLimit is how many presence writes are kept.
const writesLimit = 1 << 17

// Writes returns the newest presence writes, the latest 65536 at least, oldest first.
func (s *Server) Writes() []Write {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.writes)
}

// presenceRequest is the body of all presence writes.
type presenceRequest struct {
	SessionID          string         `json:"sessionId"`
	Availability       string         `json:"availability"`
	Activity           string         `json:"activity"`
	ExpirationDuration *string        `json:"expirationDuration"`
	StatusMessage      *statusMessage `json:"statusMessage"`
}

// order is a presence write that was understood.
type order struct {
	Write
	person *person
	now    time.Time
	status *statusMessage
}

const (
	sessionLife    = 5 * time.Minute
	sessionLifeMax = 4 * time.Hour
)

func sessionPairs() []Pair {
	return []Pair{
		{"Available", "Available"}, {"Busy", "InACall"}, {"Busy", "InAConferenceCall"},
		{"Away", "Away"}, {"DoNotDisturb", "Presenting"},
	}
}

func preferredPairs() []Pair {
	return []Pair{
		{"Available", "Available"}, {"Busy", "Busy"}, {"DoNotDisturb", "DoNotDisturb"},
		{"BeRightBack", "BeRightBack"}, {"Away", "Away"}, {"Offline", "OffWork"},
	}
}

func (s *Server) setPresence(c *call) (int, any, error) {
	return s.write(c, RouteSetPresence, func(o order) error {
		life := o.Duration
		if life == 0 {
			life = sessionLife
		}
		switch pair, ok := accepted(o.Pair, sessionPairs()); {
		case !ok:
			return badRequest("The combination of availability and activity is not supported.")
		case life < sessionLife || life > sessionLifeMax:
			return badRequest("expirationDuration must be between PT5M and PT4H.")
		case !strings.EqualFold(o.Session, c.app):
			return badRequest("sessionId must be the application id of the caller.")
		default:
			o.person.setSession(Session{ID: c.app, Pair: pair, Set: o.now, Expires: o.now.Add(life)})
			return nil
		}
	})
}

func (s *Server) clearPresence(c *call) (int, any, error) {
	return s.write(c, RouteClearPresence, func(o order) error {
		if !strings.EqualFold(o.Session, c.app) {
			return badRequest("sessionId must be the application id of the caller.")
		}
		if !o.person.endSession(c.app) {
			return fail(http.StatusNotFound, "NotFound", "The presence session was not found.")
		}
		return nil
	})
}

func (s *Server) setPreferred(c *call) (int, any, error) {
	return s.write(c, RouteSetPreferred, func(o order) error {
		pair, ok := accepted(o.Pair, preferredPairs())
		if !ok {
			return badRequest("The combination of availability and activity is not supported.")
		}
		life := o.Duration
		if life == 0 {
			life = pair.preferredLife()
		}
		o.person.preferred = &Preferred{Pair: pair, Set: o.now, Expires: o.now.Add(life)}
		return nil
	})
}

func (s *Server) clearPreferred(c *call) (int, any, error) {
	return s.write(c, RouteClearPreferred, func(o order) error {
		o.person.preferred = nil
		return nil
	})
}

// setStatusMessage keeps the message. It is no visible change of presence.
func (s *Server) setStatusMessage(c *call) (int, any, error) {
	return s.write(c, RouteSetStatus, func(o order) error {
		if err := o.status.check(); err != nil {
			return err
		}
		o.person.message = o.status.published(o.now)
		return nil
	})
}

// write checks who asks for what, does it and keeps a record either way.
func (s *Server) write(c *call, action Route, do func(order) error) (int, any, error) {
	o := order{Write: Write{User: c.PathValue("id"), App: c.app, Action: action, Lost: c.lost}}
	id, err := c.subject()
	if err == nil {
		o.User = id
		err = o.read(c)
	}
	s.o.Arrived(o.Write)
	o.now = s.begin()
	defer s.mu.Unlock()
	o.Time, o.Status = o.now, http.StatusOK
	if err == nil {
		err = s.allowWrite(c, &o)
	}
	if err == nil {
		err = do(o)
	}
	var refused *failure
	if errors.As(err, &refused) {
		o.Status = refused.status
	}
	s.writes = record(s.writes, o.Write, writesLimit)
	s.announce()
	if err != nil {
		return 0, nil, err
	}
	s.refresh(o.person, o.now)
	return http.StatusOK, nil, nil
}

// read takes over the body of a write.
func (o *order) read(c *call) error {
	var asked presenceRequest
	if err := c.decode(&asked); err != nil {
		return err
	}
	o.Session = asked.SessionID
	o.Pair = Pair{asked.Availability, asked.Activity}
	o.status = asked.StatusMessage
	if asked.ExpirationDuration == nil {
		return nil
	}
	life, ok := parseDuration(*asked.ExpirationDuration)
	if !ok || life <= 0 {
		return badRequest("expirationDuration is not a duration.")
	}
	o.Duration = life
	return nil
}

// allowWrite checks the permission and finds the person. Called with mu held.
func (s *Server) allowWrite(c *call, o *order) error {
	switch {
	case c.person && !c.may("Presence.ReadWrite"), !c.person && !c.may("Presence.ReadWrite.All"):
		return forbidden()
	case c.person && !strings.EqualFold(o.User, c.object):
		return fail(http.StatusUnauthorized, "Unauthorized", "Cannot set the presence of another user")
	}
	o.person = s.byID[normal(o.User)]
	switch {
	case o.person == nil:
		return notFound(o.User)
	case !o.person.licensed():
		return fail(http.StatusForbidden, "ServiceError", "An error has occurred.")
	}
	return nil
}

// accepted finds a pair among those that may be set, whatever its letter case, and
// returns it in the usual one.
func accepted(pair Pair, among []Pair) (Pair, bool) {
	i := slices.IndexFunc(among, func(p Pair) bool {
		return strings.EqualFold(p.Availability, pair.Availability) && strings.EqualFold(p.Activity, pair.Activity)
	})
	if i < 0 {
		return Pair{}, false
	}
	return among[i], true
}
