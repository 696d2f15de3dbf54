package main

import (
	"errors"
	"fmt"
	"strings"
)

// settingError says what is wrong with a setting, and where that stands: a line for each error
// that is joined in it.
type settingError struct {
	place string // as the beginning of a sentence
	key   string
	err   error // what comes after the key
}

func (e *settingError) Error() string {
	begin := e.place + ": " + e.key + " "
	return begin + strings.ReplaceAll(e.err.Error(), "\n", "\n"+begin)
}

func (e *settingError) Unwrap() error { return e.err }

// wrong is the error of a setting that has a value: what comes after its key.
func (c config) wrong(setting, format string, args ...any) error {
	return &settingError{c.Config.place(setting), c.Config.spelt(setting), fmt.Errorf(format, args...)}
}

// missing is the error of a setting without a value.
func (c config) missing(setting, why string) error {
	place := "configuration"
	if c.Config.name != "" {
		place += " " + c.Config.name
	}
	return &settingError{place, c.Config.key(setting), fmt.Errorf("is missing: %s", why)}
}

// each says of every error that is joined in err what it is about.
func each(about string, err error) error {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return fmt.Errorf("%s: %w", about, err)
	}
	var all []error
	for _, one := range joined.Unwrap() {
		all = append(all, each(about, one))
	}
	return errors.Join(all...)
}
