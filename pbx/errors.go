package pbx

import (
	"errors"
	"fmt"

	"github.com/pbx365/connector/presence"
)

// ErrRefused is matched by the error of a request that a PBX has understood and
// refused: the same one again would be refused again.
var ErrRefused = presence.ErrRefused

// Errors of writes and reasons for the end of a connection.
var (
	// ErrNotConnected is matched by the error of a write for which no connected PBX
	// is responsible. Try again when it has logged in.
	ErrNotConnected = errors.New("PBX is not connected")
	// ErrUnknownUser is matched by the error of a write for a user that the master
	// has not reported.
	ErrUnknownUser = errors.New("user is not known from the master PBX")
	// ErrUnlicensed says that a user does not hold the licence.
	ErrUnlicensed = errors.New("user holds no licence")
	// ErrTimeout is matched by the error of a write that the PBX left unanswered.
	// Whether it took effect is not known.
	ErrTimeout = errors.New("no answer in time")
	// ErrReplaced ends a connection whose PBX has opened another one.
	ErrReplaced = errors.New("replaced by a newer connection of the same PBX")
	// ErrSlow ends a connection whose peer does not read what it is sent.
	ErrSlow = errors.New("peer does not read")
	// ErrStopped ends the connections of a server whose Run has ended, and is
	// returned by a second Run.
	ErrStopped = errors.New("server has stopped")
)

// errUnsent is matched by the error of a request that the PBX never got to see.
var errUnsent = errors.New("given up before it was sent")

// errPageDone ends the connection of a page that Options.OnPage is done with.
var errPageDone = errors.New("page is done")

// Reasons of a [LoginError].
var (
	// ErrDigest says that the peer holds another password.
	ErrDigest = errors.New("wrong digest")
	// ErrApp says that the peer asked for another app.
	ErrApp = errors.New("wrong app")
	// ErrNoChallenge says that a login came without a challenge asked for before it.
	ErrNoChallenge = errors.New("login without a challenge")
	// ErrNotLoggedIn says that the peer sent something else before its login.
	ErrNotLoggedIn = errors.New("message before login")
	// ErrLoginTimeout says that the peer took longer than Options.LoginTimeout.
	ErrLoginTimeout = errors.New("no login in time")
	// ErrTooManyFailures says that so many logins from the address have failed that
	// this one was not looked at.
	ErrTooManyFailures = errors.New("too many failed logins from this address")
)

// ErrFrame is matched by the error of a frame that is no message of the
// AppWebsocket protocol.
var ErrFrame = errors.New("bad frame")

// LoginError says why a peer was not let in. SIP and PBX are what it claimed to
// be, and may be empty or untrue.
type LoginError struct {
	Addr string
	SIP  string
	PBX  string
	Err  error
}

func (e *LoginError) Error() string {
	return fmt.Sprintf("login from %s (sip %q, PBX %q): %v", e.Addr, e.SIP, e.PBX, e.Err)
}

func (e *LoginError) Unwrap() error { return e.Err }

// Advice tells the administrator what to change at the App object.
func (e *LoginError) Advice() string {
	switch {
	case errors.Is(e.Err, ErrDigest):
		return "set the same password at the App object of the PBX and in the connector"
	case errors.Is(e.Err, ErrApp):
		return "correct the last part of the URL of the App object: it is the name of the app"
	case errors.Is(e.Err, ErrTooManyFailures):
		return "find out who tries passwords from " + e.Addr + "; if that is a reverse proxy, let the connector know the addresses behind it"
	}
	return ""
}

// ReplyError is the answer of a PBX that refuses a request. It matches [ErrRefused].
type ReplyError struct {
	PBX     string
	Request string // name of the message, such as "SetPresence"
	Code    string // most often a number
	Text    string // what the PBX says about it, may be empty
}

func (e *ReplyError) Error() string {
	return fmt.Sprintf("%s on PBX %q: error %s %q", e.Request, e.PBX, e.Code, e.Text)
}

// Is makes the error match ErrRefused.
func (e *ReplyError) Is(target error) bool { return target == presence.ErrRefused }

// APIError says that an API is not enabled at the App object of a PBX. It matches
// [ErrRefused].
type APIError struct {
	PBX string
	API string
}

func (e *APIError) Error() string {
	return fmt.Sprintf("%s is not enabled on PBX %q", e.API, e.PBX)
}

// Is makes the error match ErrRefused.
func (e *APIError) Is(target error) bool { return target == presence.ErrRefused }

// Advice tells the administrator which check mark is missing.
func (e *APIError) Advice() string {
	return fmt.Sprintf("set the check mark for %s at the App object on PBX %q", e.API, e.PBX)
}

// HiddenError says that a user does not let the App object see the presence.
type HiddenError struct {
	PBX  string
	User string // user part of the SIP address
}

func (e *HiddenError) Error() string {
	return fmt.Sprintf("PBX %q hides the presence of user %q", e.PBX, e.User)
}

// Advice tells the administrator where the user is hidden.
func (e *HiddenError) Advice() string {
	return fmt.Sprintf("let the App object on PBX %q see the presence of user %q: Visibility, at the user or its template", e.PBX, e.User)
}
