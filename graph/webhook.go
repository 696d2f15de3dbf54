package graph

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

const (
	// maxDelivery is the size of the largest body that is read.
	maxDelivery  = 4 << 20
	defaultQueue = 256
	keysTimeout  = 10 * time.Second
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
	// new one replaces them. None means random ones that stay as long as their
	// subscription.
	Secret string

	// Keys open the data. The first encrypts new subscriptions; the others only
	// open what older ones still send. None means notifications without data,
	// each of which costs a read.
	Keys []Key

	// Queue is the number of deliveries that may wait to be opened. Defaults to 256.
	Queue int

	// Logger receives what was dropped, at most a few lines a second. Defaults to
	// discarding.
	Logger *slog.Logger
}

// Webhook is the http.Handler that Graph calls. It answers at once and hands
// genuine deliveries to Run. It must be made with NewWebhook, and served with a
// ReadTimeout: it bounds the size of what it reads, not the time.
type Webhook struct {
	opts     WebhookOptions
	verifier *verifier
	queue    chan delivery
	log      *slog.Logger
	often    *rate.Limiter
	counts   counters

	mu       sync.Mutex // protects following
	identity identity
	routes   []*route
}

// NewWebhook returns a Webhook. It fails where an option is missing or unusable.
func NewWebhook(o WebhookOptions) (*Webhook, error) {
	client := o.HTTP
	if client == nil {
		client = &http.Client{Timeout: keysTimeout}
	}
	authority := strings.TrimRight(cmp.Or(o.Authority, defaultAuthority), "/")
	w := &Webhook{
		opts:     o,
		verifier: newVerifier(authority, o.Tenant, o.AppID, client),
		queue:    make(chan delivery, cmp.Or(o.Queue, defaultQueue)),
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
// that is posted with 202, so that nobody learns what was wrong with it.
func (w *Webhook) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		rw.Header().Set("Allow", http.MethodPost)
		http.Error(rw, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	if token := r.URL.Query().Get("validationToken"); token != "" {
		rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
		rw.Header().Set("X-Content-Type-Options", "nosniff")
		io.WriteString(rw, token)
		return
	}
	w.receive(http.MaxBytesReader(rw, r.Body, maxDelivery), r.RemoteAddr)
	rw.WriteHeader(http.StatusAccepted)
}

// Run opens what was received until ctx ends, whose error it returns. There is
// one worker, so that what arrives in order is passed on in order.
func (w *Webhook) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case d := <-w.queue:
			w.open(ctx, d)
		}
	}
}

// Counts of a Webhook since it was made.
type Counts struct {
	Received      uint64 // notifications, genuine or not
	Lifecycle     uint64 // genuine lifecycle events
	Unparsable    uint64 // deliveries that are not what Graph sends
	Unknown       uint64 // notifications of a subscription nobody here keeps
	Forged        uint64 // notifications with a wrong client state
	BadToken      uint64 // deliveries whose tokens do not prove their data
	Undecryptable uint64 // notifications whose data could not be opened
	Overflowed    uint64 // deliveries dropped for lack of room; everybody was read instead
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
