package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// fileValues are the values of a configuration file, by flag name.
type fileValues struct {
	file     configFile
	settings map[string]*kong.Flag
	values   map[string]any
	keys     map[string]fileKey
	wrong    []error
}

// fileError is a configuration file that cannot be used.
type fileError struct{ err error }

func (e *fileError) Error() string { return e.err.Error() }

func (e *fileError) Unwrap() error { return e.err }

// readConfig reads a file. Everything that is wrong with its keys is named at once, in a [fileError].
func readConfig(file configFile) (*fileValues, error) {
	data, err := os.ReadFile(file.name)
	if err != nil {
		return nil, &fileError{fmt.Errorf("configuration: %w", err)}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, &fileError{fmt.Errorf("configuration %s: %w", file, err)}
	}
	f := &fileValues{file: file, settings: map[string]*kong.Flag{}, values: map[string]any{}, keys: map[string]fileKey{}}
	for _, flag := range settings(&config{}) {
		f.settings[flag.Name] = flag
	}
	delete(f.settings, "config")
	if len(doc.Content) > 0 {
		f.add("", doc.Content[0])
	}
	if len(f.wrong) > 0 {
		return nil, &fileError{errors.Join(f.wrong...)}
	}
	return f, nil
}

// add takes the keys of a mapping, which stand below a prefix.
func (f *fileValues) add(prefix string, node *yaml.Node) {
	if node.Kind != yaml.MappingNode {
		f.refuse(node.Line, "expected keys with values")
		return
	}
	for i := 0; i < len(node.Content); i += 2 {
		value := node.Content[i+1]
		key := fileKey{prefix + node.Content[i].Value, node.Content[i].Line}
		name := flagName(key.spelt)
		setting := f.settings[name]
		before, twice := f.keys[name]
		switch {
		case value.Kind == yaml.MappingNode && len(value.Content) > 0 && (setting == nil || !severalValues(setting)):
			f.add(key.spelt+".", value)
		case setting == nil:
			f.refuse(key.line, "there is no key %s%s", key.spelt, f.hint(key))
		case twice:
			f.refuse(key.line, "%s stands there twice, in line %d as well", key.spelt, before.line)
		default:
			f.keys[name] = key
			f.values[name] = f.value(key, setting, value)
		}
	}
}

// refuse adds to what is wrong.
func (f *fileValues) refuse(line int, format string, args ...any) {
	f.wrong = append(f.wrong, fmt.Errorf("configuration %s, line %d: %s", f.file, line, fmt.Sprintf(format, args...)))
}

// severalValues reports whether a setting has a list or rows, and not one value.
func severalValues(setting *kong.Flag) bool {
	return setting.Target.Kind() == reflect.Slice || setting.Target.Kind() == reflect.Map
}

// hint names the key that may be meant.
func (f *fileValues) hint(key fileKey) string {
	if strings.HasPrefix(flagName(key.spelt)+"-", "user-") {
		return "; users is a list, such as users: [a@example.com] or users: [{upn: a@example.com, password: …}]"
	}
	return keyHint(key.spelt, maps.Keys(f.settings), keyLike)
}

// value returns the text of a setting, its rows, or its list as YAML. Nothing is taken for a
// number: a password may consist of digits. What stands there is never quoted.
func (f *fileValues) value(key fileKey, setting *kong.Flag, node *yaml.Node) any {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch {
	case node.Kind == yaml.ScalarNode && node.Tag == "!!null":
		return nil
	case node.Kind == yaml.ScalarNode:
		return node.Value
	case setting.Target.Kind() == reflect.Slice:
		text, err := yamlText(node)
		if err != nil {
			f.refuse(key.line, "%s cannot be read: %v", key.spelt, err)
		}
		return text
	case node.Kind == yaml.MappingNode && setting.Target.Kind() == reflect.Map:
		return f.rows(key, node)
	}
	f.refuse(node.Line, "%s has one value", key.spelt)
	return nil
}

func (f *fileValues) rows(key fileKey, node *yaml.Node) map[string]any {
	rows := map[string]any{}
	for i := 0; i < len(node.Content); i += 2 {
		row := node.Content[i+1]
		if row.Kind != yaml.ScalarNode {
			f.refuse(row.Line, "a row of %s has one value", key.spelt)
		}
		if _, twice := rows[node.Content[i].Value]; twice {
			f.refuse(node.Content[i].Line, "%s of %s stands there twice", node.Content[i].Value, key.spelt)
		}
		rows[node.Content[i].Value] = row.Value
	}
	return rows
}

// Validate implements [kong.Resolver].
func (f *fileValues) Validate(*kong.Application) error { return nil }

// Resolve implements [kong.Resolver]. The environment wins over the file, unless the
// variable is empty. What is not used is not looked at.
func (f *fileValues) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, env := range flag.Envs {
		if os.Getenv(env) != "" {
			return nil, nil
		}
	}
	value := f.values[flag.Name]
	if value == nil {
		return nil, nil
	}
	f.file.used[flag.Name] = f.keys[flag.Name]
	if err := understand(flag, value); err != nil {
		return nil, &settingError{f.file.place(flag.Name), f.file.spelt(flag.Name), each("is not understood", err)}
	}
	return value, nil
}

// understand refuses a value that the flag does not take.
func understand(flag *kong.Flag, value any) error {
	target := reflect.New(flag.Target.Type()).Elem()
	if target.Kind() == reflect.Map {
		target.Set(reflect.MakeMap(target.Type()))
	}
	scan := kong.Scan().PushTyped(value, kong.FlagValueToken)
	if err := flag.Mapper.Decode(&kong.DecodeContext{Value: flag.Value, Scan: scan}, target); err != nil {
		return err
	}
	if known := flag.EnumSlice(); flag.Enum != "" && !slices.Contains(known, target.String()) {
		return fmt.Errorf("%q is none of %s", target, strings.Join(known, ", "))
	}
	return nil
}
