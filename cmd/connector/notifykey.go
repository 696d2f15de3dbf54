package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
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

	mu   sync.Mutex // protects following
	file string
	read []byte      // what the file held when it was good
	keys []graph.Key // in it
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
	read, old := k.read, k.keys
	keys, err := k.load(time.Now())
	if err != nil || bytes.Equal(read, k.read) {
		return err
	}
	k.log.Info("new keys for notifications", "id", keys[0].ID, "expires", keys[0].Certificate.NotAfter)
	return webhook.SetKeys(withBehind(keys, old))
}

// withBehind are the keys, and behind them those of the old ones that are not among them.
func withBehind(keys, old []graph.Key) []graph.Key {
	return slices.Concat(keys, slices.DeleteFunc(slices.Clone(old), func(o graph.Key) bool {
		return slices.ContainsFunc(keys, func(k graph.Key) bool { return k.ID == o.ID })
	}))
}

// load reads the keys, the newest first, and makes one where it is time to. A file that
// cannot be written is no failure as long as there is a key in it.
func (k *notifyKeys) load(now time.Time) ([]graph.Key, error) {
	data, err := os.ReadFile(k.file)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("keys for notifications: %w", err)
	}
	var keys []graph.Key
	if err == nil {
		if keys, err = parseNotifyKeys(data); err != nil {
			return nil, fmt.Errorf("keys for notifications, %s: %w; remove the file to have a new one made", k.file, err)
		}
	}
	if len(keys) == 0 || nearsItsEnd(keys[0].Certificate, now) {
		renewed, err := k.renew(keys, now)
		switch {
		case err == nil:
			data = renewed
			if keys, err = parseNotifyKeys(data); err != nil {
				return nil, err
			}
		case len(keys) == 0:
			return nil, fmt.Errorf("keys for notifications: %w", err)
		default:
			k.light.Fail(&expiryError{"the key for notifications", keys[0].Certificate.NotAfter, "Make " + k.file + " writable, or put a new key into it.", err})
			k.read, k.keys = data, keys
			return keys, nil
		}
	}
	k.read, k.keys = data, keys
	k.light.OK(until(keys[0].Certificate.NotAfter))
	return keys, nil
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

// makeNotifyKey makes a self-signed certificate with its key. Graph checks neither
// its issuer nor its name.
func makeNotifyKey(begin, end time.Time) ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(begin.UnixNano()), Subject: pkix.Name{CommonName: "connector notifications"},
		NotBefore: begin, NotAfter: end,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return encodeNotifyKey(graph.Key{Certificate: cert, Private: key})
}

func encodeNotifyKey(key graph.Key) ([]byte, error) {
	private, err := x509.MarshalPKCS8PrivateKey(key.Private)
	if err != nil {
		return nil, err
	}
	return append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: key.Certificate.Raw}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...), nil
}

// parseNotifyKeys returns the keys in the file, the one that began last first. Each
// certificate needs its private key, in any order.
func parseNotifyKeys(data []byte) ([]graph.Key, error) {
	var (
		keys     []graph.Key
		privates []*rsa.PrivateKey
	)
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		switch block.Type {
		case "CERTIFICATE":
			cert, err := x509.ParseCertificate(block.Bytes)
			if err != nil {
				return nil, errors.New("a certificate in it is damaged")
			}
			sum := sha256.Sum256(cert.Raw)
			keys = append(keys, graph.Key{ID: hex.EncodeToString(sum[:16]), Certificate: cert})
		case "PRIVATE KEY", "RSA PRIVATE KEY":
			private, err := parsePrivate(block)
			if err != nil {
				return nil, err
			}
			privates = append(privates, private)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("it holds no certificate with an RSA key")
	}
	for i := range keys {
		own := slices.IndexFunc(privates, func(p *rsa.PrivateKey) bool { return p.PublicKey.Equal(keys[i].Certificate.PublicKey) })
		if own < 0 {
			return nil, fmt.Errorf("certificate number %d has no RSA key in it", i+1)
		}
		keys[i].Private = privates[own]
	}
	slices.SortStableFunc(keys, func(a, b graph.Key) int { return b.Certificate.NotBefore.Compare(a.Certificate.NotBefore) })
	return keys, nil
}

func parsePrivate(block *pem.Block) (*rsa.PrivateKey, error) {
	if block.Type == "RSA PRIVATE KEY" {
		key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return nil, errors.New("a private key in it is damaged")
		}
		return key, nil
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("a private key in it is damaged")
	}
	key, ok := private.(*rsa.PrivateKey)
	if !ok {
		return nil, errors.New("a private key in it is not RSA")
	}
	return key, nil
}
