package memstore

import (
	"cmp"
	"context"
	"slices"

	"github.com/pbx365/connector/store"
)

// SignIns returns all sign-ins.
func (r records) SignIns(ctx context.Context) ([]store.SignIn, error) {
	var all []store.SignIn
	err := r.read(ctx, "sign-ins", func() error {
		for _, s := range r.signIns {
			all = append(all, s.Clone())
		}
		return nil
	})
	slices.SortFunc(all, func(a, b store.SignIn) int { return cmp.Compare(a.Name, b.Name) })
	return all, err
}

// SignIn returns one sign-in.
func (r records) SignIn(ctx context.Context, name string) (store.SignIn, error) {
	var s store.SignIn
	err := r.read(ctx, "sign-in "+name, func() error {
		stored, ok := r.signIns[name]
		if !ok {
			return store.ErrNotFound
		}
		s = stored.Clone()
		return nil
	})
	return s, err
}

// PutSignIn creates or replaces a sign-in.
func (r records) PutSignIn(ctx context.Context, s store.SignIn) (store.SignIn, error) {
	err := r.write(ctx, "put sign-in "+s.Name, func() error {
		switch {
		case s.Name == "":
			return errNoKey
		case s.Revision != r.signIns[s.Name].Revision:
			return store.ErrConflict
		}
		s.Revision = r.next()
		r.signIns[s.Name] = s.Clone()
		return nil
	})
	if err != nil {
		return store.SignIn{}, err
	}
	return s.Clone(), nil
}

// DeleteSignIn deletes a sign-in.
func (r records) DeleteSignIn(ctx context.Context, name string, revision int64) error {
	return r.write(ctx, "delete sign-in "+name, func() error {
		stored, ok := r.signIns[name]
		switch {
		case !ok:
			return store.ErrNotFound
		case stored.Revision != revision:
			return store.ErrConflict
		}
		delete(r.signIns, name)
		return nil
	})
}
