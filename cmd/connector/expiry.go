package main

import (
	"fmt"
	"time"
)

// expiryError says that something is about to end, or was not replaced.
type expiryError struct {
	what string // what ends, as the beginning of a sentence
	ends time.Time
	todo string
	err  error // why it was not replaced, if that was tried
}

func (e *expiryError) Error() string {
	text := fmt.Sprintf("%s ends on %s", e.what, e.ends.UTC().Format("2 Jan 2006 15:04 MST"))
	if e.err != nil {
		text += " and was not replaced: " + e.err.Error()
	}
	return text
}

func (e *expiryError) Unwrap() error { return e.err }

// Advice says what to do.
func (e *expiryError) Advice() string { return e.todo }

func until(t time.Time) string { return "until " + t.UTC().Format("2 Jan 2006") }
