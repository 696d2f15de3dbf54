package main

import "fmt"

// settingError says what is wrong with a setting, and where that stands.
type settingError struct {
	place string // as the beginning of a sentence
	key   string
	err   error // what comes after the key
}

func (e *settingError) Error() string { return fmt.Sprintf("%s: %s %v", e.place, e.key, e.err) }

func (e *settingError) Unwrap() error { return e.err }

// wrong is the error of a setting that has a value: what comes after its key.
func (c config) wrong(key, format string, args ...any) error {
	return &settingError{c.Config.place(key), key, fmt.Errorf(format, args...)}
}

// missing is the error of a setting without a value.
func (c config) missing(key, why string) error {
	place := "configuration"
	if c.Config.name != "" {
		place += " " + c.Config.name
	}
	return &settingError{place, key, fmt.Errorf("is missing: %s", why)}
}
