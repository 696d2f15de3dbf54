package graph

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/time/rate"
)

const (
	// maxDelivery is the size of the largest body that is read, and readTime how long one
	// may take.
	maxDelivery = 4 << 20
	readTime    = 5 * time.Second

	defaultQueue = 10_000
)

// WebhookOptions of a Webhook.
type WebhookOptions struct {
	// PublicURL is where Graph reaches the Webhook. It must be https, except for a
	// Graph on the same machine. Required.
	PublicURL string

	// AppID and Tenant are what the tokens of encrypted notifications must be made
	// out to. The tenant is an id, not a domain. Required with Keys.
	AppID  string
	Tenant string

	// Authority signs these tokens. Defaults to https://login.microsoftonline.com.
	Authority string

	// HTTP fetches the signing keys of the authority. Defaults to a client with a
	// timeout of 10 seconds.
	HTTP *http.Client

	// Secret is what the client states of new subscriptions are made from, so that a
	// new one replaces them. Defaults to the first of the Keys; with neither they are
	// random and stay as long as their subscription.
	Secret string

	// Keys open the data. The first encrypts new subscriptions; the others only
	// open what older ones still send. None means notifications without data,
	// each of which costs a read.
	Keys []Key

	// Queue is the number of people of whom a notification may wait to be opened. When
	// there is no room for one more, everybody of that subscription is read instead.
	// Defaults to 10,000.
	Queue int

	// Workers is the number of notifications opened at a time. Defaults to the
	// number of processors.
	Workers int

	// Logger receives what was dropped, at most a few lines a second. Defaults to
	// discarding.
	Logger *slog.Logger
}

// Webhook is the http.Handler that Graph calls. It answers before anything is opened
// or verified, and hands genuine notifications to Run. It must be made with NewWebhook.
//
// A program with a router of its own may use the parts: [Handshake], [Parse],
// [Notification.Proves], [Verifier] and [Open].
type Webhook struct {
	opts     WebhookOptions
	verifier *Verifier
	inbox    *inbox
	room     room
	log      *slog.Logger
	often    *rate.Limiter
	counts   counters

	mu       sync.Mutex // protects following
	identity identity
	routes   []*route
}

// NewWebhook returns a Webhook. It fails where an option is missing or unusable.
func NewWebhook(o WebhookOptions) (*Webhook, error) {
	w := &Webhook{
		opts:     o,
		verifier: NewVerifier(VerifierOptions{Authority: o.Authority, Tenant: o.Tenant, AppID: o.AppID, HTTP: o.HTTP}),
		inbox:    newInbox(cmp.Or(o.Queue, defaultQueue)),
		room:     room{left: bodyRoom},
		log:      logger(o.Logger, "webhook"),
		often:    rate.NewLimiter(5, 20),
		identity: identity{secret: o.Secret},
	}
	if err := errors.Join(w.SetPublicURL(o.PublicURL), w.SetKeys(o.Keys)); err != nil {
		return nil, err
	}
	return w, nil
}

// ServeHTTP answers a validation handshake with its token, and everything else
// that is posted with 202, so that nobody learns what was wrong with it. Only what it
// could not read, or has no memory for beside others, is answered with 503: Graph delivers
// that again.
func (w *Webhook) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		rw.Header().Set("Allow", http.MethodPost)
		http.Error(rw, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if Handshake(rw, r) {
		return
	}
	// Not every ResponseWriter can; the server's own can.
	_ = http.NewResponseController(rw).SetReadDeadline(time.Now().Add(readTime))
	body, done, err := w.room.read(http.MaxBytesReader(rw, r.Body, maxDelivery), maxDelivery)
	defer done()
	var tooLong *http.MaxBytesError
	switch {
	case err == nil:
		w.receive(body, r.RemoteAddr)
	case errors.Is(err, errNoRoom):
		rw.Header().Set("Retry-After", "1")
		http.Error(rw, "too many deliveries", http.StatusServiceUnavailable)
		return
	case errors.As(err, &tooLong):
		w.drop(&w.counts.unparsable, "notification is too long", r.RemoteAddr)
	default:
		w.drop(&w.counts.unparsable, "notification not read to its end", r.RemoteAddr)
		http.Error(rw, "not read to its end", http.StatusServiceUnavailable)
		return
	}
	rw.WriteHeader(http.StatusAccepted)
}

// Handshake answers the request by which Graph tries a notification URL, and reports
// whether it was one (Graph: receive change notifications through webhooks). It is
// due within 10 seconds, while the subscription is still being created.
func Handshake(rw http.ResponseWriter, r *http.Request) bool {
	token := r.URL.Query().Get("validationToken")
	if token == "" {
		return false
	}
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	rw.Header().Set("X-Content-Type-Options", "nosniff")
	io.WriteString(rw, token)
	return true
}

// Run opens what was received until ctx ends, whose error it returns. Notifications
// of one person are passed on in the order in which they came.
func (w *Webhook) Run(ctx context.Context) error {
	defer w.verifier.keys.settle()
	g, ctx := errgroup.WithContext(ctx)
	for range cmp.Or(w.opts.Workers, runtime.GOMAXPROCS(0)) {
		g.Go(func() error { return w.work(ctx) })
	}
	return g.Wait()
}

// Counts of a Webhook since it was made. The names in JSON are stable.
type Counts struct {
	Received      uint64 `json:"received"`      // notifications, genuine or not
	Lifecycle     uint64 `json:"lifecycle"`     // genuine lifecycle events
	Unparsable    uint64 `json:"unparsable"`    // deliveries and parts of them that are not what Graph sends
	Unknown       uint64 `json:"unknown"`       // notifications of a subscription nobody here keeps
	Forged        uint64 `json:"forged"`        // notifications with a wrong client state
	BadToken      uint64 `json:"bad_token"`     // notifications whose tokens do not prove their data
	Undecryptable uint64 `json:"undecryptable"` // notifications whose data could not be opened
	Overflowed    uint64 `json:"overflowed"`    // notifications dropped for lack of room; everybody was read instead
}

// Counts returns the counts of now.
func (w *Webhook) Counts() Counts {
	return Counts{
		Received:      w.counts.received.Load(),
		Lifecycle:     w.counts.lifecycle.Load(),
		Unparsable:    w.counts.unparsable.Load(),
		Unknown:       w.counts.unknown.Load(),
		Forged:        w.counts.forged.Load(),
		BadToken:      w.counts.badToken.Load(),
		Undecryptable: w.counts.undecryptable.Load(),
		Overflowed:    w.counts.overflowed.Load(),
	}
}

type counters struct {
	received, lifecycle, unparsable, unknown, forged, badToken, undecryptable, overflowed atomic.Uint64
}

// drop counts what was dropped and says so, but not without end.
func (w *Webhook) drop(count *atomic.Uint64, what, from string, attrs ...any) {
	count.Add(1)
	if w.often.Allow() {
		w.log.Warn(what, append([]any{"from", from}, attrs...)...)
	}
}
