package presence

import "errors"

// ErrRefused is matched by every error of a write that the other system has
// understood and refused: the same write again would be refused again. Any other
// error of a write is worth another try later.
var ErrRefused = errors.New("refused")

// Advice returns what an administrator has to do about err, or "" where nobody
// has to do anything. It asks the first error of the chain that has a method
// Advice() string.
func Advice(err error) string {
	var a interface {
		error
		Advice() string
	}
	if errors.As(err, &a) {
		return a.Advice()
	}
	return ""
}
