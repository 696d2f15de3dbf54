package graph

import (
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// maxKeys is the size of the largest key document that is read.
	maxKeys     = 1 << 20
	keysTimeout = 10 * time.Second
	// keysAgain is the shortest time between two fetches of the keys, keysRetry that
	// after a fetch that failed.
	keysAgain = time.Minute
	keysRetry = 5 * time.Second
	// keysStale is the age from which keys are fetched again though the one asked for
	// is there: the authority may have withdrawn it.
	keysStale = 24 * time.Hour
	// minKey is the length of the shortest signing key that is accepted, in bits.
	minKey = 2048
)

// keySet holds the signing keys of an authority. They are fetched when a key is
// asked for that is not there, which also follows their rotation, but never often.
// One that is there serves at once; where it is stale the keys are fetched in the
// background, for keysTimeout at most, and it is given up when they come without it.
// It is safe for concurrent use.
type keySet struct {
	url        string
	client     *http.Client
	fetches    singleflight.Group
	background sync.WaitGroup

	mu      sync.Mutex         // protects following
	cancel  context.CancelFunc // of the fetch in the background; nil while there is none
	keys    map[string]*rsa.PublicKey
	fetched time.Time // when keys came
	next    time.Time // when they may be fetched again
}

func newKeySet(url string, client *http.Client) *keySet {
	if client == nil {
		client = &http.Client{Timeout: keysTimeout}
	}
	return &keySet{url: url, client: client}
}

// key returns the key of that id.
func (s *keySet) key(ctx context.Context, id string) (*rsa.PublicKey, error) {
	key, stale := s.known(id)
	if key != nil {
		if stale {
			s.renew(ctx)
		}
		return key, nil
	}
	_, err, _ := s.fetches.Do("", func() (any, error) { return nil, s.refresh(ctx) })
	if fresh, _ := s.known(id); fresh != nil {
		return fresh, nil
	}
	if err != nil {
		return nil, fmt.Errorf("fetch signing keys: %w", err)
	}
	return nil, errors.New("signed with a key that the authority does not have")
}

func (s *keySet) known(id string) (key *rsa.PublicKey, stale bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys[id], time.Since(s.fetched) >= keysStale
}

// renew refreshes the keys in the background, unless that is under way or was just
// tried. It outlives ctx, which may be that of one notification.
func (s *keySet) renew(ctx context.Context) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cancel != nil || time.Now().Before(s.next) {
		return
	}
	ctx, s.cancel = context.WithTimeout(context.WithoutCancel(ctx), keysTimeout)
	s.background.Go(func() {
		_, _, _ = s.fetches.Do("", func() (any, error) { return nil, s.refresh(ctx) })
		s.mu.Lock()
		defer s.mu.Unlock()
		s.cancel()
		s.cancel = nil
	})
}

// settle ends what is under way in the background.
func (s *keySet) settle() {
	s.mu.Lock()
	if s.cancel != nil {
		s.cancel()
	}
	s.mu.Unlock()
	s.background.Wait()
}

// refresh fetches the keys where it is time to. A failure leaves those there are.
func (s *keySet) refresh(ctx context.Context) error {
	s.mu.Lock()
	early := time.Now().Before(s.next)
	s.mu.Unlock()
	if early {
		return nil
	}
	keys, err := s.fetch(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	if err != nil {
		s.next = now.Add(keysRetry)
		return err
	}
	s.keys, s.fetched, s.next = keys, now, now.Add(keysAgain)
	return nil
}

func (s *keySet) fetch(ctx context.Context) (map[string]*rsa.PublicKey, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %d", s.url, resp.StatusCode)
	}
	var doc struct{ Keys []webKey }
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxKeys)).Decode(&doc); err != nil {
		return nil, fmt.Errorf("%s answered %w", s.url, shape(err))
	}
	keys := map[string]*rsa.PublicKey{}
	for _, k := range doc.Keys {
		if public, ok := k.public(); ok {
			keys[k.ID] = public
		}
	}
	return keys, nil
}

// webKey is a JSON Web Key (RFC 7517), as far as it is used. Its certificate is
// not looked at: what vouches for the key is where it came from.
type webKey struct {
	Type string `json:"kty"`
	ID   string `json:"kid"`
	N    string `json:"n"`
	E    string `json:"e"`
}

// public returns the key, and false for one of another kind.
func (k webKey) public() (*rsa.PublicKey, bool) {
	n, err := base64.RawURLEncoding.DecodeString(k.N)
	if err != nil || k.Type != "RSA" {
		return nil, false
	}
	modulus := new(big.Int).SetBytes(n)
	if modulus.BitLen() < minKey {
		return nil, false
	}
	e, err := base64.RawURLEncoding.DecodeString(k.E)
	if err != nil || len(e) == 0 || len(e) > 4 {
		return nil, false
	}
	return &rsa.PublicKey{N: modulus, E: int(new(big.Int).SetBytes(e).Int64())}, true
}
