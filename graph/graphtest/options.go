package graphtest

import (
	"cmp"
	"crypto/rsa"
	"log/slog"
	"net/http"
	"time"
)

const (
	defaultTenant  = "84841066-274d-4ec0-a5c1-276be684bdd3"
	defaultPage    = 100
	maxPage        = 999
	defaultBatch   = 50
	historyLimit   = 10_000
	queueLimit     = 10_000
	bodyLimit      = 4 << 20
	refreshTTL     = 90 * 24 * time.Hour
	deltaTTL       = 7 * 24 * time.Hour
	deviceTTL      = 15 * time.Minute
	handshakeLimit = 10 * time.Second
)

// Options choose between behaviours that the documentation leaves open or that a test
// needs to be quick. The zero value is a plausible tenant.
type Options struct {
	// Tenant is the directory id in every token and address.
	// Defaults to a fixed GUID.
	Tenant string

	// Now is the clock of everything that runs out. See the package comment.
	// Defaults to time.Now.
	Now func() time.Time

	// Key signs tokens until [Server.RotateKey]. Making one takes a noticeable part of
	// a second, so tests that build many servers may share one.
	// Defaults to a new RSA key of 2048 bits.
	Key *rsa.PrivateKey

	// TokenLifetime is the life of an access token. Defaults to 1 hour.
	TokenLifetime time.Duration

	// DevicePoll is the interval that a device code tells its client to poll at; it
	// travels in whole seconds. Defaults to 5 s.
	DevicePoll time.Duration

	// Page is the number of users or subscriptions on a page when the request has no
	// $top. Defaults to 100.
	Page int

	// Arrived is told of each presence write before it is carried out, and may hold it up.
	// Defaults to nobody.
	Arrived func(Write)

	// Seed is that of all faults that happen to a share only. Defaults to 0, which is a seed as any
	// other.
	Seed uint64

	// Allowance is the number of presence requests within 30 seconds; those beyond it are throttled
	// until the 30 seconds are over. Graph documents 10,000, and 1,500 on some pages. Defaults to
	// any number.
	Allowance int

	// OmitUnknown leaves ids that are no user out of a bulk read instead of answering
	// PresenceUnknown for them.
	OmitUnknown bool

	// RefuseUnknown refuses a bulk read as a whole where one of its ids is no user. It comes
	// before OmitUnknown.
	RefuseUnknown bool

	// StrictExpiry refuses a subscription that asks for more than the longest lifetime
	// instead of shortening it.
	StrictExpiry bool

	// BlameEverybody has a presence subscription that names somebody who does not exist refused
	// with all of its ids instead of the wrong ones.
	BlameEverybody bool

	// OnePerApp counts the one presence subscription per application instead of per application
	// and person.
	OnePerApp bool

	// Reauthorize sends reauthorizationRequired to presence subscriptions that long after they
	// were made, renewed or reauthorized. Graph does so about every 40 to 60 minutes. Defaults
	// to never; [Server.Lifecycle] sends it at will.
	Reauthorize time.Duration

	// RaggedDelta has users/delta do all that its page allows: each round begins with an empty
	// page, and who is on a page may be on the next one as well.
	RaggedDelta bool

	// BasicNeedsCertificate refuses presence subscriptions without a certificate even
	// where no resource data is asked for.
	BasicNeedsCertificate bool

	// SequenceInRich adds sequenceNumber to the encrypted presence, which no page documents.
	SequenceInRich bool

	// TokenV1 makes the validation tokens of rich notifications version 1
	// (issuer sts.windows.net, caller in appid).
	TokenV1 bool

	// ValidationToken is sent in the handshake of a new subscription. Defaults to the
	// sentence of the service with the request id and a few characters that have to
	// be escaped in a URL.
	ValidationToken string

	// DeliverTimeout is the time an endpoint has for the first attempt; repeated ones
	// have 10 s. Defaults to 3 s.
	DeliverTimeout time.Duration

	// DeliverRetry is the pause before the first repetition of a delivery; it doubles with each
	// further one, up to 10 minutes, for 4 hours. Defaults to 1 s.
	DeliverRetry time.Duration

	// Penalties has an endpoint pay for being slow: while more than 15 % of its answers within
	// 10 minutes took 10 s, new notifications are dropped; while more than 10 % took over 3 s,
	// they come 10 minutes later.
	Penalties bool

	// Batch is the largest number of notifications in one POST. Defaults to 50.
	Batch int

	// DeliverClient carries the handshakes and notifications. Redirects are never followed.
	// Defaults to [Server.Client], which also trusts certificates of [Server.TLS].
	DeliverClient *http.Client

	// Logger gets refused requests at Debug and lost notifications at Warn.
	// Defaults to silence.
	Logger *slog.Logger
}

func (o Options) withDefaults() Options {
	o.Tenant = cmp.Or(o.Tenant, defaultTenant)
	o.TokenLifetime = cmp.Or(o.TokenLifetime, time.Hour)
	o.DevicePoll = cmp.Or(o.DevicePoll, 5*time.Second)
	o.Page = cmp.Or(o.Page, defaultPage)
	o.DeliverTimeout = cmp.Or(o.DeliverTimeout, 3*time.Second)
	o.DeliverRetry = cmp.Or(o.DeliverRetry, time.Second)
	o.Batch = cmp.Or(o.Batch, defaultBatch)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Arrived == nil {
		o.Arrived = func(Write) {}
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o
}
