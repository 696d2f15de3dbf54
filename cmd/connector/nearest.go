package main

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"
)

// didYouMean names the nearest of the known words, where one is near.
func didYouMean(name string, known []string) string {
	for _, word := range nearest(name, known) {
		return "; did you mean " + word + "?"
	}
	return ""
}

// nearest are a few of the known names that are like a name, the likest first.
func nearest(name string, known []string) []string {
	if len(name) > 100 {
		return nil // nobody's, and long to compare
	}
	name = strings.ToLower(name)
	found := map[string]likeness{}
	for _, other := range known {
		if l, alike := likenessOf(name, strings.ToLower(other)); alike {
			found[other] = l
		}
	}
	near := slices.SortedFunc(maps.Keys(found), func(a, b string) int {
		return cmp.Or(found[a].compare(found[b]), strings.Compare(a, b))
	})
	return near[:min(len(near), 5)]
}

// likeness says how a name is like another one: the smaller, the more.
type likeness struct {
	rank int
	at   int // where the name begins in the other one
}

func (l likeness) compare(other likeness) int {
	return cmp.Or(l.rank-other.rank, l.at-other.at)
}

// likenessOf compares two names in lower case. What has the name as a word of its own goes before
// what has a word that begins with it, then comes what is spelt nearly so, and last what has it
// somewhere.
func likenessOf(name, other string) (l likeness, alike bool) {
	limit, distance := max(2, len(name)/3), levenshtein.ComputeDistance(name, other)
	at := strings.Index(other, name)
	words := strings.FieldsFunc(other, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	begins := func(word string) bool { return strings.HasPrefix(word, name) }
	long := len(name) > 2
	switch {
	case long && slices.Contains(words, name):
		return likeness{0, at}, true
	case long && (begins(other) || slices.ContainsFunc(words, begins)):
		return likeness{1, at}, true
	case other != "" && distance <= limit:
		return likeness{1 + distance, at}, true
	}
	return likeness{2 + limit, at}, long && at >= 0
}
