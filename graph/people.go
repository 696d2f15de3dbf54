package graph

import (
	"context"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"
)

// peoplePage is the number of people on one page, the most Graph gives.
const peoplePage = 999

// personFields are what is asked of a user.
const personFields = "id,displayName,userPrincipalName,mail,accountEnabled,assignedPlans,proxyAddresses"

// Person is a user of the tenant who has Teams (Graph: user resource type).
type Person struct {
	ID          string // object id
	DisplayName string
	UPN         string
	Mail        string
	// Addresses are the proxy addresses of kind SMTP, without "smtp:".
	Addresses []string
}

// People lists everybody whose account is enabled and who is licensed for Teams. It
// holds one page at a time, and of that only them. A page that fails is asked for up to four
// times. It needs the application permission User.Read.All.
func (c *Client) People(ctx context.Context) ([]Person, error) {
	var people []Person
	size, next := int32(peoplePage), ""
	first := &users.UsersRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.UsersRequestBuilderGetQueryParameters{
			Select: strings.Split(personFields, ","),
			Top:    &size,
		},
	}
	for {
		got, err := page(ctx, c, opPeople, func() (models.UserCollectionResponseable, error) {
			if next == "" {
				return c.sdk.users().Get(ctx, first)
			}
			return c.sdk.users().WithUrl(next).Get(ctx, nil)
		})
		if err != nil {
			return nil, err
		}
		for _, u := range got.GetValue() {
			if hasTeams(u) {
				people = append(people, person(u))
			}
		}
		if next = text(got.GetOdataNextLink()); next == "" {
			return people, nil
		}
	}
}

func person(u models.Userable) Person {
	p := Person{
		ID:          text(u.GetId()),
		DisplayName: text(u.GetDisplayName()),
		UPN:         text(u.GetUserPrincipalName()),
		Mail:        text(u.GetMail()),
	}
	for _, a := range u.GetProxyAddresses() {
		if kind, address, ok := strings.Cut(a, ":"); ok && strings.EqualFold(kind, "smtp") {
			p.Addresses = append(p.Addresses, address)
		}
	}
	return p
}

// hasTeams looks at the plans here and not in a filter, because the filter knows
// neither all plans of Teams nor licences in their grace period.
func hasTeams(u models.Userable) bool {
	if enabled := u.GetAccountEnabled(); u.GetId() == nil || enabled == nil || !*enabled {
		return false
	}
	for _, plan := range u.GetAssignedPlans() {
		if works(text(plan.GetCapabilityStatus())) && isTeams(plan) {
			return true
		}
	}
	return false
}

func works(capability string) bool {
	return strings.EqualFold(capability, "Enabled") || strings.EqualFold(capability, "Warning")
}

// isTeams reports whether the plan is one of Teams. Its service says so, or its
// id: TEAMS1 and TEAMS_GOV.
func isTeams(plan models.AssignedPlanable) bool {
	if strings.EqualFold(text(plan.GetService()), "TeamspaceAPI") {
		return true
	}
	if id := plan.GetServicePlanId(); id != nil {
		switch id.String() {
		case "57ff2da0-773e-42df-b2af-ffb7a2317929", "304767db-7d23-49e8-a945-4a7eb65f9f28":
			return true
		}
	}
	return false
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
