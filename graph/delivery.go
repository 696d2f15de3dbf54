package graph

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/pbx365/connector/presence"
)

// delivery is what is genuine of one POST, on its way to the worker.
type delivery struct {
	from   string // address of the sender
	at     time.Time
	tokens []string
	items  []item
}

// item is one notification and where it goes.
type item struct {
	Notification
	to listener
}

// receive sorts out what is genuine and puts it into the queue. It never waits.
func (w *Webhook) receive(body io.Reader, from string) {
	raw, err := io.ReadAll(body)
	if err != nil {
		w.drop(&w.counts.unparsable, "notification not read to its end", from)
		return
	}
	parsed, err := Parse(raw)
	if err != nil {
		w.drop(&w.counts.unparsable, "notification not understood", from, "error", err)
		return
	}
	d := delivery{from: from, at: time.Now(), tokens: parsed.Tokens}
	for _, n := range parsed.Notifications {
		w.counts.received.Add(1)
		to, known := w.find(n)
		switch {
		case !known:
			w.drop(&w.counts.unknown, "notification of an unknown subscription", from, "subscription", word(n.Subscription))
		case to == nil:
			w.drop(&w.counts.forged, "notification with a wrong client state", from, "subscription", word(n.Subscription))
		case n.Lifecycle != "":
			w.counts.lifecycle.Add(1)
			to.lifecycle(n.Lifecycle)
		default:
			d.items = append(d.items, item{n, to})
		}
	}
	if len(d.items) == 0 {
		return
	}
	select {
	case w.queue <- d:
	default:
		w.drop(&w.counts.overflowed, "notifications come faster than they can be opened; everybody is read", from)
		w.everybody(LifecycleMissed)
	}
}

// open passes on one delivery. Data that cannot be trusted is not used, but the
// person is read: the client state has shown that something did change.
func (w *Webhook) open(ctx context.Context, d delivery) {
	var trusted, checked bool
	for _, it := range d.items {
		if it.Encrypted != nil && !checked {
			checked = true
			err := w.verifier.verify(ctx, d.tokens)
			if ctx.Err() != nil {
				return
			}
			if trusted = err == nil; !trusted {
				w.drop(&w.counts.badToken, "notification not vouched for", d.from, "subscription", word(it.Subscription), "error", err)
			}
		}
		var seen *presence.TeamsSeen
		user := it.User
		if it.Encrypted != nil && trusted {
			p, err := w.presence(*it.Encrypted, d.at)
			if err != nil {
				w.drop(&w.counts.undecryptable, "notification not opened", d.from, "subscription", word(it.Subscription), "error", err)
			} else {
				user, seen = p.User, &p.Seen
			}
		}
		it.to.noticed(user, seen)
	}
}

func (w *Webhook) presence(e Encrypted, at time.Time) (Presence, error) {
	if k, ok := w.keyOf(e.CertificateID); ok {
		return openPresence(e, k.Private, at)
	}
	return Presence{}, fmt.Errorf("open notification: encrypted for key %q, which is not configured", word(e.CertificateID))
}
