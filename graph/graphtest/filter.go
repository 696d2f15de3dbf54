package graphtest

import (
	"net/http"
	"slices"
	"strings"
)

// predicate says whether a person passes a $filter.
type predicate func(*person) bool

// parseFilter understands conjunctions of
//
//	accountEnabled eq true
//	userType eq 'Guest'
//	assignedPlans/any(a:a/servicePlanId eq <guid> and a/capabilityStatus eq 'Enabled')
//
// the last with any of servicePlanId, service and capabilityStatus. That one is an
// advanced query. Whatever else Graph could do with a filter is refused.
func parseFilter(filter string) (_ predicate, advanced bool, _ error) {
	var all []predicate
	for rest := strings.TrimSpace(filter); rest != ""; {
		var term string
		term, rest = cutTerm(rest)
		var one predicate
		lambda, isPlans := strings.CutPrefix(term, "assignedPlans/any(")
		if isPlans {
			one = plansAny(lambda)
			advanced = true
		} else {
			one = property(term)
		}
		if one == nil {
			return nil, false, fail(http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified for resource 'User': '%s'.", term)
		}
		all = append(all, one)
	}
	return func(p *person) bool {
		return !slices.ContainsFunc(all, func(one predicate) bool { return !one(p) })
	}, advanced, nil
}

// cutTerm splits a conjunction at its first "and" outside parentheses.
func cutTerm(filter string) (term, rest string) {
	depth := 0
	for i, r := range filter {
		switch {
		case r == '(':
			depth++
		case r == ')':
			depth--
		case depth == 0 && strings.HasPrefix(filter[i:], " and "):
			return strings.TrimSpace(filter[:i]), strings.TrimSpace(filter[i+len(" and "):])
		}
	}
	return filter, ""
}

// comparison reads "name eq value", the value with or without quotes.
func comparison(term string) (name, value string, ok bool) {
	parts := strings.Fields(term)
	if len(parts) != 3 || parts[1] != "eq" || strings.ContainsAny(parts[2], "()") {
		return "", "", false
	}
	return parts[0], strings.Trim(parts[2], "'"), true
}

func property(term string) predicate {
	name, value, _ := comparison(term)
	switch {
	case name == "accountEnabled" && (value == "true" || value == "false"):
		return func(p *person) bool { return p.Disabled == (value == "false") }
	case name == "userType" && (value == "Member" || value == "Guest"):
		return func(p *person) bool { return p.Guest == (value == "Guest") }
	default:
		return nil
	}
}

// plansAny reads what follows "assignedPlans/any(".
func plansAny(lambda string) predicate {
	lambda, closed := strings.CutSuffix(lambda, ")")
	variable, body, ok := strings.Cut(lambda, ":")
	if !ok || !closed {
		return nil
	}
	want := map[string]string{}
	for term := range strings.SplitSeq(body, " and ") {
		name, value, ok := comparison(term)
		name, scoped := strings.CutPrefix(name, variable+"/")
		if !ok || !scoped || name != "servicePlanId" && name != "service" && name != "capabilityStatus" {
			return nil
		}
		want[name] = value
	}
	return func(p *person) bool {
		return slices.ContainsFunc(p.plans(), func(a plan) bool {
			fits := func(name, have string) bool {
				value, asked := want[name]
				return !asked || strings.EqualFold(have, value)
			}
			return fits("servicePlanId", a.ID) && fits("service", a.Service) && fits("capabilityStatus", a.Status)
		})
	}
}
