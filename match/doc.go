// Package match finds out which Teams user and which PBX user are the same person.
// It is pure: two lists go in, a report comes out.
//
// A [Matcher] asks its rules in order. A [Rule] gives every person some keys, and
// two persons with a key in common are candidates for each other:
//
//	rule       a Teams user has            a PBX user has
//	id         a row of an explicit table: ByTable
//	address    UPN, mail, proxy addresses  e-mail addresses
//	name       display name                Long Name (cn)
//
// # What a rule decides
//
// Take the persons that no earlier rule has decided about and tie candidates
// together. A knot of one Teams user and one PBX user is a match. A larger knot is
// ambiguous: nothing is decided for anybody in it, now or by a later rule, and the
// report names them all together with the keys that tie them. Persons in no knot go
// on to the next rule.
//
// So the order of the input decides nothing, and a person who has nothing in common
// with the others changes nothing for them.
//
// # How words are compared
//
// Names, and the cells of a table, are compared after Unicode normalisation (NFKC),
// full case folding, trimming and folding of inner white space. A composed ü is a
// decomposed one, a no-break space is a space, and "WEISS" is "Weiß"; but "Mueller"
// is not "Müller". Case folding knows no language: the Turkish dotless ı is not an
// i, though the capital I is, and İ is an i with a dot above. Addresses are compared
// the same way.
package match
