package main

import (
	"errors"
	"log/slog"
	"os"
	"strings"
)

// secret is a setting that is never shown. In the configuration it stands as it is,
// or as file:PATH for the contents of a file. Only who uses it has to be able to read that.
type secret struct {
	text string
	err  error // why the file could not be read
}

// UnmarshalText reads the setting.
func (s *secret) UnmarshalText(text []byte) error {
	name, isFile := strings.CutPrefix(string(text), "file:")
	if !isFile {
		*s = secret{text: string(text)}
		return nil
	}
	data, err := os.ReadFile(name)
	*s = secret{strings.TrimRight(string(data), "\r\n"), err}
	return nil
}

// empty reports that there is no secret.
func (s secret) empty() bool { return s.text == "" }

// String hides it.
func (s secret) String() string {
	if s.empty() {
		return ""
	}
	return "(secret)"
}

// GoString hides it.
func (s secret) GoString() string { return s.String() }

// LogValue hides it.
func (s secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// secretsRead refuses secrets whose files cannot be read.
func (c config) secretsRead() error {
	var wrong []error
	for _, flag := range settings(&c) {
		if s, ok := flag.Target.Interface().(secret); ok && s.err != nil {
			wrong = append(wrong, c.wrong(flag.Name, "cannot be read: %w", s.err))
		}
	}
	for _, user := range c.Users {
		if err := user.Password.err; err != nil {
			wrong = append(wrong, c.wrong("users", "cannot be used, %s: the password cannot be read: %w", user.UPN, err))
		}
	}
	return errors.Join(wrong...)
}
