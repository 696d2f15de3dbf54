package graph

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"
	"time"
)

// roster is the list of people as it is known, and where to ask for its changes. It is
// not safe for concurrent use.
type roster struct {
	client *Client
	people map[string]Person // by object id
	link   string            // empty where everybody has to be listed
	full   time.Time         // when everybody was listed last
	lost   error             // why their changes cannot be followed; nil where they can
}

// list reads everybody, and reports whether that changed anything. The changes are
// followed from before the list, so that none falls in between. Where they cannot be
// (lost), everybody is listed each time.
func (r *roster) list(ctx context.Context) (changed bool, err error) {
	r.link = "" // until this has succeeded
	begin, lost := r.client.PeopleSince(ctx, "")
	var unsigned *SignInError
	if ctx.Err() != nil || errors.As(lost, &unsigned) { // the list would fare no better
		return false, lost
	}
	if unsupported(lost) {
		lost = nil
	}
	all, err := r.client.People(ctx)
	if err != nil {
		return false, err
	}
	people := make(map[string]Person, len(all))
	for _, p := range all {
		people[p.ID] = p
	}
	changed = r.full.IsZero() || !maps.EqualFunc(people, r.people, Person.equal)
	r.people, r.link, r.full, r.lost = people, begin.Link, time.Now(), lost
	return changed, nil
}

// follow reads what has changed since, or everybody where that is not known.
func (r *roster) follow(ctx context.Context) (changed bool, err error) {
	if r.link == "" {
		return r.list(ctx)
	}
	changes, err := r.client.PeopleSince(ctx, r.link)
	if errors.Is(err, ErrResync) {
		r.link = ""
		return r.list(ctx)
	}
	if err != nil {
		return false, err
	}
	for _, p := range changes.Changed {
		old, known := r.people[p.ID]
		changed = changed || !known || !p.equal(old)
		r.people[p.ID] = p
	}
	for _, id := range changes.Gone {
		_, known := r.people[id]
		changed = changed || known
		delete(r.people, id)
	}
	r.link = changes.Link
	return changed, nil
}

// unsupported reports whether Graph refused the call itself, not who makes it.
func unsupported(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.refused() && e.Status != http.StatusForbidden
}

// all returns the people in order.
func (r *roster) all() []Person {
	return slices.SortedFunc(maps.Values(r.people), func(a, b Person) int { return cmp.Compare(a.ID, b.ID) })
}

func (p Person) equal(q Person) bool {
	return p.ID == q.ID && p.DisplayName == q.DisplayName && p.UPN == q.UPN && p.Mail == q.Mail && slices.Equal(p.Addresses, q.Addresses)
}
