package graphtest

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const teamsPlan = "57ff2da0-773e-42df-b2af-ffb7a2317929"

func normal(id string) string { return strings.ToLower(id) }

// mayReadUsers is asked before every read of the directory but /me.
func (c *call) mayReadUsers() error {
	if !c.may("User.Read.All", "User.ReadWrite.All", "Directory.Read.All") {
		return fail(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
	}
	return nil
}

func (s *Server) getUser(c *call) (int, any, error) {
	id := cmp.Or(c.PathValue("id"), c.object)
	me := c.PathValue("id") == ""
	if me && !c.person {
		return 0, nil, badRequest("/me request is only valid with delegated authentication flow.")
	}
	if err := c.mayReadUsers(); err != nil && !(me && c.may("User.Read")) {
		return 0, nil, err
	}
	fields, err := selected(c.URL.Query())
	if err != nil {
		return 0, nil, err
	}
	s.begin()
	defer s.mu.Unlock()
	p := s.find(id)
	if p == nil {
		return 0, nil, fail(http.StatusNotFound, "Request_ResourceNotFound",
			"Resource '%s' does not exist or one of its queried reference-property objects are not present.", id)
	}
	body := p.userJSON(fields)
	body["@odata.context"] = s.context("users/$entity")
	return http.StatusOK, body, nil
}

func (s *Server) listUsers(c *call) (int, any, error) {
	if err := c.mayReadUsers(); err != nil {
		return 0, nil, err
	}
	query := c.URL.Query()
	fields, err := selected(query)
	if err != nil {
		return 0, nil, err
	}
	filter, advanced, err := parseFilter(query.Get("$filter"))
	if err != nil {
		return 0, nil, err
	}
	counted := query.Get("$count") == "true"
	eventual := strings.EqualFold(c.Header.Get("ConsistencyLevel"), "eventual")
	if advanced && (!counted || !eventual) {
		return 0, nil, fail(http.StatusBadRequest, "Request_UnsupportedQuery", "Property 'assignedPlans' is not supported for this query without the header ConsistencyLevel: eventual and $count=true.")
	}
	size, err := s.pageSize(query)
	if err != nil {
		return 0, nil, err
	}
	from, err := skipped(query)
	if err != nil {
		return 0, nil, err
	}

	s.begin()
	defer s.mu.Unlock()
	body := map[string]any{"@odata.context": s.context("users")}
	value, count := make([]any, 0, size), 0
	for _, p := range s.people {
		if p.removed != "" || !filter(p) {
			continue
		}
		count++
		switch {
		case p.index < from:
		case len(value) < size:
			value = append(value, p.userJSON(fields))
		case body["@odata.nextLink"] == nil:
			body["@odata.nextLink"] = s.nextLink("/users", query, p.index)
		}
	}
	body["value"] = value
	if counted && eventual {
		body["@odata.count"] = count
	}
	return http.StatusOK, body, nil
}

func (s *Server) pageSize(query url.Values) (int, error) {
	if !query.Has("$top") {
		return s.o.Page, nil
	}
	size, err := strconv.Atoi(query.Get("$top"))
	if err != nil || size < 1 || size > maxPage {
		return 0, fail(http.StatusBadRequest, "Request_BadRequest", "Invalid page size specified: '%s'. Must be between 1 and %d inclusive.", query.Get("$top"), maxPage)
	}
	return size, nil
}

// skipped reads the $skiptoken that nextLink writes.
func skipped(query url.Values) (int, error) {
	if !query.Has("$skiptoken") {
		return 0, nil
	}
	from, err := strconv.ParseUint(query.Get("$skiptoken"), 36, 31)
	if err != nil {
		return 0, fail(http.StatusBadRequest, "Request_BadRequest", "The skip token is invalid.")
	}
	return int(from), nil
}

// nextLink repeats a query for the page that begins with entry from. Called with mu held.
func (s *Server) nextLink(path string, query url.Values, from int) string {
	next := url.Values{}
	for name, values := range query {
		next[name] = values
	}
	next.Set("$skiptoken", strconv.FormatInt(int64(from), 36))
	return s.graphURL() + path + "?" + encodeQuery(next)
}

// encodeQuery leaves the dollar of OData options readable, as Graph does.
func encodeQuery(query url.Values) string {
	return strings.ReplaceAll(query.Encode(), "%24", "$")
}

// selected returns the properties that a query asks for, id always among them.
func selected(query url.Values) ([]string, error) {
	list := query.Get("$select")
	if list == "" {
		return []string{
			"id", "businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone",
			"officeLocation", "preferredLanguage", "surname", "userPrincipalName",
		}, nil
	}
	known := new(person).properties()
	fields := []string{"id"}
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if _, ok := known[name]; !ok {
			return nil, badRequest("Could not find a property named '%s' on type 'microsoft.graph.user'.", name)
		}
		if !slices.Contains(fields, name) {
			fields = append(fields, name)
		}
	}
	return fields, nil
}

func (p *person) userJSON(fields []string) map[string]any {
	all := p.properties()
	body := make(map[string]any, len(fields)+1)
	for _, name := range fields {
		body[name] = all[name]
	}
	return body
}
