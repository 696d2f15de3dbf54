package boltstore

import (
	"context"

	bolt "go.etcd.io/bbolt"

	"github.com/pbx365/connector/store"
)

// SignIns returns all sign-ins.
func (r records) SignIns(ctx context.Context) ([]store.SignIn, error) {
	var all []store.SignIn
	err := r.read(ctx, "sign-ins", func(tx *bolt.Tx) (err error) {
		all, err = signIns.all(tx)
		return err
	})
	return all, err
}

// SignIn returns one sign-in.
func (r records) SignIn(ctx context.Context, name string) (store.SignIn, error) {
	var s store.SignIn
	err := r.read(ctx, "sign-in "+name, func(tx *bolt.Tx) (err error) {
		s, err = signIns.get(tx, name)
		return err
	})
	return s, err
}

// PutSignIn creates or replaces a sign-in.
func (r records) PutSignIn(ctx context.Context, s store.SignIn) (store.SignIn, error) {
	var stored store.SignIn
	err := r.write(ctx, "put sign-in "+s.Name, func(tx *bolt.Tx) error {
		current, err := signIns.getOrZero(tx, s.Name)
		switch {
		case err != nil:
			return err
		case current.Revision != s.Revision:
			return store.ErrConflict
		}
		stored = s.Clone()
		if stored.Revision, err = signIns.next(tx); err != nil {
			return err
		}
		return signIns.put(tx, s.Name, stored)
	})
	if err != nil {
		return store.SignIn{}, err
	}
	return stored, nil
}

// DeleteSignIn deletes a sign-in.
func (r records) DeleteSignIn(ctx context.Context, name string, revision int64) error {
	return r.write(ctx, "delete sign-in "+name, func(tx *bolt.Tx) error {
		current, err := signIns.get(tx, name)
		switch {
		case err != nil:
			return err
		case current.Revision != revision:
			return store.ErrConflict
		}
		return signIns.delete(tx, name)
	})
}
