package graph

import (
	"context"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"time"

	"github.com/pbx365/connector/store"
)

// establish adopts the stored subscription where it is alive and fits, and
// otherwise creates one in the place of what is there.
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
		if s.ID == record.ID && k.fits(record, want) && time.Until(s.Expires) > minRenew {
			record.Expires = s.Expires
			k.log.Info("subscription adopted", "id", s.ID, "expires", s.Expires)
			k.hold(record, k.hook.expect(record.ClientState, k))
			return nil
		}
	}
	k.drop()
	if err := k.remove(ctx, record, live); err != nil {
		return err
	}
	return k.create(ctx, want, record.Revision)
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
	return k.hook.current(s.ClientState) && s.Resource == want.resource && s.ChangeType == k.changes &&
		s.NotificationURL == k.hook.publicURL() && s.CertificateID == certificate
}

// createTime bounds a creation that the end of the program overtakes.
const createTime = 20 * time.Second

// create stores a new client state and creates the subscription, in this order,
// since Graph calls the webhook before it answers. It is not cut short by the end of
// ctx: a subscription that nobody knows of would live on.
func (k *keeper) create(ctx context.Context, want wanted, revision int64) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTime)
	defer cancel()
	certificate, id := k.certificate()
	record, err := k.records.PutSubscription(ctx, store.Subscription{
		Name:            k.name,
		Resource:        want.resource,
		ChangeType:      k.changes,
		NotificationURL: k.hook.publicURL(),
		ClientState:     k.hook.newClientState(),
		CertificateID:   id,
		Members:         want.members,
		Revision:        revision,
	})
	if err != nil {
		return fmt.Errorf("store subscription %s: %w", k.name, err)
	}
	route := k.hook.expect(record.ClientState, k)
	got, err := k.client.Subscribe(ctx, SubscriptionRequest{
		Resource:        record.Resource,
		ChangeType:      record.ChangeType,
		NotificationURL: record.NotificationURL,
		ClientState:     record.ClientState,
		Lifetime:        k.lifetime,
		Certificate:     certificate,
		CertificateID:   id,
	})
	if err != nil {
		k.hook.forget(route)
		return err
	}
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
	k.held, k.route = record, r
	k.alive.Store(true)
	k.schedule()
	k.reread()
}

// schedule plans the renewal for about half of what was granted.
func (k *keeper) schedule() {
	left := time.Until(k.held.Expires)
	wait := time.Duration(float64(left) * (0.45 + 0.1*mathrand.Float64()))
	if k.renewEvery > 0 {
		wait = min(wait, k.renewEvery)
	}
	k.renewAt = time.Now().Add(max(wait, minRenew))
}

// release deletes the stored subscription, whatever is in its way, and its record.
func (k *keeper) release(ctx context.Context) error {
	record, err := k.records.Subscription(ctx, k.name)
	switch {
	case errors.Is(err, store.ErrNotFound) && k.held.ID == "":
		return nil
	case errors.Is(err, store.ErrNotFound):
		record = k.held // somebody else has deleted the record, and that alone
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
