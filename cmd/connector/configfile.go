package main

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"go.yaml.in/yaml/v3"
)

// configFile is the flag that names the configuration file. The file is read before
// the other flags get their values.
type configFile struct {
	name  string
	lines map[string]int // by flag name: where the values in use stand
}

// UnmarshalText takes the name.
func (f *configFile) UnmarshalText(text []byte) error {
	*f = configFile{name: string(text), lines: map[string]int{}}
	return nil
}

// String is the name.
func (f configFile) String() string { return f.name }

// place says where the value of a key stands, or those of a group of keys, as the beginning of
// an error. It names the file only where the value came from there.
func (f configFile) place(key string) string {
	if line, ok := f.lines[key]; ok {
		return fmt.Sprintf("configuration %s, line %d", f.name, line)
	}
	first := 0
	for name, line := range f.lines {
		if strings.HasPrefix(name, key+"-") && (first == 0 || line < first) {
			first = line
		}
	}
	if first > 0 {
		return fmt.Sprintf("configuration %s, from line %d", f.name, first)
	}
	return "configuration"
}

// BeforeResolve reads the file.
func (f configFile) BeforeResolve(k *kong.Kong, ctx *kong.Context, trace *kong.Path) error {
	file, ok := ctx.FlagValue(trace.Flag).(configFile)
	if !ok || file.name == "" {
		return nil
	}
	values, err := readConfig(file)
	if err != nil {
		return err
	}
	if err := values.check(); err != nil {
		return err
	}
	ctx.AddResolver(values)
	return nil
}

// fileValues are the values of a configuration file by flag name. Nested keys are
// joined by a dash, and an underscore is as good as one.
type fileValues struct {
	file   configFile
	values map[string]any
	lines  map[string]int
}

func readConfig(file configFile) (*fileValues, error) {
	data, err := os.ReadFile(file.name)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", file, err)
	}
	f := &fileValues{file: file, values: map[string]any{}, lines: map[string]int{}}
	if len(doc.Content) == 0 {
		return f, nil
	}
	return f, f.add("", doc.Content[0])
}

// listKeys are the keys that may have a list, which is read by the type of the setting.
var listKeys = []string{"users", "groups"}

// rowKeys are the keys whose value is a map, so that what is below them are rows.
var rowKeys = []string{"tables-to-pbx", "tables-to-teams"}

func (f *fileValues) add(prefix string, node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return fmt.Errorf("configuration %s, line %d: expected keys with values", f.file, node.Line)
	}
	for i := 0; i < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		name := prefix + strings.ReplaceAll(key.Value, "_", "-")
		if _, twice := f.lines[name]; twice {
			return fmt.Errorf("configuration %s, line %d: %s stands there twice", f.file, key.Line, name)
		}
		f.lines[name] = key.Line
		if value.Kind == yaml.MappingNode && !slices.Contains(rowKeys, name) {
			delete(f.lines, name)
			if err := f.add(name+"-", value); err != nil {
				return err
			}
			continue
		}
		v, err := f.value(name, value)
		if err != nil {
			return err
		}
		f.values[name] = v
	}
	return nil
}

// value returns the text of a key, the rows of one that has rows, or a list as YAML. Nothing is taken
// for a number: a password may consist of digits. What stands there is never quoted.
func (f *fileValues) value(name string, node *yaml.Node) (any, error) {
	if node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch {
	case node.Kind == yaml.SequenceNode && slices.Contains(listKeys, name):
		return yamlText(node)
	case node.Kind == yaml.ScalarNode && node.Tag == "!!null":
		return nil, nil
	case node.Kind == yaml.ScalarNode:
		return node.Value, nil
	case node.Kind == yaml.MappingNode:
		rows := map[string]any{}
		for i := 0; i < len(node.Content); i += 2 {
			row := node.Content[i+1]
			if row.Kind != yaml.ScalarNode {
				return nil, fmt.Errorf("configuration %s, line %d: a row of %s has one value", f.file, row.Line, name)
			}
			rows[node.Content[i].Value] = row.Value
		}
		return rows, nil
	}
	return nil, fmt.Errorf("configuration %s, line %d: %s has one value", f.file, node.Line, name)
}

// Validate implements [kong.Resolver].
func (f *fileValues) Validate(*kong.Application) error { return nil }

// check refuses a key that is no setting, and names the nearest one.
func (f *fileValues) check() error {
	known := slices.DeleteFunc(settingNames(), func(name string) bool { return name == "config" })
	for _, name := range slices.Sorted(maps.Keys(f.values)) {
		if !slices.Contains(known, name) {
			hint := didYouMean(name, known)
			if strings.HasPrefix(name, "user-") || strings.HasPrefix(name, "users-") {
				hint = "; users is a list, such as users: [a@example.com] or users: [{upn: a@example.com, password: …}]"
			}
			return fmt.Errorf("configuration %s, line %d: there is no key %s%s", f.file, f.lines[name], name, hint)
		}
	}
	return nil
}

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
	f.file.lines[flag.Name] = f.lines[flag.Name]
	if err := understand(flag, value); err != nil {
		return nil, &settingError{f.file.place(flag.Name), flag.Name, fmt.Errorf("is not understood: %w", err)}
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
