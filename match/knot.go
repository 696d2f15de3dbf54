package match

// knot is the people tied together by keys of a rule, directly or over others: at
// least one on each side.
type knot struct {
	keys  []string
	teams []TeamsUser
	pbx   []PBXUser
}

// tie returns the knots that a rule makes of people, and the people in none of them,
// in the order given. A key costs one step for each person who has it, not for each
// pair.
func tie(rule Rule, teams []TeamsUser, pbx []PBXUser) (knots []*knot, freeTeams []TeamsUser, freePBX []PBXUser) {
	owners := map[string][]int{} // The PBX users that have a key.
	for i, p := range pbx {
		for _, key := range rule.PBX(p) {
			if key != "" {
				owners[key] = append(owners[key], i)
			}
		}
	}

	// The nodes of the forest are the PBX users, then the Teams users.
	people := newForest(len(pbx) + len(teams))
	shared := make([][]string, len(teams))
	for i, t := range teams {
		for _, key := range rule.Teams(t) {
			if len(owners[key]) == 0 {
				continue
			}
			shared[i] = append(shared[i], key)
			for _, owner := range owners[key] {
				people.join(len(pbx)+i, owner)
			}
			owners[key] = owners[key][:1] // The others are joined to this one by now.
		}
	}

	byRoot := map[int]*knot{}
	for i, t := range teams {
		if shared[i] == nil {
			freeTeams = append(freeTeams, t)
			continue
		}
		root := people.root(len(pbx) + i)
		k := byRoot[root]
		if k == nil {
			k = &knot{}
			byRoot[root] = k
			knots = append(knots, k)
		}
		k.teams = append(k.teams, t)
		k.keys = append(k.keys, shared[i]...)
	}
	for i, p := range pbx {
		if k := byRoot[people.root(i)]; k != nil {
			k.pbx = append(k.pbx, p)
		} else {
			freePBX = append(freePBX, p)
		}
	}
	return knots, freeTeams, freePBX
}

// forest is sets of nodes; each node points to one nearer to the root of its set.
type forest []int

func newForest(nodes int) forest {
	f := make(forest, nodes)
	for i := range f {
		f[i] = i
	}
	return f
}

func (f forest) root(node int) int {
	for f[node] != node {
		f[node] = f[f[node]]
		node = f[node]
	}
	return node
}

func (f forest) join(a, b int) { f[f.root(a)] = f.root(b) }
