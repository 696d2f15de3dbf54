package graph

import (
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/pbx365/connector/store"
)

// establish adopts the stored subscription where it is alive, fits and is not known to be
// silent, and otherwise creates one in the place of what is there.
func (k *keeper) establish(ctx context.Context, want wanted) error {
	record, err := k.records.Subscription(ctx, k.name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("read subscription %s: %w", k.name, err)
	}
	live, err := k.client.Subscriptions(ctx)
	if err != nil {
		return err
	}
	for _, s := range live {
		if s.ID == record.ID && k.fits(record, want) && k.proof().IsZero() && time.Until(s.Expires) > minRenew {
			record.Expires = s.Expires
			k.log.Info("subscription adopted", "id", s.ID, "expires", s.Expires)
			k.hold(record, k.hook.expect(record.ClientState, k))
			return nil
		}
	}
	if want.any {
		return nil
	}
	k.drop()
	if err := k.remove(ctx, record, live); err != nil {
		return err
	}
	if want, err = k.sift(ctx, want); err != nil || want.resource == "" {
		return err
	}
	return k.create(ctx, want, record.Revision)
}

const (
	// siftAfter is the number of creations that have to fail before it is tried who is to
	// blame: Graph may refuse one right after a deletion.
	siftAfter = 2
	// probeTries is how often a probe is repeated while Graph says that there is a
	// subscription.
	probeTries = 6
)

// sift takes those out of a subscription because of whom Graph did not create it. That a
// creation works at all is shown by others of them, or by somebody whom Graph took before.
func (k *keeper) sift(ctx context.Context, want wanted) (wanted, error) {
	if k.owner == nil || k.refused < siftAfter {
		return want, nil
	}
	taken := k.owner.taken()
	if taken == nil && len(want.members) == 1 {
		return want, nil
	}
	works := func() bool { return taken != nil && k.probe(ctx, taken) == nil }
	found := bisect(want.members, k.refusal, works, func(part []string) error { return k.probe(ctx, part) })
	k.refused = 0
	if len(found.bad) == 0 && len(found.unclear) > 0 {
		return want, found.err
	}
	if len(found.bad) > 0 {
		k.owner.leave(found.bad)
	}
	return k.want(), ctx.Err()
}

// probe asks whether Graph creates a subscription with these people, and deletes it. What
// is in the way is deleted too: a probe without an answer may have been created.
func (k *keeper) probe(ctx context.Context, part []string) error {
	request := k.request(presenceOf(part).resource, k.hook.newClientState())
	for try := 1; ; try++ {
		got, err := k.client.Subscribe(ctx, request)
		switch {
		case err == nil:
			if err := k.client.Unsubscribe(ctx, got.ID); err != nil {
				k.log.Warn("subscription not deleted", "id", got.ID, "error", err)
			}
			return settled(ctx)
		case !conflict(err) || try == probeTries:
			return err
		}
		live, err := k.client.Subscriptions(ctx)
		if err != nil {
			return err
		}
		if err := k.remove(ctx, store.Subscription{}, live); err != nil {
			return err
		}
		if err := settled(ctx); err != nil {
			return err
		}
	}
}

// settled waits until Graph takes note of a deletion: for some seconds it may answer a
// creation with 409, or with 500.
func settled(ctx context.Context) error {
	return sleep(ctx, 2*time.Second+mathrand.N(3*time.Second), nil)
}

func (k *keeper) request(resource, state string) SubscriptionRequest {
	certificate, id := k.certificate()
	return SubscriptionRequest{
		Resource:        resource,
		ChangeType:      k.changes,
		NotificationURL: k.hook.publicURL(),
		ClientState:     state,
		Lifetime:        k.lifetime,
		Certificate:     certificate,
		CertificateID:   id,
	}
}

// remove deletes the stored subscription and whatever is in its way.
func (k *keeper) remove(ctx context.Context, record store.Subscription, live []Subscription) error {
	for _, s := range live {
		if s.ID != record.ID && !k.rival(s) {
			continue
		}
		k.log.Info("subscription deleted", "id", s.ID)
		if err := k.client.Unsubscribe(ctx, s.ID); err != nil {
			return err
		}
	}
	return nil
}

// fits reports whether the record is of a subscription as it would be created now.
func (k *keeper) fits(s store.Subscription, want wanted) bool {
	_, certificate := k.certificate()
	return (want.any || s.Resource == want.resource) && k.hook.current(s.ClientState) && s.ChangeType == k.changes &&
		s.NotificationURL == k.hook.publicURL() && s.CertificateID == certificate
}

// createTime is how long a creation may still take that the end of the program overtakes.
const createTime = 20 * time.Second

// create stores a new client state and creates the subscription, in this order,
// since Graph calls the webhook before it answers. It is not cut short by the end of
// ctx: a subscription that nobody knows of would live on.
func (k *keeper) create(ctx context.Context, want wanted, revision int64) error {
	ctx, cancel := outlive(ctx, createTime)
	defer cancel()
	request := k.request(want.resource, k.hook.newClientState())
	record, err := k.records.PutSubscription(ctx, store.Subscription{
		Name:            k.name,
		Resource:        request.Resource,
		ChangeType:      request.ChangeType,
		NotificationURL: request.NotificationURL,
		ClientState:     request.ClientState,
		CertificateID:   request.CertificateID,
		Members:         want.members,
		Revision:        revision,
	})
	if err != nil {
		return fmt.Errorf("store subscription %s: %w", k.name, err)
	}
	route := k.hook.expect(record.ClientState, k)
	got, err := k.client.Subscribe(ctx, request)
	if err != nil {
		k.hook.forget(route)
		switch {
		case blames(err):
			k.refused, k.refusal = k.refused+1, err
		case !conflict(err):
			k.refused = 0
		}
		return err
	}
	k.refused = 0
	record.ID, record.Expires, record.Renewed = got.ID, got.Expires, time.Now()
	if record, err = k.records.PutSubscription(ctx, record); err != nil {
		k.hook.forget(route) // the next attempt deletes it
		return fmt.Errorf("store subscription %s: %w", k.name, err)
	}
	k.log.Info("subscription created", "id", got.ID, "members", len(record.Members), "expires", got.Expires)
	k.hold(record, route)
	return nil
}

// extend asks for more time. Where the subscription is gone, a new one is made.
func (k *keeper) extend(ctx context.Context, want wanted) error {
	got, err := k.client.Renew(ctx, k.held.ID, k.lifetime)
	if absent(err) {
		k.log.Warn("subscription is gone", "id", k.held.ID)
		k.drop()
		return k.establish(ctx, want)
	}
	if err != nil {
		return err
	}
	k.held.Expires, k.held.Renewed = got.Expires, time.Now()
	k.schedule()
	record, err := k.records.PutSubscription(ctx, k.held)
	if err != nil {
		if errors.Is(err, store.ErrConflict) {
			k.drop()
		}
		return fmt.Errorf("store subscription %s: %w", k.name, err)
	}
	k.held = record
	return nil
}

// hold begins to look after a subscription. Whatever happened before is unknown.
func (k *keeper) hold(record store.Subscription, r *route) {
	k.hook.bind(r, record.ID)
	poke(k.wake) // what it was made with may have changed meanwhile
	k.held, k.route, k.began = record, r, time.Now()
	k.schedule()
	k.covers(record.Members)
	k.reread()
}

// schedule plans the renewal for about half of what was granted. Where too little is left
// for that, the end is what there is to wait for: a new one is made at once.
func (k *keeper) schedule() {
	left := time.Until(k.held.Expires)
	wait := time.Duration(float64(left) * (0.45 + 0.1*mathrand.Float64()))
	if k.renewEvery > 0 {
		wait = min(wait, k.renewEvery)
	}
	k.renewAt = time.Now().Add(min(max(wait, minRenew), left))
}

// release deletes the stored subscription, whatever is in its way, and its record. Where
// there is none, Graph is asked only to see whether it would work again.
func (k *keeper) release(ctx context.Context) error {
	record, err := k.records.Subscription(ctx, k.name)
	switch {
	case errors.Is(err, store.ErrNotFound) && k.held.ID == "" && !k.failed:
		return nil
	case errors.Is(err, store.ErrNotFound):
		record = k.held // somebody else may have deleted the record, and that alone
	case err != nil:
		return fmt.Errorf("read subscription %s: %w", k.name, err)
	}
	live, err := k.client.Subscriptions(ctx)
	if err != nil {
		return err
	}
	if err := k.remove(ctx, record, live); err != nil {
		return err
	}
	err = k.records.DeleteSubscription(ctx, k.name, record.Revision)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("delete subscription %s: %w", k.name, err)
	}
	k.drop()
	return nil
}

// certificate is what the data is encrypted with; none where there is no data.
func (k *keeper) certificate() (der []byte, id string) {
	if key, ok := k.hook.key(); ok && k.rich {
		return key.Certificate.Raw, key.ID
	}
	return nil, ""
}
