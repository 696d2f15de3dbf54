package main

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/pbx365/connector/graph"
	"github.com/pbx365/connector/presence"
)

const (
	// notifyKeyLife is the life of a key that the service makes, notifyKeyOverlap the
	// rest of it at which the next one is made: of a key that somebody else has made for
	// a shorter life, the last third.
	notifyKeyLife    = 365 * 24 * time.Hour
	notifyKeyOverlap = 30 * 24 * time.Hour
	// notifyKeyWatch is the time between two looks at the file.
	notifyKeyWatch = time.Minute
)

// notifyKeys are the keys for encrypted notifications. They are kept in a file, so that
// a subscription survives a restart. The newest is used; older ones open what still
// comes, also when they have just gone from the file. A new one is made before the newest
// ends, or put into the file by hand.
type notifyKeys struct {
	log   *slog.Logger
	light *presence.Light

	mu    sync.Mutex // protects following
	file  string
	inUse keyFile // as the webhook has it
}

// keyFile is what a file of keys held.
type keyFile struct {
	text []byte
	keys []graph.Key // the newest first, at least one
	// ending is why the newest could not be renewed, though it is time to.
	ending error
}

func newNotifyKeys(file string, log *slog.Logger) *notifyKeys {
	return &notifyKeys{file: file, log: log, light: presence.NewLight("keys for notifications")}
}

// run gives new keys to the webhook until ctx ends, whose error it returns.
func (k *notifyKeys) run(ctx context.Context, webhook *graph.Webhook) error {
	tick := time.NewTicker(notifyKeyWatch)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			k.look(webhook)
		}
	}
}

// look gives the keys to the webhook where the file has changed.
func (k *notifyKeys) look(webhook *graph.Webhook) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.replace(webhook); err != nil {
		k.light.Fail(err)
		k.log.Warn("keys for notifications stay as they are", "error", err)
	}
}

// move goes over to another file, unless there are no keys to be had from it.
func (k *notifyKeys) move(file string, webhook *graph.Webhook) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	before := k.file
	k.file = file
	err := k.replace(webhook)
	if err != nil {
		k.file = before
	}
	return err
}

// replace gives the keys to the webhook if they are others than before. Those before them stay
// behind them: what is encrypted for them is on its way. k.mu is held.
func (k *notifyKeys) replace(webhook *graph.Webhook) error {
	next, err := k.read(time.Now())
	if err != nil {
		return err
	}
	if !bytes.Equal(next.text, k.inUse.text) {
		if err := webhook.SetKeys(withBehind(next.keys, k.inUse.keys)); err != nil {
			return err
		}
		k.log.Info("new keys for notifications", "id", next.keys[0].ID, "expires", next.keys[0].Certificate.NotAfter)
	}
	k.use(next)
	return nil
}

// use notes what the webhook has now.
func (k *notifyKeys) use(f keyFile) {
	if k.inUse = f; f.ending != nil {
		k.light.Fail(f.ending)
		return
	}
	k.light.OK(until(f.keys[0].Certificate.NotAfter))
}

// withBehind are the keys, and behind them those of the old ones that are not among them.
func withBehind(keys, old []graph.Key) []graph.Key {
	return slices.Concat(keys, slices.DeleteFunc(slices.Clone(old), func(o graph.Key) bool {
		return slices.ContainsFunc(keys, func(k graph.Key) bool { return k.ID == o.ID })
	}))
}

// load returns the keys, the newest first, for a webhook that is made with them.
func (k *notifyKeys) load(now time.Time) ([]graph.Key, error) {
	f, err := k.read(now)
	if err != nil {
		return nil, err
	}
	k.use(f)
	return f.keys, nil
}

// read reads the file, and makes a key where it is time to. A file that cannot be written is
// no failure as long as there is a key in it.
func (k *notifyKeys) read(now time.Time) (f keyFile, err error) {
	f.text, err = os.ReadFile(k.file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return f, fmt.Errorf("keys for notifications: %w", err)
	}
	if err == nil {
		if f.keys, err = parseNotifyKeys(f.text); err != nil {
			return f, fmt.Errorf("keys for notifications, %s: %w; remove the file to have a new one made", k.file, err)
		}
	}
	if len(f.keys) > 0 && !nearsItsEnd(f.keys[0].Certificate, now) {
		return f, nil
	}
	renewed, err := k.renew(f.keys, now)
	switch {
	case err == nil:
		f.text = renewed
		f.keys, err = parseNotifyKeys(renewed)
		return f, err
	case len(f.keys) == 0:
		return f, fmt.Errorf("keys for notifications: %w", err)
	}
	f.ending = &expiryError{"the key for notifications", f.keys[0].Certificate.NotAfter, "Make " + k.file + " writable, or put a new key into it.", err}
	return f, nil
}

func nearsItsEnd(c *x509.Certificate, now time.Time) bool {
	return c.NotAfter.Sub(now) < min(notifyKeyOverlap, c.NotAfter.Sub(c.NotBefore)/3)
}

// renew puts a new key before those that have not ended. It begins after all of them, since
// the one that began last is used.
func (k *notifyKeys) renew(old []graph.Key, now time.Time) ([]byte, error) {
	begin := now.Add(-time.Hour)
	if len(old) > 0 && !begin.After(old[0].Certificate.NotBefore) {
		begin = old[0].Certificate.NotBefore.Add(time.Second)
	}
	data, err := makeNotifyKey(begin, now.Add(notifyKeyLife))
	if err != nil {
		return nil, err
	}
	for _, key := range old {
		if now.After(key.Certificate.NotAfter) {
			continue
		}
		text, err := encodeNotifyKey(key)
		if err != nil {
			return nil, err
		}
		data = append(data, text...)
	}
	return data, writeFile(k.file, data)
}
