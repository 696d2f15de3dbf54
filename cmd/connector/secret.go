package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
)

// secret is a setting that is never shown. In the configuration it stands as it is,
// or as file:PATH for the contents of a file.
type secret string

// UnmarshalText reads the setting.
func (s *secret) UnmarshalText(text []byte) error {
	name, isFile := strings.CutPrefix(string(text), "file:")
	if !isFile {
		*s = secret(text)
		return nil
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("secret: %w", err)
	}
	*s = secret(strings.TrimRight(string(data), "\r\n"))
	return nil
}

// String hides it.
func (s secret) String() string {
	if s == "" {
		return ""
	}
	return "(secret)"
}

// GoString hides it.
func (s secret) GoString() string { return s.String() }

// LogValue hides it.
func (s secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
