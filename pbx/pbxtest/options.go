package pbxtest

import (
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"path"
	"slices"
	"time"
)

// Options describe one PBX and the App object on it.
type Options struct {
	// Name is the PBX name, unique in its system; users are at home at the PBX of that name.
	// Defaults to "master", or "slave" for a slave.
	Name string
	// Slave says that the PBX replicates only its own users. The first PBX of a system
	// that is no slave is the master; every later one is a slave whatever stands here.
	Slave bool
	// DNS is the DNS name sent in PbxInfo. Defaults to none.
	DNS string

	// AppURL is the URL of the App object, such as https://host/path/innovaphone-microsoft365.
	// The last component is the name of the app, the rest the address to dial.
	AppURL string
	// AppObject is the Name (SIP) of the App object. Defaults to "microsoft365".
	AppObject string
	// AppTitle is display name and Long Name of the App object. Defaults to a title whose
	// characters do not survive careless encoding of the login.
	AppTitle string
	// AppGUID is the GUID of the App object. Defaults to one derived from system, PBX and object.
	AppGUID string
	// Password of the App object; at most 15 characters on a real PBX.
	Password string
	// APIs are the APIs enabled at the App object. Defaults to PbxApi, PbxTableUsers,
	// PbxAdminApi, RCC and PbxImpersonation, on slaves too. Services is served as well.
	APIs []string
	// Version and Build are sent in PbxInfo. Empty ones are left out, as old builds do.
	Version, Build string

	// HTTPClient dials the service. Defaults to http.DefaultClient.
	HTTPClient *http.Client
	// MinBackoff is the pause after a lost connection; it doubles with each failed attempt
	// up to MaxBackoff and starts again after a login. Default to 1 s and 32 s.
	MinBackoff, MaxBackoff time.Duration
	// KeepAlive is the time without outgoing messages after which KeepAlive is sent.
	// Defaults to one minute.
	KeepAlive time.Duration
	// PingInterval is the time between websocket pings; a pong missing for that long ends the
	// connection. Defaults to no pings.
	PingInterval time.Duration
	// QueueLimit is the number of frames that may wait for a slow service. Defaults to 65536.
	QueueLimit int

	// FragmentSize splits messages into websocket frames of at most that many bytes.
	// Defaults to whole messages.
	FragmentSize int
	// FrameTime is how long the line takes for each message to the service, one after the other.
	// Defaults to no time.
	FrameTime time.Duration
	// ResultDelay holds back the results of requests. They take effect at once, and what
	// they cause is indicated at once, so that indications overtake results.
	ResultDelay time.Duration
	// LateBy is how long FaultLate holds a result back. Defaults to 30 s, longer than a
	// service should wait.
	LateBy time.Duration
	// SlowBy is how long FaultSlow holds a result back. Defaults to 3 s, which a service should
	// bear with.
	SlowBy time.Duration
	// ResultsWithoutSrc leaves out src in results, not in what is indicated later.
	ResultsWithoutSrc bool
	// StringErrors sends error codes as strings instead of numbers.
	StringErrors bool
	// Fault is asked about each request before it is served. It must not block. Defaults to no faults.
	Fault func(api, mt string) Fault
	// Arrived is told of each write before it is served, and may hold it up. Defaults to nobody.
	Arrived func(Write)

	// EndOfCopy is what the last row of the first copy is followed by. Defaults to
	// [EndWithoutColumns].
	EndOfCopy EndOfCopy
	// AlienCalls says how AddAlienCall names its user. Defaults to [AlienCallsAny].
	AlienCalls AlienCalls
	// AlienCallsInRCC shows alien calls as calls without a peer in RCC.
	AlienCallsInRCC bool
	// CallDelete reports the end of calls as CallDelete instead of CallDel.
	CallDelete bool
	// CallInfoEnd is how CallInfo reports the end of a call. Defaults to [CallInfoEndBoth].
	CallInfoEnd CallInfoEnd
	// OnThePhoneContact is the contact whose entry carries on-the-phone for users at home
	// on this PBX. Defaults to "tel:".
	OnThePhoneContact string
	// OnThePhoneHides puts on-the-phone in the place of that contact's own entry instead of
	// ahead of it.
	OnThePhoneHides bool

	// Logger gets connects, losses and, at debug level, the types of messages.
	// Defaults to discarding them.
	Logger *slog.Logger
}

// String is the name; it keeps the password out of logs.
func (o Options) String() string { return o.Name }

// AlienCalls is a reading of how AddAlienCall tells whom the call is for, which the
// documentation leaves open.
type AlienCalls int

const (
	// AlienCallsAny accepts both ways; on an impersonated API, its user counts.
	AlienCallsAny AlienCalls = iota
	// AlienCallsImpersonated accepts AddAlienCall on an impersonated API only.
	AlienCallsImpersonated
	// AlienCallsIdentified goes by guid or sip in the message and needs no impersonation.
	AlienCallsIdentified
	// AlienCallsRefused answers with an error, as a PBX too old to know the operation.
	AlienCallsRefused
)

func (o Options) withDefaults(domain string) Options {
	set := func(s *string, value string) {
		if *s == "" {
			*s = value
		}
	}
	wait := func(d *time.Duration, value time.Duration) {
		if *d <= 0 {
			*d = value
		}
	}
	if o.Slave {
		set(&o.Name, "slave")
	}
	set(&o.Name, "master")
	set(&o.AppObject, "microsoft365")
	set(&o.AppTitle, "Microsoft 365 & <Präsenz>")
	set(&o.AppGUID, newGUID(domain, o.Name, o.AppObject))
	set(&o.OnThePhoneContact, telContact)
	wait(&o.MinBackoff, time.Second)
	wait(&o.MaxBackoff, max(32*time.Second, o.MinBackoff))
	wait(&o.KeepAlive, time.Minute)
	wait(&o.LateBy, 30*time.Second)
	wait(&o.SlowBy, 3*time.Second)
	if o.APIs == nil {
		o.APIs = []string{apiPresence, apiUsers, apiAdmin, apiRCC, apiImpersonation}
	}
	o.APIs = slices.Clone(o.APIs)
	if o.HTTPClient == nil {
		o.HTTPClient = http.DefaultClient
	}
	if o.QueueLimit <= 0 {
		o.QueueLimit = 1 << 16
	}
	if o.Fault == nil {
		o.Fault = func(string, string) Fault { return FaultNone }
	}
	if o.Arrived == nil {
		o.Arrived = func(Write) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}

// app is the name of the app: the last component of its URL.
func (o Options) app() string { return path.Base(o.AppURL) }

// newGUID derives 32 hex digits from what they identify, the same ones in every run.
func newGUID(parts ...string) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}
