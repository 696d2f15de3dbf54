package match

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// fold returns the form in which words are compared.
func fold(s string) string {
	if isASCII(s) {
		s = strings.ToLower(s)
	} else {
		// Folding takes letters apart that the second normalisation puts together.
		s = norm.NFKC.String(cases.Fold().String(norm.NFKD.String(s)))
	}
	return strings.Join(strings.Fields(s), " ")
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
