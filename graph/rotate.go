package graph

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"slices"
)

// Key opens encrypted notifications. Graph wants RSA of 2048 to 4096 bits; the
// certificate may be self-signed.
type Key struct {
	ID          string // named by the notifications, at most 128 characters
	Certificate *x509.Certificate
	Private     *rsa.PrivateKey
}

func (k Key) check() error {
	if k.ID == "" || len(k.ID) > 128 || k.Certificate == nil || k.Private == nil {
		return fmt.Errorf("graph: key %q of the webhook lacks its id, certificate or private key", k.ID)
	}
	if !k.Private.PublicKey.Equal(k.Certificate.PublicKey) {
		return fmt.Errorf("graph: certificate and private key of key %q do not belong together", k.ID)
	}
	return nil
}

// identity is what new subscriptions are made with. Those that were made with
// another one go on to be accepted until they have been replaced.
type identity struct {
	url    string
	keys   []Key // the newest first
	secret string
}

// macKey is what client states are made from: the secret, or else the newest key.
func (i identity) macKey() []byte {
	if i.secret == "" && len(i.keys) > 0 {
		return i.keys[0].Private.D.Bytes()
	}
	return []byte(i.secret)
}

// SetKeys replaces the keys. The first encrypts new subscriptions, and whoever keeps
// a subscription with another one moves over at once. Leave the old ones behind it
// for as long as notifications that name them may come, an hour at the least.
//
// Like SetPublicURL and SetSecret it may be called at any time.
func (w *Webhook) SetKeys(keys []Key) error {
	if len(keys) > 0 && (w.opts.AppID == "" || w.opts.Tenant == "") {
		return errors.New("graph: a webhook with keys needs an application id and a tenant")
	}
	for _, k := range keys {
		if err := k.check(); err != nil {
			return err
		}
	}
	w.become(func(i *identity) { i.keys = slices.Clone(keys) })
	return nil
}

// SetPublicURL replaces the address where Graph reaches the Webhook. Whoever keeps a
// subscription moves over at once, so the new address must work by now, and the
// old one for some minutes more.
func (w *Webhook) SetPublicURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Hostname() == "":
		return fmt.Errorf("graph: public URL %q of the webhook is no URL", address)
	case u.Scheme != "https" && !loopback(u):
		return fmt.Errorf("graph: public URL %q of the webhook is not https", address)
	}
	w.become(func(i *identity) { i.url = address })
	return nil
}

// SetSecret replaces the secret that client states are made from. Whoever keeps a
// subscription moves over at once.
func (w *Webhook) SetSecret(secret string) { w.become(func(i *identity) { i.secret = secret }) }

// become changes the identity and tells everybody.
func (w *Webhook) become(change func(*identity)) {
	w.mu.Lock()
	change(&w.identity)
	routes := slices.Clone(w.routes)
	w.mu.Unlock()
	for _, r := range routes {
		r.to.moved()
	}
}

func (w *Webhook) publicURL() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.identity.url
}

// key returns the one that new subscriptions are encrypted with, if any.
func (w *Webhook) key() (Key, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.identity.keys) == 0 {
		return Key{}, false
	}
	return w.identity.keys[0], true
}

// keyOf returns the key of that id, if there is one.
func (w *Webhook) keyOf(id string) (Key, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	i := slices.IndexFunc(w.identity.keys, func(k Key) bool { return k.ID == id })
	if i < 0 {
		return Key{}, false
	}
	return w.identity.keys[i], true
}

// A client state is a random number and, where there is a secret, its MAC, both in
// base64. Graph takes up to 128 characters.

// newClientState returns one that nobody has had.
func (w *Webhook) newClientState() string {
	nonce := make([]byte, sha256.Size)
	rand.Read(nonce)
	return base64.RawURLEncoding.EncodeToString(w.sealed(nonce))
}

// current reports whether the client state was made from the present secret.
func (w *Webhook) current(clientState string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(clientState)
	return err == nil && len(raw) >= sha256.Size && hmac.Equal(raw, w.sealed(raw[:sha256.Size:sha256.Size]))
}

func (w *Webhook) sealed(nonce []byte) []byte {
	w.mu.Lock()
	secret := w.identity.macKey()
	w.mu.Unlock()
	if len(secret) == 0 {
		return nonce
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(nonce)
	return mac.Sum(nonce)
}
