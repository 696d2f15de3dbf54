package pbx

import (
	"errors"
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"
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

// maxPassword is the longest password an App object can hold, in characters.
const maxPassword = 15

// Options of a [Server].
type Options struct {
	// Password of the App object, at most 15 characters. Required.
	Password string

	// App is the name of the app that PBXs log in to: the last part of the URL of
	// the App object. Any other name is refused.
	// Defaults to "innovaphone-microsoft365".
	App string

	// Master is the name of the master PBX, from which the users come. Empty means
	// the first PBX whose App object has PbxTableUsers enabled; it stays the master
	// from then on. Name it where slaves have that API enabled too.
	Master string

	// Licence is the name of the licence a user must hold to be watched. It is
	// checked on the master through PbxAdminApi; where that API is not enabled
	// everyone counts as licensed, and the light of the master says so.
	// Defaults to "App(innovaphone-microsoft365)".
	Licence string

	// LicenceOff counts everyone as licensed.
	LicenceOff bool

	// LicenceEvery is the time between two checks of the licence of a user. The PBX
	// does not tell of changes. Defaults to 10 minutes.
	LicenceEvery time.Duration

	// Contact is the presence contact that is read and written. Defaults to "tel:",
	// the one that people set.
	Contact string

	// AlienCalls says how alien calls are added. Defaults to [AlienImpersonated].
	AlienCalls AlienCalls

	// CountDialling counts a call that the user makes from its first digit, not
	// only from its answer. A ringing call never counts.
	CountDialling bool

	// CallsSettle is the time that a PBX has, once it has answered the question for
	// its calls, to tell those that are there. Only after it somebody without a call
	// is shown as not being on the phone. Defaults to 250 milliseconds.
	CallsSettle time.Duration

	// RequestTimeout bounds the wait for the answer to a request, from the moment
	// it is sent, and every write to a connection. Defaults to 10 seconds.
	RequestTimeout time.Duration

	// LoginTimeout bounds the time from the upgrade to a successful login.
	// Defaults to 10 seconds.
	LoginTimeout time.Duration

	// PingEvery is the time between two pings on a connection, which is given up
	// when a ping stays unanswered for twice as long. Defaults to 30 seconds.
	PingEvery time.Duration

	// Outstanding is how many requests may await their answer on one connection.
	// Defaults to 50.
	Outstanding int

	// ReadLimit is the size of the largest frame taken from a PBX, in bytes. A
	// longer one ends the connection. Before the login it is 8 KiB.
	// Defaults to 1 MiB.
	ReadLimit int64

	// OnEvent gets every event, one at a time, on the goroutine of Run. It must not
	// block: nothing else is learnt from any PBX until it returns. It may call the
	// methods of the server, except for writes, which wait for an answer. Required.
	OnEvent func(Event)

	// Logger gets refused logins and bad frames at Warn, the comings and goings of
	// PBXs at Info. Nil discards.
	Logger *slog.Logger
}

// String keeps the password out of logs.
func (o Options) String() string { return "pbx.Options for " + o.App }

func (o Options) withDefaults() Options {
	setDefault(&o.App, "innovaphone-microsoft365")
	setDefault(&o.Licence, "App(innovaphone-microsoft365)")
	setDefault(&o.LicenceEvery, 10*time.Minute)
	setDefault(&o.Contact, "tel:")
	setDefault(&o.AlienCalls, AlienImpersonated)
	setDefault(&o.CallsSettle, 250*time.Millisecond)
	setDefault(&o.RequestTimeout, 10*time.Second)
	setDefault(&o.LoginTimeout, 10*time.Second)
	setDefault(&o.PingEvery, 30*time.Second)
	setDefault(&o.Outstanding, 50)
	setDefault(&o.ReadLimit, 1<<20)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

func (o Options) validate() error {
	switch {
	case o.Password == "":
		return errors.New("option Password is missing")
	case utf8.RuneCountInString(o.Password) > maxPassword:
		return fmt.Errorf("option Password is longer than the %d characters that an App object can hold", maxPassword)
	case o.OnEvent == nil:
		return errors.New("option OnEvent is missing")
	case o.AlienCalls != AlienImpersonated && o.AlienCalls != AlienDirect && o.AlienCalls != AlienOff:
		return fmt.Errorf("option AlienCalls is %q, neither %q nor %q nor %q",
			o.AlienCalls, AlienImpersonated, AlienDirect, AlienOff)
	case o.Outstanding < 0:
		return errors.New("option Outstanding is negative")
	case o.ReadLimit < 0:
		return errors.New("option ReadLimit is negative")
	}
	for name, d := range map[string]time.Duration{
		"LicenceEvery":   o.LicenceEvery,
		"CallsSettle":    o.CallsSettle,
		"RequestTimeout": o.RequestTimeout,
		"LoginTimeout":   o.LoginTimeout,
		"PingEvery":      o.PingEvery,
	} {
		if d < 0 {
			return fmt.Errorf("option %s is negative", name)
		}
	}
	return nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
