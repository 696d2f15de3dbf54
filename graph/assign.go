package graph

import (
	"cmp"
	"slices"
	"strings"
)

// seat is what a communication user had to do with the assignment before.
type seat struct {
	members []string // in lower case
	out     bool     // cannot sign in
}

// assign divides the people among seats of PushLimit each. Whoever had a seat keeps
// it, unless its user is out and there is room elsewhere. Who is new goes where the list
// changes anyway, then where there is most room, so that few lists change: each costs a
// new subscription. Where nobody had a seat, all get equal parts. The lists are in lower case and sorted; those there is no room for are
// left over, in the order of people.
func assign(before []seat, people []string) (after [][]string, over []string) {
	after = make([][]string, len(before))
	open := make(map[string]bool, len(people))
	for _, p := range people {
		open[strings.ToLower(p)] = true
	}
	keep := func(i int) {
		for _, m := range before[i].members {
			if open[m] && len(after[i]) < PushLimit {
				delete(open, m)
				after[i] = append(after[i], m)
			}
		}
	}
	var in []int
	for i, s := range before {
		if !s.out {
			in = append(in, i)
			keep(i)
		}
	}
	limit := PushLimit
	if len(in) > 0 && !slices.ContainsFunc(before, func(s seat) bool { return len(s.members) > 0 }) {
		limit = min(limit, (len(open)+len(in)-1)/len(in))
	}
	changes := func(i int) int {
		if len(after[i]) != len(before[i].members) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(in, func(a, b int) int {
		return cmp.Or(changes(a)-changes(b), len(after[a])-len(after[b]))
	})
	for _, p := range people {
		p = strings.ToLower(p)
		if !open[p] {
			continue
		}
		for len(in) > 0 && len(after[in[0]]) >= limit {
			in = in[1:]
		}
		if len(in) == 0 {
			break
		}
		delete(open, p)
		after[in[0]] = append(after[in[0]], p)
	}
	for i, s := range before {
		if s.out {
			keep(i)
		}
	}
	for _, p := range people {
		if p = strings.ToLower(p); open[p] {
			delete(open, p)
			over = append(over, p)
		}
	}
	for _, members := range after {
		slices.Sort(members)
	}
	return after, over
}
