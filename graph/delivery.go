package graph

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// receive sorts out what is genuine of one POST. What has to be opened first is put
// into the inbox; the rest is passed on. It never waits. However often something happened to
// a subscription, it is passed on once.
func (w *Webhook) receive(body []byte, from string) {
	parsed, err := Parse(body)
	if err != nil {
		w.drop(&w.counts.unparsable, "notification not understood", from, "error", err)
		return
	}
	for _, err := range parsed.Bad {
		w.drop(&w.counts.unparsable, "notification not understood", from, "error", err)
	}
	now, vouched := time.Now(), &voucher{tokens: parsed.Tokens}
	happened := map[happening]bool{}
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
			what := happening{to, lifecycle(n.Lifecycle)}
			if !happened[what] && w.often.Allow() {
				w.log.Info("lifecycle event", "event", word(n.Lifecycle), "subscription", word(n.Subscription))
			}
			happened[what] = true
		case n.User == "":
			happened[happening{to, LifecycleMissed}] = true
			w.drop(&w.counts.unparsable, "notification of nobody; everybody is read", from, "subscription", word(n.Subscription))
		case n.Encrypted == nil:
			to.noticed(n.User, nil)
		case !w.inbox.put(sealed{n, to, from, now, vouched}):
			happened[happening{to, LifecycleMissed}] = true
			w.drop(&w.counts.overflowed, "notifications come faster than they can be opened; everybody is read", from)
		}
	}
	for h := range happened {
		h.to.lifecycle(h.event)
	}
}

// happening is a lifecycle event of the subscription of a listener.
type happening struct {
	to    listener
	event string
}

// lifecycle is the event that a word of Graph stands for: with one that is not known,
// something may have been missed.
func lifecycle(event string) string {
	switch event {
	case LifecycleReauthorize, LifecycleRemoved:
		return event
	}
	return LifecycleMissed
}

// work opens what is in the inbox until ctx ends, whose error it returns.
func (w *Webhook) work(ctx context.Context) error {
	for {
		s, err := w.inbox.take(ctx)
		if err != nil {
			return err
		}
		w.pass(ctx, s)
		w.inbox.done(s)
	}
}

// pass opens one notification and passes it on. Data that cannot be trusted is not
// used, but the person is read: the client state has shown that something did change.
func (w *Webhook) pass(ctx context.Context, s sealed) {
	err := s.voucher.verify(ctx, w.verifier)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		w.drop(&w.counts.badToken, "notification not vouched for", s.from, "subscription", word(s.Subscription), "error", err)
		s.to.noticed(s.User, nil)
		return
	}
	p, err := w.open(s)
	if err != nil {
		w.drop(&w.counts.undecryptable, "notification not opened", s.from, "subscription", word(s.Subscription), "error", err)
		s.to.noticed(s.User, nil)
		return
	}
	s.to.noticed(p.User, &p.Seen)
}

func (w *Webhook) open(s sealed) (Presence, error) {
	k, ok := w.keyOf(s.Encrypted.CertificateID)
	if !ok {
		return Presence{}, fmt.Errorf("open notification: encrypted for key %q, which is not configured", word(s.Encrypted.CertificateID))
	}
	p, err := openPresence(*s.Encrypted, k.Private, s.at)
	if err == nil && !strings.EqualFold(s.User, p.User) {
		return Presence{}, errors.New("open notification: the data is of another person than the notification")
	}
	return p, err
}
