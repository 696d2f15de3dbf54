package main

import (
	"iter"
	"reflect"
	"strings"
)

// fileKey is a key of a configuration file: as it stands there, with a dot before what is
// nested, and in which line.
type fileKey struct {
	spelt string
	line  int
}

// flagName is a key as a flag: nesting is as good as a dash, and so is an underscore.
func flagName(key string) string { return strings.NewReplacer(".", "-", "_", "-").Replace(key) }

// keyLike spells a setting in the manner of a key of a file: with dashes or underscores, and nested
// unless the key has the name of the group in it.
func keyLike(setting, key string) string {
	for _, group := range settingGroups() {
		rest, ok := strings.CutPrefix(setting, group+"-")
		if ok && (strings.Contains(key, ".") || !strings.HasPrefix(flagName(key), group+"-")) {
			return group + "." + wordsLike(rest, key)
		}
	}
	return wordsLike(setting, key)
}

// wordsLike joins the words of a name as those of a key are.
func wordsLike(name, key string) string {
	if strings.Contains(key, "-") {
		return name
	}
	return strings.ReplaceAll(name, "-", "_")
}

// settingGroups are the names under which settings may be nested.
func settingGroups() (names []string) {
	for field := range reflect.TypeFor[config]().Fields() {
		if prefix, ok := field.Tag.Lookup("prefix"); ok {
			names = append(names, strings.TrimSuffix(prefix, "-"))
		}
	}
	return names
}

// keyHint names the key that may be meant by one that there is not.
func keyHint(key string, settings iter.Seq[string], spell func(setting, key string) string) string {
	var known []string
	for setting := range settings {
		known = append(known, spell(setting, key))
	}
	return didYouMean(key, known)
}
