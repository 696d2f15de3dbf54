package graphtest

import "cmp"

// properties is the user resource in full. Those the simulator does not keep are null or empty.
func (p *person) properties() map[string]any {
	userType := "Member"
	if p.Guest {
		userType = "Guest"
	}
	return map[string]any{
		"id":                p.ID,
		"displayName":       p.DisplayName,
		"userPrincipalName": p.UPN,
		"mail":              orNull(p.Mail),
		"proxyAddresses":    append([]string{}, p.Addresses...),
		"accountEnabled":    !p.Disabled,
		"userType":          userType,
		"assignedPlans":     p.plans(),
		"businessPhones":    []string{},
		"givenName":         nil, "surname": nil, "jobTitle": nil, "mobilePhone": nil, "officeLocation": nil,
		"preferredLanguage": nil, "employeeId": nil, "department": nil, "onPremisesExtensionAttributes": nil,
	}
}

type plan struct {
	Assigned string `json:"assignedDateTime"`
	Status   string `json:"capabilityStatus"`
	Service  string `json:"service"`
	ID       string `json:"servicePlanId"`
}

func (p *person) plans() []plan {
	if !p.Teams {
		return []plan{}
	}
	return []plan{{
		Assigned: "2026-01-02T03:04:05Z", Status: cmp.Or(p.PlanStatus, "Enabled"),
		Service: "TeamspaceAPI", ID: teamsPlan,
	}}
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
