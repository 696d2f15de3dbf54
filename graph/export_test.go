package graph

// DecodeBulk is decodeBulk.
var DecodeBulk = decodeBulk

// Difference returns what a feed makes of read after read of the same people: how many
// differences it passes on.
func Difference(users []string) func(read []Presence) int {
	b, passed := newBoard(), 0
	b.watch(users)
	b.open(func(Presence) { passed++ })
	asked := make([]question, len(users))
	for i, user := range users {
		asked[i] = question{b.people[user], user, 0}
	}
	return func(read []Presence) int {
		before := passed
		b.answer(asked, read)
		return passed - before
	}
}
