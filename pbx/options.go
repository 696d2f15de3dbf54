package pbx

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"
)

// maxPassword is the longest password an App object can hold, in characters.
const maxPassword = 15

// Options of a [Server].
type Options struct {
	// Password of the App object, at most 15 characters. Required.
	Password string

	// App is the name of the app that PBXs log in to: the last part of the URL of
	// the App object. Defaults to "innovaphone-microsoft365".
	App string

	// Apps are further apps of the same service and password, such as one for
	// administrators with a page of its own. Any other name is refused.
	Apps []string

	// Info is what the app tells PBXs of itself.
	Info AppInfo

	// Address returns where a request comes from. Logins are slowed down by it, so
	// behind a reverse proxy it should return what the proxy says.
	// Defaults to the RemoteAddr of the request.
	Address func(*http.Request) string

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

	// ContactUnnamed leaves the contact out of what is written, so that the PBX
	// takes the one it takes by default.
	ContactUnnamed bool

	// PhoneContact is the presence contact whose on-the-phone says that a user is in
	// a call, where calls are not counted. Defaults to any of them.
	PhoneContact string

	// PresenceOnMaster watches and sets the presence of all users on the master, also
	// of those whose home PBX is connected. With CallsOfUsers the calls of those are not
	// counted then.
	PresenceOnMaster bool

	// WatchImpersonated watches a user who hides the presence from the App object in
	// the user's own name. It takes the check mark PbxImpersonation.
	WatchImpersonated bool

	// AlienCalls says how alien calls are added. Defaults to [AlienImpersonated].
	AlienCalls AlienCalls

	// AlienCallsUnseen says that the PBX leaves alien calls out of what it tells of
	// calls. Otherwise a call of a user with nobody at the other end is taken for an alien call,
	// one for each, if it comes right after that or is listed after a reconnect.
	AlienCallsUnseen bool

	// Calls says where calls are learnt from. Defaults to [CallsOfPBX].
	Calls CallSource

	// CountDialling counts a call that the user makes from its first digit, not
	// only from its answer. A ringing call never counts.
	CountDialling bool

	// CallsSettle is the time that a PBX has, once it has answered the question for
	// its calls, to tell those that are there. After it the PBX is asked for the calls of
	// nobody, and only once that is answered somebody without a call is shown as not being on
	// the phone. Defaults to 250 milliseconds.
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

	// ReconnectWithin is the time in which a PBX is expected back after its connection
	// has ended. Its light turns red only after that, and until then nobody is said to have
	// no call who may have one there; the users whose presence cannot be seen meanwhile are
	// told at once. Defaults to one minute.
	ReconnectWithin time.Duration

	// CheckLogin says how the question for the right password is answered.
	// Defaults to [CheckLoginEmpty].
	CheckLogin CheckLogin

	// HarmlessCodes are the error codes in answers of a PBX that are no failures.
	// Defaults to none: any code but zero is one.
	HarmlessCodes []string

	// Outstanding is how many requests may await their answer on one connection.
	// Defaults to 50.
	Outstanding int

	// ReadLimit is the size of the largest frame taken from a PBX or a page, in bytes. A
	// longer one ends the connection. Before the login it is 8 KiB.
	// Defaults to 1 MiB.
	ReadLimit int64

	// OnEvent gets every event, one at a time, on the goroutine of Run. It must not
	// block: nothing else is learnt from any PBX until it returns. It may call Health
	// and Counters; the other methods wait for an answer. Required.
	OnEvent func(Event)

	// OnPage serves the page of a person who has logged in from a browser. It has a
	// goroutine of its own for each; ctx ends with the connection, and the connection
	// ends when it returns. Without it such a connection stays open and what comes
	// over it is ignored.
	OnPage func(ctx context.Context, p *Page)

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
	setDefault(&o.Calls, CallsOfPBX)
	setDefault(&o.CheckLogin, CheckLoginEmpty)
	setDefault(&o.ReconnectWithin, time.Minute)
	setDefault(&o.CallsSettle, 250*time.Millisecond)
	setDefault(&o.RequestTimeout, 10*time.Second)
	setDefault(&o.LoginTimeout, 10*time.Second)
	setDefault(&o.PingEvery, 30*time.Second)
	setDefault(&o.Outstanding, 50)
	setDefault(&o.ReadLimit, 1<<20)
	o.Apps = append([]string{o.App}, o.Apps...)
	if o.Address == nil {
		o.Address = func(r *http.Request) string { return r.RemoteAddr }
	}
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
	case o.Outstanding < 0:
		return errors.New("option Outstanding is negative")
	case o.ReadLimit < 0:
		return errors.New("option ReadLimit is negative")
	}
	return errors.Join(
		oneOf("AlienCalls", o.AlienCalls, AlienImpersonated, AlienDirect, AlienOff),
		oneOf("Calls", o.Calls, CallsOfPBX, CallsOfUsers, CallsOff),
		oneOf("CheckLogin", o.CheckLogin, CheckLoginEmpty, CheckLoginAsSent, CheckLoginOff),
		notNegative("LicenceEvery", o.LicenceEvery),
		notNegative("CallsSettle", o.CallsSettle),
		notNegative("RequestTimeout", o.RequestTimeout),
		notNegative("LoginTimeout", o.LoginTimeout),
		notNegative("PingEvery", o.PingEvery),
		notNegative("ReconnectWithin", o.ReconnectWithin),
	)
}

func oneOf[T ~string](name string, value T, known ...T) error {
	if slices.Contains(known, value) {
		return nil
	}
	return fmt.Errorf("option %s is %q, not one of %q", name, value, known)
}

func notNegative(name string, d time.Duration) error {
	if d < 0 {
		return fmt.Errorf("option %s is negative", name)
	}
	return nil
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
