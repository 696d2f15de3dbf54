package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

const opPeopleChanges = "list changes of people"

// ErrResync says that what has changed cannot be told any more, and that everybody
// has to be listed again.
var ErrResync = errors.New("the changes are lost, everybody has to be listed again")

// PeopleChanges is what has changed among the people of a tenant.
type PeopleChanges struct {
	Changed []Person // new ones among them
	Gone    []string // object ids, also of those who never had Teams
	Link    string   // where the next call takes up; it lives about 7 days
}

// PeopleSince lists what has changed since an earlier call returned link (Graph: user
// delta). An empty link begins now, without data, so the way to follow everybody is to
// begin, to call People, and to go on from the beginning.
//
// It fails with [ErrResync] where Graph has forgotten the link, or leaves out of a change
// what decides whether somebody has Teams. A page that fails is asked for up to four times.
// It needs the application permission User.Read.All.
func (c *Client) PeopleSince(ctx context.Context, link string) (PeopleChanges, error) {
	if link == "" {
		link = c.sdk.adapter.GetBaseUrl() + "/users/delta?$deltatoken=latest&$select=" + personFields
	}
	last := map[string]*Person{} // nil for those who are gone
	for {
		got, err := page(ctx, c, opPeopleChanges, func() (users.DeltaGetResponseable, error) {
			return c.sdk.users().Delta().WithUrl(link).GetAsDeltaGetResponse(ctx, nil)
		})
		if forgotten(err) {
			return PeopleChanges{}, errors.Join(ErrResync, err)
		}
		if err != nil {
			return PeopleChanges{}, err
		}
		for _, u := range got.GetValue() {
			if err := note(last, u); err != nil {
				return PeopleChanges{}, err
			}
		}
		link = text(got.GetOdataNextLink())
		if link != "" {
			continue
		}
		link = text(got.GetOdataDeltaLink())
		if link == "" {
			return PeopleChanges{}, fmt.Errorf("%s: the answer names no page to go on with", opPeopleChanges)
		}
		changes := PeopleChanges{Link: link}
		for id, p := range last {
			if p == nil {
				changes.Gone = append(changes.Gone, id)
			} else {
				changes.Changed = append(changes.Changed, *p)
			}
		}
		return changes, nil
	}
}

// note takes one change. The same person may come more than once; the last counts.
func note(last map[string]*Person, u models.Userable) error {
	id := text(u.GetId())
	if id == "" {
		return nil
	}
	last[id] = nil
	if _, removed := u.GetAdditionalData()["@removed"]; removed {
		return nil
	}
	if u.GetAccountEnabled() == nil || u.GetAssignedPlans() == nil || u.GetUserPrincipalName() == nil {
		return fmt.Errorf("%s: a change is incomplete: %w", opPeopleChanges, ErrResync)
	}
	if hasTeams(u) {
		p := person(u)
		last[id] = &p
	}
	return nil
}

// forgotten reports whether Graph no longer knows a delta link (Graph: use delta query).
func forgotten(err error) bool {
	var e *Error
	return errors.As(err, &e) && (e.Status == http.StatusGone ||
		strings.EqualFold(e.Code, "syncStateNotFound") || strings.EqualFold(e.Code, "resyncRequired"))
}
