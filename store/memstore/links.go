package memstore

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/pbx365/connector/store"
)

var errNoKey = errors.New("the key is empty")

// Links returns all links.
func (r records) Links(ctx context.Context) ([]store.Link, error) {
	var all []store.Link
	err := r.read(ctx, "links", func() error {
		for _, link := range r.links {
			all = append(all, link.Clone())
		}
		return nil
	})
	slices.SortFunc(all, func(a, b store.Link) int { return cmp.Compare(a.Teams, b.Teams) })
	return all, err
}

// Link returns one link.
func (r records) Link(ctx context.Context, teams string) (store.Link, error) {
	var link store.Link
	err := r.read(ctx, "link "+teams, func() error {
		stored, ok := r.links[teams]
		if !ok {
			return store.ErrNotFound
		}
		link = stored.Clone()
		return nil
	})
	return link, err
}

// PutLink creates or replaces a link.
func (r records) PutLink(ctx context.Context, link store.Link) (store.Link, error) {
	err := r.write(ctx, "put link "+link.Teams, func() error {
		switch {
		case link.Teams == "":
			return errNoKey
		case link.Revision != r.links[link.Teams].Revision:
			return store.ErrConflict
		}
		link.Revision = r.next()
		r.links[link.Teams] = link.Clone()
		return nil
	})
	if err != nil {
		return store.Link{}, err
	}
	return link.Clone(), nil
}

// DeleteLink deletes a link.
func (r records) DeleteLink(ctx context.Context, teams string, revision int64) error {
	return r.write(ctx, "delete link "+teams, func() error {
		stored, ok := r.links[teams]
		switch {
		case !ok:
			return store.ErrNotFound
		case stored.Revision != revision:
			return store.ErrConflict
		}
		delete(r.links, teams)
		return nil
	})
}
