package graph

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/pbx365/connector/store"
)

// SignIns is the part of store.Records that keeps sign-ins.
type SignIns interface {
	SignIn(ctx context.Context, name string) (store.SignIn, error)
	PutSignIn(ctx context.Context, s store.SignIn) (store.SignIn, error)
}

// minSecret is the length of the shortest secret that a key is derived from.
const minSecret = 16

// errSealed is a stored sign-in that the key does not open.
var errSealed = errors.New("stored with another secret, or damaged")

// vault keeps one sign-in, encrypted with AES-256-GCM. The name is authenticated with
// it, so that no sign-in can be put in the place of another. It is not safe for
// concurrent use.
type vault struct {
	records SignIns
	name    string
	aead    cipher.AEAD
}

func newVault(records SignIns, name string, secret []byte) (*vault, error) {
	if len(secret) < minSecret {
		return nil, fmt.Errorf("the secret that stored sign-ins are encrypted with has less than %d characters", minSecret)
	}
	key, err := hkdf.Key(sha256.New, secret, nil, "connector sign-in", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &vault{records, name, aead}, nil
}

// open returns what was put, nothing where there is none, and errSealed where it
// cannot be opened.
func (v *vault) open(ctx context.Context) ([]byte, error) {
	record, err := v.records.SignIn(ctx, v.name)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read sign-in: %w", err)
	}
	plain, err := v.aead.Open(nil, nil, record.Sealed, []byte(v.name))
	if err != nil {
		return nil, errSealed
	}
	return plain, nil
}

// put replaces whatever is stored: the newest sign-in is the one that works.
func (v *vault) put(ctx context.Context, plain []byte) error {
	record, err := v.records.SignIn(ctx, v.name)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("read sign-in: %w", err)
	}
	record.Name = v.name
	record.Sealed = v.aead.Seal(nil, nil, plain, []byte(v.name))
	if _, err := v.records.PutSignIn(ctx, record); err != nil {
		return fmt.Errorf("store sign-in: %w", err)
	}
	return nil
}
