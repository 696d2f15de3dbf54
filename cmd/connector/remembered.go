package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
)

// remembered is how much a store knows of what was written with it.
type remembered struct {
	store                          string // the file
	people, subscriptions, signIns int
}

func (r remembered) String() string {
	return fmt.Sprintf("%s remembers people: %d, subscriptions: %d, sign-ins: %d", r.store, r.people, r.subscriptions, r.signIns)
}

// remembered counts what the store knows of, and refuses one that knows of nothing: nobody would
// be asked, and what is left elsewhere would not be found.
func (s *service) remembered(ctx context.Context) (remembered, error) {
	file, err := filepath.Abs(s.config.Store)
	if err != nil {
		return remembered{}, err
	}
	people, err := s.store.Links(ctx)
	subscriptions, e1 := s.store.Subscriptions(ctx)
	signIns, e2 := s.store.SignIns(ctx)
	if err := errors.Join(err, e1, e2); err != nil {
		return remembered{}, err
	}
	r := remembered{file, len(people), len(subscriptions), len(signIns)}
	if r.people+r.subscriptions+r.signIns == 0 {
		return r, s.config.wrong("store", "remembers nothing: %w", &nothingRemembered{file})
	}
	return r, nil
}

// nothingRemembered is a store that has no record.
type nothingRemembered struct{ store string }

func (e *nothingRemembered) Error() string {
	return "there is no person, no subscription and no sign-in in " + e.store +
		", so neither Teams nor a PBX was asked, and whether anything of the connector is left there is not known"
}

// Advice says what to do.
func (e *nothingRemembered) Advice() string {
	return "Give the store that the service has used (store in its configuration, or --store). If a release from this one has ended before, nothing is left to do."
}
