package graphtest

import "maps"

// Record is record.
func Record(history []int, entry int) []int { return record(history, entry, historyLimit) }

// ParseDuration is parseDuration.
var ParseDuration = parseDuration

// Passes reports whether a person passes a filter, and whether the filter was understood.
func Passes(filter string, u User) (passes, ok bool) {
	one, _, err := parseFilter(filter)
	if err != nil {
		return false, false
	}
	return one(&person{User: u}), true
}

// Watched returns the ids that a resource names, and whether it was understood.
func Watched(resource string) ([]string, bool) {
	_, ids, ok := parseResource(resource)
	var all []string
	for id := range maps.Keys(ids) {
		all = append(all, id)
	}
	return all, ok
}

// DeltaToken decodes a token and encodes it again.
func DeltaToken(token string) (string, bool) {
	state, ok := parseDelta(token)
	return state.token(), ok
}
