package boltstore

import (
	"context"

	bolt "go.etcd.io/bbolt"

	"github.com/pbx365/connector/store"
)

// Links returns all links.
func (r records) Links(ctx context.Context) ([]store.Link, error) {
	var all []store.Link
	err := r.read(ctx, "links", func(tx *bolt.Tx) (err error) {
		all, err = links.all(tx)
		return err
	})
	return all, err
}

// Link returns one link.
func (r records) Link(ctx context.Context, teams string) (store.Link, error) {
	var link store.Link
	err := r.read(ctx, "link "+teams, func(tx *bolt.Tx) (err error) {
		link, err = links.get(tx, teams)
		return err
	})
	return link, err
}

// PutLink creates or replaces a link.
func (r records) PutLink(ctx context.Context, link store.Link) (store.Link, error) {
	var stored store.Link
	err := r.write(ctx, "put link "+link.Teams, func(tx *bolt.Tx) error {
		current, err := links.getOrZero(tx, link.Teams)
		switch {
		case err != nil:
			return err
		case current.Revision != link.Revision:
			return store.ErrConflict
		}
		stored = link.Clone()
		if stored.Revision, err = links.next(tx); err != nil {
			return err
		}
		return links.put(tx, link.Teams, stored)
	})
	if err != nil {
		return store.Link{}, err
	}
	return stored, nil
}

// DeleteLink deletes a link.
func (r records) DeleteLink(ctx context.Context, teams string, revision int64) error {
	return r.write(ctx, "delete link "+teams, func(tx *bolt.Tx) error {
		current, err := links.get(tx, teams)
		switch {
		case err != nil:
			return err
		case current.Revision != revision:
			return store.ErrConflict
		}
		return links.delete(tx, teams)
	})
}
