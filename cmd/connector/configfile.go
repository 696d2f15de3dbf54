package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// configFile is the flag that names the configuration file. The file is read before
// the other flags get their values.
type configFile struct {
	name string
	used map[string]fileKey // by flag name: where the values in use stand
}

// UnmarshalText takes the name.
func (f *configFile) UnmarshalText(text []byte) error {
	*f = configFile{name: string(text), used: map[string]fileKey{}}
	return nil
}

// String is the name.
func (f configFile) String() string { return f.name }

// place says where the value of a setting stands, or those of a group of settings, as the beginning
// of an error. It names the file only where the value came from there.
func (f configFile) place(setting string) string {
	if key, ok := f.used[setting]; ok {
		return fmt.Sprintf("configuration %s, line %d", f.name, key.line)
	}
	first := 0
	for name, key := range f.used {
		if strings.HasPrefix(name, setting+"-") && (first == 0 || key.line < first) {
			first = key.line
		}
	}
	if first > 0 {
		return fmt.Sprintf("configuration %s, from line %d", f.name, first)
	}
	return "configuration"
}

// spelt is a setting as its key stands in the file, where its value came from there.
func (f configFile) spelt(setting string) string {
	if key, ok := f.used[setting]; ok {
		return key.spelt
	}
	return setting
}

// key is a setting as somebody would give it: as a key, where there is a file, or else as a flag.
func (f configFile) key(setting string) string {
	if f.name == "" {
		return setting
	}
	return keyLike(setting, "")
}

// keys are settings as they stand in the file, or would.
func (f configFile) keys(settings []string) (keys []string) {
	for _, setting := range settings {
		if key, ok := f.used[setting]; ok {
			keys = append(keys, key.spelt)
		} else {
			keys = append(keys, f.key(setting))
		}
	}
	return keys
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
	ctx.AddResolver(values)
	return nil
}
